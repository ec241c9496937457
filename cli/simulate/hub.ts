/** The process that reconciles, with the store that it works on: it can be killed, started again, and set back to a backup. */
import type { VirtualClock } from '../../providers/simulated/clock.ts'
import { createMortality, type Mortality } from '../../providers/simulated/mortality.ts'
import { createLoop, type Loop } from '../../reconciler/loop/loop.ts'
import type { LoopConfig, LoopParts } from '../../reconciler/loop/loop-parts.ts'
import type { LoopProgress } from '../../reconciler/loop/progress.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Provider, Random, Source } from '../../reconciler/ports.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { openScratchStore, type Saved, type ScratchStore } from './scratch-store.ts'

export type HubParts = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly provider: Provider
  readonly source: Source
  readonly config: LoopConfig
  readonly images: NonNullable<LoopParts['images']>
  readonly awaited: NonNullable<LoopParts['awaited']>
  readonly hear: (progress: LoopProgress) => void
  /** Those that have started while the process was not there to hear of it, and many more: all that are on. */
  readonly areOn: () => Iterable<MachineId>
}

export type Hub = {
  store(): Store
  isAlive(): boolean
  start(): void
  /** `kill -9`: nothing that it asked for is answered any more. */
  kill(): void
  save(): Promise<Saved>
  /** With the process dead: the store is what it was when that was saved. */
  restore(saved: Saved): Promise<void>
  look(machine: MachineId): void
  wake(): void
  /** Throws what a loop threw. */
  check(): void
  stop(): Promise<void>
}

export const openHub = async (parts: HubParts): Promise<Hub> => {
  const { clock, config } = parts
  let opened: ScratchStore = await openScratchStore()
  let lives = 0
  let alive: { readonly loop: Loop; readonly mortality: Mortality } | undefined
  let stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let failure: { readonly thrown: unknown } | undefined

  const start = (): void => {
    if (alive) return
    lives += 1
    stopping = new AbortController()
    const mortality = createMortality()
    const loop = createLoop({
      store: mortality.wrap(opened.store),
      provider: mortality.wrap<Provider>(parts.provider),
      source: parts.source,
      clock,
      random: parts.random,
      owner: `hub-${lives}`,
      config,
      images: parts.images,
      awaited: parts.awaited,
      onProgress: (progress) => {
        if (!mortality.isDead()) parts.hear(progress)
      },
    })
    alive = { loop, mortality }
    for (const machine of parts.areOn()) loop.look(machine)
    running = loop.run(stopping.signal).catch((thrown: unknown) => {
      failure ??= { thrown }
    })
  }

  return {
    store: () => opened.store,
    isAlive: () => alive !== undefined,
    start,
    kill: () => {
      alive?.mortality.die()
      alive = undefined
    },
    save: () => opened.save(),
    restore: async (saved) => {
      await opened.store.close()
      opened = await openScratchStore(saved)
    },
    look: (machine) => alive?.loop.look(machine),
    wake: () => alive?.loop.wake(),
    check: () => {
      if (failure) throw failure.thrown
    },
    stop: async () => {
      stopping.abort()
      if (alive) await clock.until(running)
      alive = undefined
    },
  }
}
