import type { Instant, MachineId } from '../model/ids.ts'
import type { Decision } from '../model/plan.ts'

export type Verdict = 'working' | 'fetching' | 'converged' | 'blocked'

/**
 * What is left when nothing is under way: `working` if a decision leads to something by itself before `horizon`, `fetching` if
 * nothing goes on but that an image is brought here, `blocked` if what remains needs time, a person or another look later on.
 * `looked`: whether a machine was looked at since the target moved. `leaving`: it is in the imager, and its disk has a system
 * that it starts next.
 */
export const isSettled = (
  decisions: Iterable<readonly [MachineId, Decision]>,
  horizon: Instant,
  looked: (machine: MachineId) => boolean,
  leaving: (machine: MachineId) => boolean,
): Verdict => {
  let verdict: Verdict = 'converged'
  for (const [machine, decision] of decisions) {
    const moving = isMoving(
      decision,
      horizon,
      () => looked(machine),
      () => leaving(machine),
    )
    if (moving) return 'working'
    if (isForImage(decision)) verdict = 'fetching'
    else if (decision.kind !== 'converged' && verdict === 'converged') verdict = 'blocked'
  }
  return verdict
}

/** The image that it is held for is looked for, or on its way. */
export const isForImage = (decision: Decision): decision is Extract<Decision, { kind: 'held' }> =>
  decision.kind === 'held' &&
  decision.by === 'image' &&
  (decision.reason.code === 'image-unchecked' || decision.reason.code === 'image-coming')

const isMoving = (
  decision: Decision,
  horizon: Instant,
  looked: () => boolean,
  leaving: () => boolean,
): boolean => {
  switch (decision.kind) {
    case 'converged':
      return false
    case 'unknown':
      return leaving()
    case 'act':
      return true
    case 'held':
      if (decision.by === 'in-flight') return true
      // Any look makes an observation fresh; but a check that the last one did not answer, the next may not answer either.
      if (decision.by === 'fresh') return decision.reason.code !== 'checks-not-asked' || !looked()
      return decision.until !== undefined && decision.until <= horizon
    case 'stalled':
      return decision.until !== undefined && decision.until <= horizon
  }
}
