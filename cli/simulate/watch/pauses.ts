import type { ActionId, Instant } from '../../../reconciler/model/ids.ts'
import type { Pause, Scope } from '../../../reconciler/model/plan.ts'
import type { Desired, DesiredMachine } from '../../../specs/desired.ts'
import { isIn } from '../../address.ts'
import type { Report, Watch } from './rule.ts'

/** What was claimed in the turn in which somebody paused is in flight. */
const inFlightMs = 2_000

export type PauseWatch = Watch & {
  paused(pause: Pause): void
  resumed(scope: Scope, at: Instant): void
  /** The store is again as it was then. */
  forget(since: Instant): void
}

/** Where a person has paused, nothing starts that was not in flight. */
export const watchPauses = (desired: () => Desired, report: Report): PauseWatch => {
  let pauses: { readonly pause: Pause; until: Instant }[] = []
  /** Claimed before, by a process that died or lost sight of it: whoever joins such an action starts nothing new. */
  const joined = new Set<ActionId>()

  const isOver = (machine: DesiredMachine, { pause }: { readonly pause: Pause }): boolean =>
    pause.scope.kind === 'park' || isIn(machine, pause.scope)

  return {
    told: (progress) => {
      if (progress.kind === 'started' && progress.joined) joined.add(progress.action.id)
    },
    saw: (happened) => {
      if (happened.kind !== 'started' || joined.has(happened.action.id)) return
      const { machine: id, at, sentAt } = happened
      const machine = desired().machines.get(id)
      if (!machine) return
      const over = pauses.find(
        (one) => isOver(machine, one) && sentAt > one.pause.at + inFlightMs && at < one.until,
      )
      if (over)
        report('paused', id, `${over.pause.scope.kind}, since ${new Date(over.pause.at).toISOString()}`)
    },
    paused: (pause) => {
      // One pause a scope: a second takes the place of the first.
      pauses = pauses.filter(({ pause: { scope } }) => !isSame(scope, pause.scope))
      pauses.push({ pause, until: pause.until ?? Number.POSITIVE_INFINITY })
    },
    forget: (since) => {
      pauses = pauses.filter(({ pause }) => pause.at <= since)
    },
    resumed: (scope, at) => {
      for (const one of pauses) if (isSame(one.pause.scope, scope)) one.until = Math.min(one.until, at)
    },
  }
}

const isSame = (a: Scope, b: Scope): boolean => JSON.stringify(a) === JSON.stringify(b)
