/** May this machine have the new revision yet, and if it may, may it be begun now? */
import type { DesiredMachine } from '../specs/desired.ts'
import type { Instant } from './model/ids.ts'
import type { GateName } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import type { Rollout, Steering } from './model/rollout.ts'
import { isAdmitted, isOpen } from './rollout.ts'
import { countedWaves } from './rollout-news.ts'
import {
  lyceeHeld,
  rolloutClosing,
  waveAwaitsApproval,
  waveNotOpen,
  waveShowsNothing,
} from './rollout-reasons.ts'
import { policyOfWave } from './rollout-waves.ts'

/** `waiting`: it is still to be what it was before. `stopped`: it is to be what is new, and is not begun now. */
export type RolloutHold = {
  readonly kind: 'waiting' | 'stopped'
  readonly by: Extract<GateName, 'wave' | 'budget'>
  readonly reason: Reason
  readonly until?: Instant
}

/** Undefined: the rollout has nothing against it. */
export function rolloutHold(steering: Steering, machine: DesiredMachine): RolloutHold | undefined {
  const { rollout, waveOf, attempts } = steering
  const index = waveOf.get(machine.id)
  if (index === undefined || !isOpen(rollout)) return undefined
  // Whether the rollout goes on or not: of a stop those are told for whom it is not their turn that is missing.
  if (!isAdmitted(steering, machine.id)) return waiting(steering, index)
  // Who was begun is brought to an end: half a change is the worst of all states.
  return attempts.has(machine.id) ? undefined : stopped(rollout, machine)
}

function stopped({ phase, heldSites }: Rollout, machine: DesiredMachine): RolloutHold | undefined {
  if (phase.kind === 'paused')
    return { kind: 'stopped', by: phase.by === 'failures' ? 'budget' : 'wave', reason: phase.reason }
  if (phase.kind === 'closing') return { kind: 'stopped', by: 'budget', reason: rolloutClosing }
  if (heldSites[machine.site] !== undefined) return { kind: 'stopped', by: 'budget', reason: lyceeHeld }
  return undefined
}

function waiting({ rollout }: Steering, own: number): RolloutHold {
  const { waves, policy, phase } = rollout
  const total = countedWaves(waves)
  const current = waves.findIndex(({ passedAt }) => passedAt === undefined)
  const wave = waves[current]
  if (wave?.awaitsApprovalSince !== undefined && wave.approvedBy === undefined) {
    const reason =
      wave.openedAt === undefined
        ? waveAwaitsApproval(current + 1, total)
        : waveShowsNothing(current + 1, total)
    return { kind: 'waiting', by: 'wave', reason }
  }
  const hold = { kind: 'waiting', by: 'wave', reason: waveNotOpen(own + 1, current + 1, total) } as const
  const isNext = waves.slice(current + 1, own).every(({ machines }) => machines === 0)
  // One that asks a person first does not open by itself.
  const asks = policyOfWave(policy, own).approval && waves[own]?.approvedBy === undefined
  return isNext && !asks && phase.kind === 'running' && wave?.metSince !== undefined
    ? { ...hold, until: wave.metSince + policyOfWave(policy, current).soakMs }
    : hold
}
