/** A lycée of simulated PCs on virtual time, with a store, a source that commits, and loops that can be killed. */
import type { ExecutionContext } from 'ava'
import { type Archive, createArchive } from '../../providers/simulated/archive.ts'
import { createVirtualClock, type VirtualClock } from '../../providers/simulated/clock.ts'
import { type Faults, noFaults } from '../../providers/simulated/faults.ts'
import { createMortality, type Mortality } from '../../providers/simulated/mortality.ts'
import { SimulatedPc } from '../../providers/simulated/pc.ts'
import { createSimulatedProvider } from '../../providers/simulated/provider.ts'
import { createRandom } from '../../providers/simulated/random.ts'
import { createLoop, type Loop, type LoopConfig } from '../../reconciler/loop/loop.ts'
import type { LoopParts } from '../../reconciler/loop/loop-parts.ts'
import type { LoopProgress } from '../../reconciler/loop/progress.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Compiled, Provider, Random, Source } from '../../reconciler/ports.ts'
import { openStore } from '../../reconciler/store/open.ts'
import type { Store } from '../../reconciler/store/store.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Revision } from '../../specs/ids.ts'

/** Tuesday 13 October 2026, 10:00 in Paris. */
export const morning = Date.parse('2026-10-13T08:00:00Z')

export type World = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly archive: Archive
  readonly pcs: ReadonlyMap<MachineId, SimulatedPc>
  readonly store: Store
  readonly faults: { current: Faults }
  readonly progress: LoopProgress[]
  /** Makes this the source's newest revision; undefined: one that does not compile. */
  commit(revision: string, desired: Desired | undefined): void
  pc(id: string): SimulatedPc
  loop(owner: string, config?: Partial<LoopConfig>): Alive
  /** Runs one loop until it says that it is done. */
  once(owner: string, config?: Partial<LoopConfig>): Promise<'converged' | 'blocked'>
}

/** A loop in a process of its own, so to speak: `kill` is `kill -9`. */
export type Alive = {
  readonly loop: Loop
  readonly mortality: Mortality
  run(): void
  /** Lets go in an orderly way. */
  stop(): Promise<void>
  kill(): void
}

export type WorldParts = {
  readonly seed: number
  readonly ids: readonly string[]
  readonly archive?: Readonly<Record<string, readonly string[]>>
  readonly installed?: Readonly<Record<string, string>>
  /** Packages in each image, by manifest. */
  readonly images?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly wrapStore?: (store: Store) => Store
  readonly awaited?: LoopParts['awaited']
  /** The source never tells of a new revision. */
  readonly deaf?: boolean
}

/** A `once` that takes longer, in virtual time, does not end. */
const onceLimitMs = 8 * 3_600_000

export const defaultConfig: LoopConfig = {
  passEveryMs: 60_000,
  observeEveryMs: 120_000,
  freshMs: 600_000,
  observeConcurrency: 8,
  actor: 'loop',
}

export const createWorld = async (t: ExecutionContext, parts: WorldParts): Promise<World> => {
  const clock = createVirtualClock(morning)
  const random = createRandom(parts.seed)
  const archive = createArchive(parts.archive ?? {})
  const pcs = new Map<MachineId, SimulatedPc>()
  for (const id of parts.ids as readonly MachineId[])
    pcs.set(
      id,
      new SimulatedPc({
        id,
        clock,
        random,
        archive,
        installed: parts.installed ?? {},
        images: parts.images ?? {},
      }),
    )
  const faults = { current: noFaults }
  const provider = createSimulatedProvider({ clock, random, pcs, faults: () => faults.current })
  const opened = await openStore('sqlite::memory:')
  t.teardown(() => opened.close())
  const store = parts.wrapStore?.(opened) ?? opened
  const progress: LoopProgress[] = []
  const source = createTestSource(parts.deaf ?? false)

  const loop = (owner: string, config: Partial<LoopConfig> = {}): Alive => {
    const mortality = createMortality()
    const made = createLoop({
      store: mortality.wrap(store),
      provider: mortality.wrap<Provider>(provider),
      source,
      clock,
      random,
      ...(parts.awaited === undefined ? {} : { awaited: parts.awaited }),
      owner,
      config: { ...defaultConfig, ...config },
      onProgress: (one) => progress.push(one),
    })
    const stopping = new AbortController()
    let running: Promise<void> = Promise.resolve()
    return {
      loop: made,
      mortality,
      run: () => {
        running = made.run(stopping.signal)
      },
      stop: async () => {
        stopping.abort()
        await clock.until(running)
      },
      kill: () => mortality.die(),
    }
  }

  return {
    clock,
    random,
    archive,
    pcs,
    store,
    faults,
    progress,
    commit: source.commit,
    pc: (id) => {
      const pc = pcs.get(id as MachineId)
      if (!pc) throw new Error(`no PC ${id}`)
      return pc
    },
    loop,
    once: (owner, config) =>
      clock.until(loop(owner, config).loop.once(new AbortController().signal), onceLimitMs),
  }
}

type TestSource = Source & { commit(revision: string, desired: Desired | undefined): void }

const createTestSource = (deaf: boolean): TestSource => {
  let newest: Compiled | undefined
  const watchers = new Set<() => void>()
  return {
    commit: (revision, desired) => {
      newest = {
        revision: revision as Revision,
        author: 'claire',
        subject: `Commit ${revision}`,
        ...(desired ? { desired } : {}),
        diagnostics: desired ? [] : [broken],
      }
      for (const wake of watchers) wake()
    },
    read: async () => {
      if (!newest) throw new Error('there is no commit yet')
      return newest
    },
    watch: (wake) => {
      if (!deaf) watchers.add(wake)
      return async () => {
        watchers.delete(wake)
      }
    },
  }
}

const broken = {
  file: 'roles/poste.yaml',
  line: 4,
  column: 3,
  severity: 'error',
  code: 'unknown-field',
  message: { en: 'Unknown field', fr: 'Champ inconnu' },
  source: 'pakages:',
} as const
