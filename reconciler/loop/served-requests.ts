import type { Change } from '../model/change.ts'
import type { DiskRequestId } from '../model/ids.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Action } from '../model/plan.ts'

/**
 * What a person asked for and need not wait for any longer: it was done, or it failed in a way that no further try can mend.
 * All else is tried again, by the rules for any other change.
 */
export const servedRequests = (action: Action, outcome: Outcome): readonly DiskRequestId[] => {
  switch (outcome.kind) {
    case 'wrong-precondition':
    case 'refused':
      return []
    case 'complete':
      return action.changes.flatMap(requestOf)
    case 'failed': {
      if (outcome.results.length === 0)
        return outcome.class === 'terminal' ? action.changes.flatMap(requestOf) : []
      const over = outcome.results.filter((result) => result.ok || result.class === 'terminal')
      return over.flatMap(({ change }) => requestOf(change))
    }
  }
}

const requestOf = (change: Change): readonly DiskRequestId[] =>
  'request' in change && change.request !== undefined ? [change.request] : []
