/** A rollout in numbers, kept: what is asked anew is where something happened or time has come, not each machine of a region each time. */

import type { Instant, MachineId, SiteId } from '../model/ids.ts'
import { siteOf } from '../model/machine-id.ts'
import type { MachineStanding, Steering } from '../model/rollout.ts'
import { type Evidence, questionOf, standingOf, standsUntil } from '../rollout-standing.ts'
import { emptyTally, type RolloutTally, type Tally } from '../rollout-tally.ts'
import { createDueQueue } from './due-queue.ts'

export type RunningTally = {
  /** Something was decided, seen or tried anew of this machine. */
  touch(machine: MachineId): void
  /** Equal to what `tallyRollout` would count. `standings` goes on to be kept up to date. */
  count(steering: Steering, evidence: Evidence, now: Instant): RolloutTally
}

type Count = { -readonly [Key in keyof Tally]: number }

type Counted = {
  readonly steering: Steering
  readonly standings: Map<MachineId, MachineStanding>
  readonly accepted: ReadonlySet<MachineId>
  readonly total: Count
  readonly waves: readonly Count[]
  readonly sites: ReadonlyMap<SiteId, Count>
}

export const createRunningTally = (): RunningTally => {
  const touched = new Set<MachineId>()
  let due = createDueQueue()
  let counted: Counted | undefined

  const ask = (known: Counted, steering: Steering, evidence: Evidence, machine: MachineId, now: Instant) => {
    const index = steering.waveOf.get(machine)
    if (index === undefined) return
    const question = questionOf(steering, evidence, machine, index, now)
    const standing = standingOf(question)
    const until = standsUntil(question, standing)
    if (until === undefined || until <= now) due.remove(machine)
    else due.set(machine, until)
    const before = known.standings.get(machine)
    if (before === standing) return
    known.standings.set(machine, standing)
    const site = known.sites.get(siteOf(machine))
    for (const count of [known.total, known.waves[index], site]) {
      if (count === undefined) continue
      if (before !== undefined) count[kindOf(known, machine, before)]--
      count[kindOf(known, machine, standing)]++
    }
  }

  const anew = (steering: Steering): Counted => {
    due = createDueQueue()
    return {
      steering,
      standings: new Map(),
      accepted: new Set(steering.rollout.accepted),
      total: { ...emptyTally },
      waves: steering.rollout.waves.map(() => ({ ...emptyTally })),
      sites: new Map(
        [...new Set([...steering.waveOf.keys()].map(siteOf))].map((id) => [id, { ...emptyTally }]),
      ),
    }
  }

  return {
    touch: (machine) => touched.add(machine),
    count: (steering, evidence, now) => {
      const isKnown = counted !== undefined && isAlike(counted.steering, steering)
      const known = counted === undefined || !isKnown ? anew(steering) : counted
      counted = known
      for (let id = due.take(now); id !== undefined; id = due.take(now)) touched.add(id)
      for (const machine of isKnown ? touched : steering.waveOf.keys())
        ask(known, steering, evidence, machine, now)
      touched.clear()
      return {
        total: { ...known.total },
        waves: known.waves.map((count) => ({ ...count })),
        sites: new Map([...known.sites].map(([id, count]) => [id, { ...count }])),
        standings: known.standings,
      }
    },
  }
}

const kindOf = ({ accepted }: Counted, machine: MachineId, standing: MachineStanding): keyof Tally =>
  standing === 'failed' && accepted.has(machine) ? 'accepted' : standing

/** Whether only what single machines show can make a difference. */
const isAlike = (a: Steering, b: Steering): boolean =>
  a.rollout.id === b.rollout.id &&
  a.waveOf === b.waveOf &&
  a.attempts === b.attempts &&
  a.rollout.accepted === b.rollout.accepted &&
  a.rollout.waves.every(({ openedAt }, index) => openedAt === b.rollout.waves[index]?.openedAt)
