/** Begins the rollout of an admitted revision. */
import type { Desired } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { Instant } from '../model/ids.ts'
import type { Fence } from '../model/plan.ts'
import type { Rollout, Steering } from '../model/rollout.ts'
import type { Compiled } from '../ports.ts'
import { advance } from '../rollout.ts'
import type { News } from '../rollout-news.ts'
import { beginRollout, wavesOfChanged } from '../rollout-start.ts'
import { type RolloutTally, tallyRollout } from '../rollout-tally.ts'
import { atOnce, policyOf } from '../rollout-waves.ts'
import type { NewEvent } from '../store/store.ts'
import { counted, machines, shortRevision } from '../wording.ts'
import { isChangedFrom, type Named } from './steering.ts'

type Start = {
  readonly from: Compiled & { readonly desired: Desired }
  /** What machines have now; undefined: the park's first revision. */
  readonly present: Named | undefined
  /** What came to its end last. */
  readonly proven: Named | undefined
  readonly fence: Fence
  readonly at: Instant
  readonly actor: string
  readonly isRollback?: boolean
}

/** With the waves open that open at once; their events. */
export function begun(start: Start): { readonly steering: Steering; readonly events: readonly NewEvent[] } {
  const { from, present, proven, fence, at, actor, isRollback = false } = start
  const { revision, desired: next } = from
  const base = present?.desired
  const policy = isRollback ? atOnce : policyOf(next.park)
  const waveOf = wavesOfChanged(policy, next, isChangedFrom([base, proven?.desired], next))
  const rollout = beginRollout({
    revision,
    next,
    base: digested(present),
    proven: digested(proven),
    policy,
    isRollback,
    waveOf,
    fence,
    now: at,
  })
  const steering: Steering = { rollout, next, base, waveOf, attempts: new Map() }
  const nothingSeen = { decisions: new Map(), inventory: new Map() }
  const count = (of: Steering): RolloutTally => tallyRollout(of, nothingSeen, at)
  const step = advance({ steering, orders: [], count, isQuiet: false, nextFence: fence, now: at })
  const news = policy.waves.length === 0 ? [] : [started(rollout), ...step.news]
  return {
    steering: { ...steering, rollout: step.rollout },
    events: news.map((one) => eventOf(one, rollout, at, from.author ?? actor)),
  }
}

const digested = (named: Named | undefined): Rollout['base'] =>
  named === undefined ? null : { revision: named.revision, desired: named.desired.digest }

export const eventOf = (news: News, { revision }: Rollout, at: Instant, actor: string): NewEvent => ({
  at,
  kind: news.kind,
  revision,
  actor: news.actor ?? actor,
  message: news.message,
  data: news.data,
})

const started = ({ id, revision, waves }: Rollout): News => {
  const number = waves.reduce((sum, wave) => sum + wave.machines, 0)
  const inWaves = counted(
    waves.filter((wave) => wave.machines > 0).length,
    ['wave', 'waves'],
    ['vague', 'vagues'],
  )
  return {
    kind: 'rollout-started',
    message: say(
      `The rollout of revision ${shortRevision(revision)} begins: ${machines(number).en} in ${inWaves.en}.`,
      `Le déploiement de la révision ${shortRevision(revision)} commence\u00a0: ${machines(number).fr} en ${inWaves.fr}.`,
    ),
    data: { rollout: id, machines: number },
  }
}
