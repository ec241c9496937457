import { fileURLToPath } from 'node:url'
import test from 'ava'
import { type CompileMemory, compile } from '../../specs/compile.ts'
import type { ParkFiles } from '../../specs/files.ts'
import { readFolder } from '../../specs/read-folder.ts'

const mutations = 10_000
const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_917)

/** Small, fast and repeatable: mulberry32. */
function randomFrom(state: number): (below: number) => number {
  let current = state >>> 0
  return (below) => {
    current = (current + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(current ^ (current >>> 15), current | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

type Below = (below: number) => number

const fragments = [
  'null',
  '~',
  ': ',
  '- ',
  '[',
  '{',
  '"',
  "'",
  '\t',
  '&a ',
  '*a',
  '<<: ',
  '!!int ',
  '|\n',
  '---\n',
  '__proto__',
  'é',
  '\u0000',
  '\uFEFF',
  '\r\n',
  '999999999999',
  'RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO;COUNT=3\r\n',
  ';',
  ',',
]

/** One to three changes: bytes flipped, removed or put in, lines exchanged or repeated, a piece of another file spliced in. */
function mutate(bytes: Uint8Array, other: Uint8Array, below: Below): Uint8Array {
  let current = Buffer.from(bytes)
  for (let change = below(3); change >= 0; change -= 1) current = mutateOnce(current, other, below)
  return new Uint8Array(current)
}

function mutateOnce(bytes: Buffer, other: Uint8Array, below: Below): Buffer<ArrayBuffer> {
  const at = below(bytes.length + 1)
  switch (below(6)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << below(8))
      return flipped
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(20))])
    case 2:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(fragments[below(fragments.length)] ?? ''),
        bytes.subarray(at),
      ])
    case 3: {
      const from = below(other.length + 1)
      return Buffer.concat([
        bytes.subarray(0, at),
        other.subarray(from, from + below(80)),
        bytes.subarray(at),
      ])
    }
    case 4: {
      const lines = bytes.toString('latin1').split('\n')
      const [one, two] = [below(lines.length), below(lines.length)]
      const swapped = lines.with(one, lines[two] ?? '').with(two, lines[one] ?? '')
      return Buffer.from(swapped.join('\n'), 'latin1')
    }
    default: {
      const lines = bytes.toString('latin1').split('\n')
      const line = below(lines.length)
      const indented = `${' '.repeat(below(5))}${lines[line] ?? ''}`
      return Buffer.from(lines.toSpliced(line, below(2), indented).join('\n'), 'latin1')
    }
  }
}

/** The example park, with one file of each sort that a spec can name. */
async function richPark(): Promise<Map<string, Uint8Array>> {
  const example = await readFolder(fileURLToPath(new URL('../../examples/one-room/', import.meta.url)))
  const corpus = await readFolder(fileURLToPath(new URL('./fixtures/rich/', import.meta.url)))
  return new Map([...example, ...corpus])
}

test(`${mutations} mutations of spec bytes never throw, never hang, and every error has a place (seed ${seed})`, async (t) => {
  t.timeout(120_000)
  const park = await richPark()
  t.deepEqual(
    compile(park).diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  )
  const below = randomFrom(seed)
  const paths = [...park.keys()].sort()
  // The files that a round leaves alone are read once.
  const memory: CompileMemory = new WeakMap()
  let broken = 0
  for (let round = 0; round < mutations; round += 1) {
    const path = paths[below(paths.length)] ?? ''
    const other = park.get(paths[below(paths.length)] ?? '') ?? new Uint8Array()
    const mutated = mutate(park.get(path) ?? new Uint8Array(), other, below)
    const files: ParkFiles = new Map(park).set(path, mutated)
    const what = `round ${round}, ${path}: ${JSON.stringify(Buffer.from(mutated).toString('latin1'))}`
    const wrong = misplaced(files, memory, what)
    if (wrong.errors) broken += 1
    if (wrong.complaint !== undefined) t.fail(wrong.complaint)
  }
  t.true(broken > mutations / 3, `only ${broken} mutations broke anything`)
})

function misplaced(
  files: ParkFiles,
  memory: CompileMemory,
  what: string,
): { readonly errors: boolean; readonly complaint?: string } {
  try {
    const { desired, diagnostics } = compile(files, memory)
    const errors = diagnostics.some(({ severity }) => severity === 'error')
    if (errors === (desired !== undefined))
      return { errors, complaint: `${what}: neither compiled nor refused` }
    for (const { file, line, column, message, source } of diagnostics) {
      const lines = files.has(file) ? new TextDecoder().decode(files.get(file)).split('\n') : []
      const written = lines[line - 1]?.replace(/\r$/, '') ?? ''
      const valid =
        files.has(file) &&
        Number.isInteger(line) &&
        Number.isInteger(column) &&
        line >= 1 &&
        line <= lines.length &&
        column >= 1 &&
        column <= written.length + 2 &&
        written.startsWith(source) &&
        message.en !== '' &&
        message.fr !== ''
      if (!valid)
        return { errors, complaint: `${what}: misplaced at ${file}:${line}:${column}: ${message.en}` }
    }
    return { errors }
  } catch (error) {
    return {
      errors: true,
      complaint: `${what}: threw ${error instanceof Error ? error.stack : String(error)}`,
    }
  }
}
