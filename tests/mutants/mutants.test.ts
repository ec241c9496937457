/** Each rule is broken on purpose, and the simulated region must tell; unbroken, the same seeds are well. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { mutants } from './mutants.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const seeds = '1-14'

type Ended = { readonly code: number | null; readonly last: string }

const play = (mutant: string | undefined): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const preload = mutant === undefined ? [] : [`--import=${here('mutate.ts')}`]
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...preload, here('try-seeds.ts')],
      { env: { ...process.env, SEEDS: seeds, ...(mutant === undefined ? {} : { MUTANT: mutant }) } },
    )
    const lines: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, last: lines.at(-1) ?? '' }))
  })

test('unbroken, the seeds are well', async (t) => {
  t.timeout(10 * 60_000)
  const { code, last } = await play(undefined)
  t.is(code, 0, last)
})

test('there are ten broken rules at least', (t) => {
  t.true(mutants.length >= 10)
})

for (const { name, breaks } of mutants)
  test.serial(`it is seen when ${name}`, async (t) => {
    t.timeout(10 * 60_000)
    const { code, last } = await play(name)
    t.is(code, 1, last)
    t.true(
      breaks.some((rule) => last.includes(`: ${rule} `)),
      last,
    )
  })
