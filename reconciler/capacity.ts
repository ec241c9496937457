/** How much of a lycée's network, server and rooms is in use: by what runs, and by what this pass has decided so far. */
import type { DesiredMachine, DesiredSite } from '../specs/desired.ts'
import { atCapacity, roomAtCapacity, tooManyWakes } from './capacity-reasons.ts'
import { isKeptWaiting, type Load, limitOf, limitsOf, usesOf, type Work } from './capacity-use.ts'
import { entryOf } from './entry.ts'
import type { Change } from './model/change.ts'
import type { Instant, SiteId } from './model/ids.ts'
import { siteOf } from './model/machine-id.ts'
import type { Observed } from './model/observed.ts'
import type { History, PlanInput } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { type Rooms, roomsOf } from './room-use.ts'
import { packetsUntil } from './wake-rate.ts'

export type Refusal = { readonly reason: Reason; readonly until?: Instant }

export type Loads = {
  /** Why this must wait its turn; undefined: it may start. */
  refusal(machine: DesiredMachine, site: DesiredSite, work: Work): Refusal | undefined
  /** Whether all of these changes must wait, for the lycée’s limits alone. */
  mustWait(site: DesiredSite, work: Work): boolean
  add(machine: DesiredMachine, work: Work): void
  /** How many PCs of its room are out of use. */
  outOfUse(machine: DesiredMachine): number
}

/** Counts what is in flight, that of machines that have left the park included: they still use the network. */
export function loadsInFlight(input: PlanInput): Loads {
  const sites = new Map<SiteId, SiteLoad>()
  const siteLoad = (site: SiteId): SiteLoad =>
    entryOf(sites, site, () => ({ actions: 0, images: 0, packages: 0, packets: [] }))
  const limits = new Map<SiteId, Load>()
  let counted: Rooms | undefined
  // Not before somebody asks: mostly nobody wants to start anything.
  const rooms = (): Rooms => {
    if (counted === undefined) {
      counted = roomsOf(input)
      countInFlight(input, siteLoad)
    }
    return counted
  }
  return {
    refusal: (machine, site, work) => refusalOf(rooms(), siteLoad(site.id), input.now, machine, site, work),
    mustWait: (site, work) => {
      rooms()
      const load = siteLoad(site.id)
      const limit = entryOf(limits, site.id, () => limitsOf(site))
      return isKeptWaiting(work, {
        actions: load.actions >= limit.actions,
        images: load.images >= limit.images,
        packages: load.packages >= limit.packages,
      })
    },
    add: (machine, work) => {
      rooms().add(machine, work)
      count(siteLoad(machine.site), work, input.now)
    },
    outOfUse: (machine) => rooms().outOfUse(machine),
  }
}

/** `packets`: when magic packets were sent of late. */
type SiteLoad = { -readonly [Key in keyof Load]: Load[Key] } & { readonly packets: Instant[] }

function countInFlight(input: PlanInput, siteLoad: (site: SiteId) => SiteLoad): void {
  const { history, inventory } = input
  for (const machine of input.busy ?? new Set([...history.keys(), ...inventory.keys()])) {
    const inFlight = history.get(machine)?.inFlight
    const observed = inventory.get(machine)
    if (inFlight !== undefined) {
      const { changes, since } = inFlight
      // Where it is not known what it is: nothing but a wake is started on a machine that is off, but for its disk.
      const wake = observed?.reach === 'off' || changes?.some(isWakeUp) === true
      count(siteLoad(siteOf(machine)), { changes: changes ?? [], wake }, since)
    } else if (saysItRuns(observed)) siteLoad(siteOf(machine)).actions++
  }
}

/** Whether something goes on there that uses the lycée's network or server. */
export const isUsed = (history: History | undefined, observed: Observed | undefined): boolean =>
  history?.inFlight !== undefined || saysItRuns(observed)

/** Of an action that nobody here knows of. */
const saysItRuns = (observed: Observed | undefined): boolean =>
  observed?.reach === 'up' && observed.facts?.running !== undefined

function count(load: SiteLoad, work: Work, at: Instant): void {
  for (const use of usesOf(work)) load[use]++
  if (work.wake) load.packets.push(at)
}

function refusalOf(
  rooms: Rooms,
  load: SiteLoad,
  now: Instant,
  machine: DesiredMachine,
  site: DesiredSite,
  work: Work,
): Refusal | undefined {
  for (const use of usesOf(work)) {
    const limit = limitOf(use, site)
    if (load[use] >= limit) return { reason: atCapacity(use, limit) }
  }
  if (!rooms.admits(machine, site, work)) return { reason: roomAtCapacity(rooms.limit(machine, site)) }
  if (!work.wake) return undefined
  const { wakes } = site.capacity
  const until = packetsUntil(load.packets, wakes, now)
  return until === undefined ? undefined : { reason: tooManyWakes(wakes), ...until }
}

const isWakeUp = (change: Change): boolean => change.facet === 'power' && change.item === 'wake'
