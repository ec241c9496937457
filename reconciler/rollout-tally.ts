/** A rollout in numbers: where its machines are, in all, wave by wave and lycée by lycée. */

import type { MachineId, SiteId } from './model/ids.ts'
import { siteOf } from './model/machine-id.ts'
import type { MachineStanding, Steering } from './model/rollout.ts'
import { type Evidence, questionOf, standingOf } from './rollout-standing.ts'

/** `accepted`: failed, and a person said that it does not count. */
export type Tally = Readonly<Record<MachineStanding | 'accepted', number>>

export type RolloutTally = {
  readonly total: Tally
  /** In the order of the waves. */
  readonly waves: readonly Tally[]
  readonly sites: ReadonlyMap<SiteId, Tally>
  readonly standings: ReadonlyMap<MachineId, MachineStanding>
}

type Count = Record<MachineStanding | 'accepted', number>

export const emptyTally: Tally = {
  waiting: 0,
  pending: 0,
  attempted: 0,
  succeeded: 0,
  failed: 0,
  unneeded: 0,
  deferred: 0,
  accepted: 0,
}

const zero = (): Count => ({ ...emptyTally })

export function tallyRollout(steering: Steering, evidence: Evidence, now: number): RolloutTally {
  const { rollout, waveOf } = steering
  const accepted = new Set(rollout.accepted)
  const standings = new Map<MachineId, MachineStanding>()
  const total = zero()
  const byWave = rollout.waves.map(zero)
  const bySite = new Map<SiteId, Count>()
  for (const [machine, index] of waveOf) {
    const standing = standingOf(questionOf(steering, evidence, machine, index, now))
    standings.set(machine, standing)
    const site = siteOf(machine)
    const ofSite = bySite.get(site) ?? zero()
    bySite.set(site, ofSite)
    const counted = standing === 'failed' && accepted.has(machine) ? 'accepted' : standing
    for (const count of [total, byWave[index], ofSite]) if (count !== undefined) count[counted]++
  }
  return { total, waves: byWave, sites: bySite, standings }
}

/** All that are counted in it. */
export const machinesIn = (tally: Tally): number =>
  Object.values(tally).reduce((sum, count) => sum + count, 0)

/** On how many it was tried, and counts. */
export const triedOn = ({ attempted, succeeded, failed }: Tally): number => attempted + succeeded + failed

/** Of those on which it was tried; none tried: 0. */
export const failureShare = (tally: Tally): number => {
  const tried = triedOn(tally)
  return tried === 0 ? 0 : tally.failed / tried
}
