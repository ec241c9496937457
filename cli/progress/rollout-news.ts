import type { Rollout } from '../../reconciler/model/rollout.ts'
import { isOpen } from '../../reconciler/rollout.ts'
import { isWorthTelling, rolloutHeadline } from '../../reconciler/rollout-advice.ts'
import { newsOf } from '../../reconciler/rollout-news.ts'
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
      if (known === undefined && isOpen(rollout)) {
        return [{ ...base, news: 'under-way', message: rolloutHeadline(rollout, tally.total) }]
      }
      const earlier = known ?? ({ ...rollout, phase: { kind: 'running' } } satisfies Rollout)
      return newsOf(earlier, rollout, tally).map(({ kind, message }) => ({ ...base, news: kind, message }))
    },
  }
}
