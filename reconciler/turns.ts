/**
 * Who is served first where not all can be served at once. Not in the order of names: a window is filled well when what takes
 * longest starts first, and short work fills what is left at its end.
 */
import type { DesiredMachine } from '../specs/desired.ts'
import { isAskedFor } from './disk-work.ts'
import type { Instant, RoomId } from './model/ids.ts'
import type { Decision, History } from './model/plan.ts'

/** A machine that could act if it were alone. */
export type Contender = {
  readonly machine: DesiredMachine
  readonly decision: Extract<Decision, { kind: 'act' }>
  readonly history: History | undefined
}

/** Work whose latest starts lie so close together is equally urgent: then rooms take turns. */
const alikeMs = 5 * 60_000

/**
 * First what a person asked for and waits for; then what has not failed yet; then what must start soonest to be done before its
 * window closes, which in one window is what takes longest. Among equals the rooms take turns, that with the fewest PCs out
 * of use first, so that no room's limit leaves capacity unused; at last the names decide.
 * @param outOfUse how many PCs of the machine's room are.
 */
export function inTurn(
  contenders: readonly Contender[],
  outOfUse: (machine: DesiredMachine) => number,
): readonly Contender[] {
  const places = new Map<RoomId, number>()
  return contenders
    .map((contender) => ({ contender, rank: rankOf(contender), place: 0 }))
    .sort((a, b) => byRank(a.rank, b.rank) || byName(a.contender, b.contender))
    .map((one) => {
      const { machine } = one.contender
      const place = places.get(machine.room) ?? outOfUse(machine)
      places.set(machine.room, place + 1)
      return { ...one, place }
    })
    .sort((a, b) => byRank(a.rank, b.rank) || a.place - b.place || byName(a.contender, b.contender))
    .map(({ contender }) => contender)
}

type Rank = { readonly asked: boolean; readonly failures: number; readonly latestStart: number }

function rankOf({ decision: { action, takesMs }, history }: Contender): Rank {
  const latestStart: Instant = action.deadline - takesMs
  return {
    asked: action.changes.every(isAskedFor),
    failures: Math.max(0, ...(history?.backoffs.map(({ attempts }) => attempts) ?? [])),
    latestStart: Math.floor(latestStart / alikeMs),
  }
}

const byRank = (a: Rank, b: Rank): number =>
  Number(b.asked) - Number(a.asked) || a.failures - b.failures || a.latestStart - b.latestStart

const byName = (a: Contender, b: Contender): number => (a.machine.id < b.machine.id ? -1 : 1)
