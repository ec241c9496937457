/** Which pause stops a machine. */
import type { DesiredMachine } from '../specs/desired.ts'
import type { Instant } from './model/ids.ts'
import type { Pause, Scope } from './model/plan.ts'

/** The pauses in force at one instant, by scope. */
export type Pauses = {
  /** The one that keeps this machine paused for longest; of equals, that of the widest scope. */
  over(machine: DesiredMachine): Pause | undefined
}

export function pausesAt(pauses: readonly Pause[], now: Instant): Pauses {
  const byScope = new Map<string, Pause>()
  for (const pause of pauses) {
    if (pause.until !== undefined && pause.until <= now) continue
    const key = scopeKey(pause.scope)
    const other = byScope.get(key)
    if (other === undefined || outlasts(pause, other)) byScope.set(key, pause)
  }
  return {
    over(machine) {
      let longest: Pause | undefined
      if (byScope.size === 0) return longest
      for (const key of ['park', `lycee ${machine.site}`, `room ${machine.room}`, `machine ${machine.id}`]) {
        const pause = byScope.get(key)
        if (pause !== undefined && (longest === undefined || endOf(pause) > endOf(longest))) longest = pause
      }
      return longest
    },
  }
}

const scopeKey = (scope: Scope): string => (scope.kind === 'park' ? 'park' : `${scope.kind} ${scope.id}`)

const endOf = (pause: Pause): Instant => pause.until ?? Number.POSITIVE_INFINITY

/** A total order, so that the answer does not depend on the order in which pauses are listed. */
function outlasts(a: Pause, b: Pause): boolean {
  if (endOf(a) !== endOf(b)) return endOf(a) > endOf(b)
  if (a.at !== b.at) return a.at > b.at
  return `${a.who}\n${a.why}` > `${b.who}\n${b.why}`
}
