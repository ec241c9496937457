import type { Pause } from '../../reconciler/model/plan.ts'
import { iso } from './instant.ts'

/** A pause for programs. */
export const pauseJson = ({ scope, who, why, at, until }: Pause) => ({
  scope,
  who,
  why,
  at: iso(at),
  ...(until === undefined ? {} : { until: iso(until) }),
})
