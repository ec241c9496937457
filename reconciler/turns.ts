/**
 * Who is served first where not all can be served at once. Not in the order of names: a window is filled well when what takes
 * longest starts first, and short work fills what is left at its end.
 */
import type { DesiredMachine } from '../specs/desired.ts'
import type { Wish } from './bid.ts'
import { isAskedFor } from './disk-work.ts'
import type { RoomId } from './model/ids.ts'

/** Work whose latest starts lie so close together is equally urgent: then rooms take turns. */
const alikeMs = 5 * 60_000

/**
 * First what a person asked for and waits for, unless it has failed; then what has not failed yet; then what must start soonest to be done before its
 * window closes, which in one window is what takes longest. Among equals the rooms take turns, that with the fewest PCs out
 * of use first, so that no room's limit leaves capacity unused; at last the names decide.
 * @param outOfUse how many PCs of the machine's room are.
 */
export function inTurn(
  wishes: readonly Wish[],
  outOfUse: (machine: DesiredMachine) => number,
): readonly Wish[] {
  const places = new Map<RoomId, number>()
  return wishes
    .map((wish) => ({ wish, rank: rankOf(wish), place: 0 }))
    .sort((a, b) => byRank(a.rank, b.rank) || byName(a.wish, b.wish))
    .map((one) => {
      const { machine } = one.wish
      const place = places.get(machine.room) ?? outOfUse(machine)
      places.set(machine.room, place + 1)
      return { ...one, place }
    })
    .sort((a, b) => byRank(a.rank, b.rank) || a.place - b.place || byName(a.wish, b.wish))
    .map(({ wish }) => wish)
}

type Rank = { readonly asked: boolean; readonly failures: number; readonly latestStart: number }

/** By what it would do first of all. */
function rankOf({ bids: [best] }: Wish): Rank {
  if (best === undefined) return { asked: false, failures: 0, latestStart: 0 }
  const { question, changes, deadline, takesMs } = best
  const failures = Math.max(0, ...(question.history?.backoffs.map(({ attempts }) => attempts) ?? []))
  return {
    asked: failures === 0 && changes.length > 0 && changes.every(isAskedFor),
    failures,
    latestStart: Math.floor((deadline - takesMs) / alikeMs),
  }
}

const byRank = (a: Rank, b: Rank): number =>
  Number(b.asked) - Number(a.asked) || a.failures - b.failures || a.latestStart - b.latestStart

const byName = (a: Wish, b: Wish): number => (a.machine.id < b.machine.id ? -1 : 1)
