import type { Effect } from '../../specs/desired.ts'
import type { Instant, MachineId, SiteId } from './ids.ts'

/**
 * When a revision would be on the PCs, if they can be woken, nobody is logged in and nothing fails: what capacity, bandwidth,
 * windows and waves leave possible. Plain data, written out as JSON as it is.
 */
export type Forecast = {
  /** In their order; those in which nothing changes are left out. */
  readonly waves: readonly WaveForecast[]
  /** The rollout is under way and paused: all that is left of it waits for somebody to resume it. */
  readonly paused?: true
  /** How many waves the rollout has in all. */
  readonly of: number
  /** All is done that fits. Undefined: nothing is to be done. */
  readonly end?: Instant
  /** Work that fits into no window of its machines. */
  readonly misfits: readonly Misfit[]
  /** To be changed, and no time can be told. */
  readonly left: readonly LeftOver[]
  /** Nobody has seen them; they are reckoned as if they were what the revision before wants, or with their disk alone. */
  readonly assumed: readonly MachineId[]
  /** Image versions of which no size is known here, `name@version`: reckoned with a usual size, and as if they were at the lycées. */
  readonly unsized: readonly string[]
}

export type WaveForecast = {
  /** From 1. Undefined: part of no wave, since the revision asks nothing new of them: what drifted is healed at once. */
  readonly wave?: number
  readonly machines: number
  /** To be changed as well, and no time can be told: they hold the wave until its deadline, unless enough others succeed. */
  readonly outOfReach: number
  /** The earliest instant at which it may open. */
  readonly opensAt: Instant
  /** Not before somebody has approved it. */
  readonly approval: boolean
  /** When the first machine is begun. Undefined: none can be. */
  readonly from?: Instant
  /** When the last machine is through that fits. */
  readonly to?: Instant
  /** When enough of them have succeeded; the soak time goes from there. Undefined: never with those that can be reached, so it waits for a person. */
  readonly metAt?: Instant
  /** What comes over the lycées' uplinks: each image version once a lycée. Less where it is not known of some image. */
  readonly uplinkBytes: number
  /** What goes from the lycées' servers to disks. */
  readonly lanBytes: number
  /** In the order of their ids. */
  readonly lycees: readonly LyceeForecast[]
}

export type LyceeForecast = {
  readonly lycee: SiteId
  readonly machines: number
  readonly from?: Instant
  readonly to?: Instant
  readonly uplinkBytes: number
  readonly lanBytes: number
  /** Machines that are not through when the wave's deadline has passed: they follow, and hold up nobody. */
  readonly late: number
}

export type Misfit = {
  readonly machines: readonly MachineId[]
  readonly effect: Effect
  readonly neededMs: number
}

/** `paused` without an end; `held`: their lycée, after too many failures; `asleep`: off, and not to be woken; `blocked`: needs a person or a commit; `unseen`: nothing is known of it. */
export type LeftKind = 'paused' | 'held' | 'asleep' | 'blocked' | 'unseen'

export type LeftOver = { readonly kind: LeftKind; readonly machines: readonly MachineId[] }
