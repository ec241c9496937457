/**
 * How many PCs of a room a class would find unusable. Counted are those under disruptive or destructive work, and those that
 * such work has left broken: an update that breaks PCs must stop at half of a room, too, not only one that is slow.
 */
import type { Desired, DesiredMachine, DesiredSite } from '../specs/desired.ts'
import { isWorkedOn, type Work } from './capacity-use.ts'
import { isAskedFor } from './disk-work.ts'
import type { Change } from './model/change.ts'
import type { MachineId, RoomId } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Backoff, History, PlanInput } from './model/plan.ts'

export type Rooms = {
  /** How many PCs of its room may be out of use. */
  limit(machine: DesiredMachine, site: DesiredSite): number
  /** Whether one more may be worked on in this way. */
  admits(machine: DesiredMachine, site: DesiredSite, work: Work): boolean
  add(machine: DesiredMachine, work: Work): void
  outOfUse(machine: DesiredMachine): number
}

type Room = { size: number; working: number; readonly broken: Set<MachineId> }

export function roomsOf({ desired, inventory, history }: PlanInput): Rooms {
  const rooms = new Map<RoomId, Room>()
  const members = membersOf(desired)
  const roomOf = ({ room: id }: DesiredMachine): Room => {
    const known = rooms.get(id)
    if (known !== undefined) return known
    const room: Room = { size: 0, working: 0, broken: new Set() }
    for (const member of members.get(id) ?? []) {
      const past = history.get(member)
      const observed = inventory.get(member)
      room.size++
      if (isUnderWork(past?.inFlight, observed)) room.working++
      else if (isBroken(past, observed)) room.broken.add(member)
    }
    rooms.set(id, room)
    return room
  }
  const outOfUse = (machine: DesiredMachine): number => {
    const { working, broken } = roomOf(machine)
    return working + broken.size
  }
  const limit = (machine: DesiredMachine, site: DesiredSite): number => placesIn(roomOf(machine).size, site)
  return {
    limit,
    admits(machine, site, work) {
      const room = roomOf(machine)
      // Whoever asked for it has the room before their eyes; what is out of use already is only mended.
      if (!takesAway(work) || work.changes.every(isAskedFor) || room.broken.has(machine.id)) return true
      return room.working === 0 || outOfUse(machine) < limit(machine, site)
    },
    add(machine, work) {
      const room = roomOf(machine)
      if (!takesAway(work)) return
      room.broken.delete(machine.id)
      room.working++
    },
    outOfUse,
  }
}

/** Of a room with so many PCs: how many may be out of use at once. */
export const placesIn = (size: number, { capacity }: DesiredSite): number =>
  Math.max(1, Math.floor(size * capacity.roomShare))

const indexes = new WeakMap<Desired['machines'], ReadonlyMap<RoomId, readonly MachineId[]>>()

/** The PCs of each room: worked out once for a revision, as a single machine is decided on again whenever something happens to it. */
function membersOf({ machines }: Desired): ReadonlyMap<RoomId, readonly MachineId[]> {
  const known = indexes.get(machines)
  if (known !== undefined) return known
  const members = new Map<RoomId, MachineId[]>()
  for (const { id, room } of machines.values()) {
    const ofRoom = members.get(room) ?? []
    members.set(room, ofRoom)
    ofRoom.push(id)
  }
  indexes.set(machines, members)
  return members
}

const takesAway = (work: Work): boolean => isWorkedOn(work) && work.changes.some(isFelt)

const isFelt = ({ effect }: Change): boolean => effect !== 'quiet'

function isUnderWork(inFlight: History['inFlight'], observed: Observed | undefined): boolean {
  if (inFlight === undefined) return false
  return inFlight.changes?.some(isFelt) ?? observed?.reach === 'imager'
}

/** Mostly `wait` says that nothing had begun; with these the PC was in the middle of it. */
const leftInTheMiddle: ReadonlySet<string> = new Set([
  'system-not-started',
  'imager-silent',
  'disk-deadline',
  'did-not-restart',
])

/**
 * Half-written, or not come back from work on its disk or from a restart. One that answers can be used, whatever failed on
 * it; one that merely could not be woken was off before.
 */
function isBroken(history: History | undefined, observed: Observed | undefined): boolean {
  if (observed === undefined || observed.reach === 'up' || observed.reach === 'silent') return false
  if (observed.reach === 'imager') return true
  if (observed.disk?.by === 'imager' && observed.disk.state === undefined) return true
  return history?.backoffs.some(isFromTheMiddle) === true
}

const isFromTheMiddle = ({ key, class: kind, reason }: Backoff): boolean =>
  /^(?:disk|reset|power\/reboot)/.test(key) && (kind !== 'wait' || leftInTheMiddle.has(reason.code))
