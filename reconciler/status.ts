/** How the park stands: counts for each lycée and room, and what is not as wanted. */
import type { Desired } from '../specs/desired.ts'
import { entryOf } from './entry.ts'
import { type ExceptionGroup, groupExceptions } from './exceptions.ts'
import type { Instant, MachineId, RoomId, SiteId } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Decision, Plan, Target } from './model/plan.ts'

export type Counts = {
  readonly machines: number
  readonly converged: number
  /** Of the converged ones: off, and so when last seen. */
  readonly lastSeen: number
  /** Of the converged ones: with drift that is only reported. */
  readonly reported: number
  readonly act: number
  readonly held: number
  readonly unknown: number
  readonly stalled: number
  /** By what the last look found. */
  readonly up: number
  readonly off: number
}

export type RoomStatus = { readonly id: RoomId; readonly title: string; readonly counts: Counts }

export type SiteStatus = {
  readonly id: SiteId
  readonly title: string
  /** IANA; what its instants are to be shown in. */
  readonly timezone: string
  readonly counts: Counts
  readonly rooms: readonly RoomStatus[]
}

export type Status = {
  readonly park: string
  readonly timezone: string
  readonly target: Target
  readonly at: Instant
  readonly counts: Counts
  /** In the order of their ids. */
  readonly sites: readonly SiteStatus[]
  readonly exceptions: readonly ExceptionGroup[]
  readonly unmanaged: readonly MachineId[]
}

export function status(desired: Desired, inventory: ReadonlyMap<MachineId, Observed>, plan: Plan): Status {
  const park = zero()
  const bySite = new Map<SiteId, Tally>()
  const byRoom = new Map<RoomId, Tally>()
  for (const [id, machine] of desired.machines) {
    const decision = plan.decisions.get(id)
    const reach = inventory.get(id)?.reach
    for (const tally of [park, entryOf(bySite, machine.site, zero), entryOf(byRoom, machine.room, zero)]) {
      count(tally, decision, reach)
    }
  }
  const sites = [...desired.sites.values()].sort(byId).map((site) => ({
    id: site.id,
    title: site.title,
    timezone: site.timezone,
    counts: bySite.get(site.id) ?? zero(),
    rooms: [...site.rooms.values()].sort(byId).map((room) => ({
      id: room.id,
      title: room.title ?? room.name,
      counts: byRoom.get(room.id) ?? zero(),
    })),
  }))
  return {
    park: desired.park.name,
    timezone: desired.park.timezone,
    target: plan.target,
    at: plan.at,
    counts: park,
    sites,
    exceptions: groupExceptions(plan),
    unmanaged: plan.unmanaged,
  }
}

type Tally = { -readonly [Key in keyof Counts]: Counts[Key] }

const zero = (): Tally => ({
  machines: 0,
  converged: 0,
  lastSeen: 0,
  reported: 0,
  act: 0,
  held: 0,
  unknown: 0,
  stalled: 0,
  up: 0,
  off: 0,
})

/** A machine that the plan does not know yet, being new, is unknown. */
function count(tally: Tally, decision: Decision | undefined, reach: Observed['reach'] | undefined): void {
  tally.machines++
  tally[decision?.kind ?? 'unknown']++
  if (reach === 'up' || reach === 'off') tally[reach]++
  if (decision?.kind !== 'converged') return
  if (decision.lastSeen !== undefined) tally.lastSeen++
  if (decision.reported.length > 0) tally.reported++
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1)
