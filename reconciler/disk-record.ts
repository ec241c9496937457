/** What a disk's record says about everything else that was read on the PC. */
import type { Observed, ObservedDisk } from './model/observed.ts'

/** Names one making of the disk: another record, another system. Undefined: it was not made by us. */
export const diskRecord = ({ state }: ObservedDisk): string | undefined =>
  state === undefined ? undefined : `${state.job} ${state.at}`

/**
 * The inventory is reset with the disk: facts that were kept from before the disk's record changed (packages, scripts' runs, sessions)
 * are those of a system that is gone. Facts that this very look has read stay.
 */
export function withoutOldSystem(seen: Observed, before: Observed | undefined): Observed {
  const { facts, ...rest } = seen
  if (facts === undefined || before?.facts === undefined) return seen
  if (seen.disk === undefined || before.disk === undefined) return seen
  const isKept = facts.at <= before.facts.at
  return isKept && diskRecord(seen.disk) !== diskRecord(before.disk) ? rest : seen
}
