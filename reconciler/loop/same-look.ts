import { isDeepStrictEqual } from 'node:util'
import type { Facts, Observed, ObservedDisk } from '../model/observed.ts'

/** Whether one look found just what the one before had found, in all that decisions go by. */
export const isSameLook = (seen: Observed, before: Observed): boolean =>
  seen.reach === before.reach &&
  seen.errors.length + before.errors.length === 0 &&
  isSame(seen.disk, before.disk, diskParts) &&
  isSame(seen.facts, before.facts, systemParts)

/** What each look finds different (the time, the free space, the clock) decides nothing. */
const systemParts = ({
  bootId,
  hardware: { vendor, model },
  sessions,
  rebootPending,
  loginsClosed,
  running,
  packages,
  scripts,
  identity,
}: Facts): readonly unknown[] => [
  bootId,
  vendor,
  model,
  rebootPending,
  loginsClosed,
  running,
  sessions,
  identity,
  scripts,
  packages?.digest,
  packages?.held,
  packages?.broken,
  packages?.candidates,
]

const diskParts = ({ by, state, disks, verified }: ObservedDisk): readonly unknown[] => [
  by,
  state,
  disks,
  verified,
]

const isSame = <Part>(
  one: Part | undefined,
  other: Part | undefined,
  partsOf: (of: Part) => readonly unknown[],
): boolean => {
  if (one === undefined || other === undefined || one === other) return one === other
  const others = partsOf(other)
  // Most parts are the very same object in both.
  return partsOf(one).every((part, index) => part === others[index] || isDeepStrictEqual(part, others[index]))
}
