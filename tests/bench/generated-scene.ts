import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatePark, type ParkSize, referencePark, writePark } from './generated-park.ts'
import { type Measure, measure } from './measure.ts'

const bin = join(import.meta.dirname, '../../bin')

/** A generated park on the disk, with the state folder of a Proviseur that has seen all of its PCs. */
export type Scene = {
  readonly size: ParkSize
  readonly park: string
  readonly state: string
  readonly storeFile: string
  /** Another copy of the state, for a run that changes it. */
  readonly copyState: () => Promise<string>
  readonly dispose: () => Promise<void>
}

export async function makeScene(machines: number): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-bench-'))
  const size = referencePark(machines)
  const park = join(folder, 'park')
  const state = join(folder, 'state')
  await writePark(park, generatePark(size))
  await mkdir(state)
  await runScript('set-up.ts', [park, state])
  let copies = 0
  return {
    size,
    park,
    state,
    storeFile: join(state, 'store.db'),
    copyState: async () => {
      copies += 1
      const copy = join(folder, `state-${copies}`)
      await cp(state, copy, { recursive: true })
      return copy
    },
    dispose: () => rm(folder, { recursive: true }),
  }
}

export type RunOptions = { readonly exits?: readonly number[]; readonly compileCache?: boolean }

/** The command as a user starts it. */
export const runProviseur = (args: readonly string[], options: RunOptions = {}): Promise<Measure> =>
  run([join(bin, 'proviseur'), ...args], options)

/** A program of this folder, started by the same launcher. */
export const runScript = (
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Measure> =>
  run(
    [join(bin, 'node'), '--disable-warning=ExperimentalWarning', join(import.meta.dirname, name), ...args],
    options,
  )

const run = (
  command: readonly string[],
  { exits = [0], compileCache = true }: RunOptions,
): Promise<Measure> =>
  measure(command, {
    exits,
    env: {
      ...process.env,
      PROVISEUR_LOCALE: 'en',
      ...(compileCache ? {} : { NODE_DISABLE_COMPILE_CACHE: '1' }),
    },
  })
