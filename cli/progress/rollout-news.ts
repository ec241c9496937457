import type { Rollout } from '../../reconciler/model/rollout.ts'
import { isOpen } from '../../reconciler/rollout.ts'
import { isWorthTelling, rolloutHeadline } from '../../reconciler/rollout-advice.ts'
import { newsOf } from '../../reconciler/rollout-news.ts'
import { askedWave } from '../../reconciler/rollout-orders.ts'
import type { RolloutTally } from '../../reconciler/rollout-tally.ts'
import type { Happening } from './happening.ts'

/** The loop tells of each step of a rollout; news is what the audit log notes, and where it stands when it is first seen. */
export type RolloutNews = {
  of(rollout: Rollout, tally: RolloutTally): readonly RolloutHappening[]
}

type RolloutHappening = Extract<Happening, { kind: 'rollout' }>

export const createRolloutNews = (): RolloutNews => {
  let before: Rollout | undefined

  return {
    of: (rollout, tally) => {
      const known = before?.id === rollout.id ? before : undefined
      before = rollout
      if (!isWorthTelling(rollout)) return []
      const base = {
        kind: 'rollout',
        rollout: rollout.id,
        revision: rollout.revision,
        total: tally.total,
      } as const
      const news = newsOf(known ?? goingOn(rollout), rollout, tally).map(
        ({ kind, message }): RolloutHappening => ({ ...base, news: kind, message }),
      )
      // What keeps it from going on is told as what it is, and is all of the headline.
      const isTold = known !== undefined || !isOpen(rollout) || standsStill(rollout)
      if (isTold) return news
      return [{ ...base, news: 'under-way', message: rolloutHeadline(rollout, tally.total) }, ...news]
    },
  }
}

const standsStill = (rollout: Rollout): boolean => rollout.phase.kind === 'paused' || askedIn(rollout) >= 0

/** One that is being ended asks nobody any more. */
const askedIn = (rollout: Rollout): number => (rollout.phase.kind === 'running' ? askedWave(rollout) : -1)

/** As if nothing kept it from going on: whoever sees it first learns what does, also if that came in its very first step. */
const goingOn = (rollout: Rollout): Rollout => {
  const asked = askedIn(rollout)
  return {
    ...rollout,
    phase: { kind: 'running' },
    heldSites: isOpen(rollout) ? {} : rollout.heldSites,
    waves: rollout.waves.map((wave, index) => {
      const { awaitsApprovalSince, ...rest } = wave
      return index === asked ? rest : wave
    }),
  }
}
