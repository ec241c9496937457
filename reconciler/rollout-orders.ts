/** What people order of a rollout, carried out in turn. An order that makes no sense any more is answered, never dropped in silence. */
import type { Instant } from './model/ids.ts'
import type { Reason } from './model/reason.ts'
import type { Rollout, RolloutOrder, RolloutPhase, Wave } from './model/rollout.ts'
import type { News } from './rollout-news.ts'
import {
  nothingToApprove,
  nothingToGoBackTo,
  notPaused,
  orderTooLate,
  pausedAlready,
  pausedBy,
} from './rollout-reasons.ts'
import type { RolloutTally } from './rollout-tally.ts'

export type Obeyed = { readonly rollout: Rollout; readonly refused: readonly News[] }

export function obey(
  before: Rollout,
  orders: readonly RolloutOrder[],
  tally: RolloutTally,
  now: Instant,
): Obeyed {
  let rollout = before
  const refused: News[] = []
  for (const order of orders) {
    const result = order.rollout === before.id ? carriedOut(rollout, order, tally, now) : orderTooLate
    if ('phase' in result) rollout = result
    else refused.push(refusal(order, result))
  }
  return { rollout, refused }
}

export const closing = (
  to: Extract<RolloutPhase, { kind: 'closing' }>['to'],
  who: string,
  why: string | undefined,
  at: Instant,
): RolloutPhase => ({ kind: 'closing', to, who, at, ...(why === undefined ? {} : { why }) })

function carriedOut(
  rollout: Rollout,
  order: RolloutOrder,
  tally: RolloutTally,
  now: Instant,
): Rollout | Reason {
  const { who, why } = order
  const refused = refusalOf(rollout, order.kind)
  if (refused !== undefined) return refused
  switch (order.kind) {
    case 'pause':
      return { ...rollout, phase: { kind: 'paused', by: 'person', who, reason: pausedBy(who, why), at: now } }
    case 'resume':
      return resumed(rollout, tally, now)
    case 'approve':
      return approved(rollout, who)
    case 'abort':
      return { ...rollout, phase: closing('aborted', who, why, now) }
    case 'rollback':
      return { ...rollout, phase: closing('rolled-back', who, why, now) }
  }
}

/** Why this order makes no sense as the rollout stands; undefined: it does. */
export function refusalOf(rollout: Rollout, order: RolloutOrder['kind']): Reason | undefined {
  const { phase, heldSites, base } = rollout
  if (phase.kind !== 'running' && phase.kind !== 'paused') return orderTooLate
  switch (order) {
    case 'pause':
      return phase.kind === 'paused' ? pausedAlready : undefined
    case 'resume':
      return phase.kind === 'paused' || Object.keys(heldSites).length > 0 ? undefined : notPaused
    case 'approve':
      return askedWave(rollout) < 0 ? nothingToApprove : undefined
    case 'abort':
      return undefined
    case 'rollback':
      return base === null ? nothingToGoBackTo : undefined
  }
}

/** The index of the wave for which a person is asked; below 0: there is none. */
export const askedWave = ({ waves }: Rollout): number =>
  waves.findIndex(
    ({ awaitsApprovalSince, approvedBy }) => awaitsApprovalSince !== undefined && approvedBy === undefined,
  )

/**
 * Whoever lets it go on has seen what failed, and says that it does not count; the wave gets its time anew. If failures have stopped
 * it, it was not well all the time: it must be so for the whole soak time from now on.
 */
function resumed(rollout: Rollout, { standings }: RolloutTally, now: Instant): Rollout {
  const failed = [...standings].filter(([, standing]) => standing === 'failed').map(([machine]) => machine)
  const isBroken = rollout.phase.kind === 'paused' && rollout.phase.by === 'failures'
  return {
    ...rollout,
    phase: { kind: 'running' },
    accepted: [...new Set([...rollout.accepted, ...failed])].sort(),
    heldSites: {},
    waves: rollout.waves.map((wave): Wave => {
      if (wave.openedAt === undefined || wave.passedAt !== undefined) return wave
      const { metSince, ...rest } = wave
      return { ...rest, openedAt: now, ...(metSince === undefined || isBroken ? {} : { metSince }) }
    }),
  }
}

function approved(rollout: Rollout, who: string): Rollout {
  const index = askedWave(rollout)
  const waves = rollout.waves.map((wave, at): Wave => (at === index ? { ...wave, approvedBy: who } : wave))
  return { ...rollout, waves }
}

const refusal = (order: RolloutOrder, { code, message }: Reason): News => ({
  kind: 'rollout-order-refused',
  actor: order.who,
  message,
  data: { id: order.id, order: order.kind, code },
})
