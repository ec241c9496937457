/** How far a revision has really come: on which PCs it was tried, where it failed, and which were seen well since. */
import { differences } from '../../../providers/simulated/difference.ts'
import type { SimulatedPc } from '../../../providers/simulated/pc.ts'
import type { Happened } from '../../../providers/simulated/witness.ts'
import type { LoopProgress } from '../../../reconciler/loop/progress.ts'
import type { ActionId, Instant, MachineId } from '../../../reconciler/model/ids.ts'
import type { Desired } from '../../../specs/desired.ts'
import { isWake } from './rule.ts'

export type Tried = {
  readonly firstAt: Instant
  running: boolean
  /** The loop was told that it failed. */
  failedAt?: Instant | undefined
  /** It was read, and was as wanted, after its last action had ended. */
  seenWellAt?: Instant | undefined
  /** The same, before the action that was started last. */
  wellBefore?: Instant | undefined
}

export type TrueProgress = {
  readonly tried: ReadonlyMap<MachineId, Tried>
  /** Those of which the loop was told that they failed, and that were not seen well since. */
  readonly failed: ReadonlySet<MachineId>
  saw(happened: Happened): void
  told(progress: LoopProgress): void
  /** Another revision, or the same anew: what was tried before does not count. `mayHave`: it brings something to the machine, whose wave is open. */
  begin(next: Desired, mayHave: (machine: MachineId) => boolean): void
  /** A person has said that what failed does not count. */
  accept(): void
  /** The store is the one of `to`: what failed is found anew, and whose failure was accepted since it does not remember. */
  forget(to: Instant): void
}

export const createTrueProgress = (
  pcs: ReadonlyMap<MachineId, SimulatedPc>,
  now: () => Instant,
): TrueProgress => {
  const tried = new Map<MachineId, Tried>()
  const failed = new Set<MachineId>()
  let next: Desired | undefined
  let mayHave: (machine: MachineId) => boolean = () => false
  /** Whoever let the rollout go on has said that they do not count, whatever becomes of them. */
  const accepted = new Map<MachineId, Instant>()
  /** Of which the loop was told that they failed: what they do from then on it does not hear. */
  const givenUp = new Set<ActionId>()
  /** Interrupted once may have been somebody's hand. */
  const interrupted = new Set<MachineId>()

  const mended = (machine: MachineId, one: Tried): void => {
    one.failedAt = undefined
    failed.delete(machine)
  }

  const looked = (machine: MachineId): void => {
    const one = tried.get(machine)
    const pc = pcs.get(machine)
    const wanted = next?.machines.get(machine)
    if (!one || one.running || one.seenWellAt !== undefined || !pc || !wanted) return
    if (differences(pc, wanted).length > 0) return
    one.seenWellAt = now()
    mended(machine, one)
  }

  const forget = (to: Instant): void => {
    for (const [machine, one] of tried) mended(machine, one)
    failed.clear()
    interrupted.clear()
    for (const [machine, at] of accepted) if (at > to) accepted.delete(machine)
  }

  return {
    tried,
    failed,
    saw: (happened) => {
      if (happened.kind === 'answered') return looked(happened.machine)
      if (isWake(happened) || !mayHave(happened.machine)) return
      const one = tried.get(happened.machine) ?? { firstAt: happened.at, running: false }
      tried.set(happened.machine, one)
      one.running = happened.kind === 'started'
      if (one.running) one.wellBefore = one.seenWellAt
      // Nothing was done: somebody had logged in.
      else if (happened.kind === 'ended' && happened.outcome?.kind === 'wrong-precondition') {
        one.seenWellAt ??= one.wellBefore
        return
      }
      // An order that was given up as lost, and arrives late: nobody can know of it before the next look.
      if (!givenUp.has(happened.action.id)) one.seenWellAt = undefined
    },
    told: (progress) => {
      if (progress.kind !== 'ended') return
      const { action, outcome } = progress
      if (outcome.kind === 'failed') givenUp.add(action.id)
      const one = tried.get(action.machine)
      if (!one) return
      if (outcome.kind === 'complete') mended(action.machine, one)
      if (outcome.kind !== 'failed' || outcome.class === 'wait') return
      const isFirstCut = outcome.reason.code === 'interrupted' && !interrupted.has(action.machine)
      if (isFirstCut) interrupted.add(action.machine)
      else if (!accepted.has(action.machine)) {
        one.failedAt = now()
        failed.add(action.machine)
      }
    },
    begin: (desired, admitted) => {
      next = desired
      mayHave = admitted
      tried.clear()
      givenUp.clear()
      forget(Number.NEGATIVE_INFINITY)
    },
    forget,
    accept: () => {
      for (const [machine, one] of tried) {
        if (failed.has(machine)) accepted.set(machine, now())
        mended(machine, one)
      }
    },
  }
}
