/** Equal changes of many machines put together, so that one package on 300 PCs is one line. */
import type { Desired, Effect } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import type { MachineId, RoomId, SiteId } from './model/ids.ts'
import type { Text } from './model/reason.ts'
import { lycees, machines, rooms } from './wording.ts'

export type ChangeGroup = {
  readonly text: Text
  readonly effect: Effect
  /** In order. */
  readonly machines: readonly MachineId[]
  readonly rooms: readonly RoomId[]
  readonly sites: readonly SiteId[]
}

export type Described = { readonly text: Text; readonly effect: Effect }

/** The larger groups first. `park` tells the places of the machines. */
export function groupChanges(
  park: Desired,
  changes: Iterable<readonly [MachineId, readonly Described[]]>,
): readonly ChangeGroup[] {
  const groups = new Map<
    string,
    Described & { readonly machines: MachineId[]; readonly rooms: Set<RoomId>; readonly sites: Set<SiteId> }
  >()
  for (const [id, described] of changes) {
    const machine = park.machines.get(id)
    if (machine === undefined) continue
    for (const { text, effect } of described) {
      const key = `${effect} ${text.en}`
      let group = groups.get(key)
      if (group === undefined) {
        group = { text, effect, machines: [], rooms: new Set(), sites: new Set() }
        groups.set(key, group)
      }
      group.machines.push(id)
      group.rooms.add(machine.room)
      group.sites.add(machine.site)
    }
  }
  return [...groups.values()]
    .map((group) => ({
      text: group.text,
      effect: group.effect,
      machines: group.machines.sort(),
      rooms: [...group.rooms].sort(),
      sites: [...group.sites].sort(),
    }))
    .sort((a, b) => b.machines.length - a.machines.length || (a.text.en < b.text.en ? -1 : 1))
}

/** `b204: 28 machines`. The lycée is named where `within` does not name it already. */
export function placeOf(group: Pick<ChangeGroup, 'machines' | 'rooms' | 'sites'>, within?: SiteId): Text {
  const [machine] = group.machines
  const [room] = group.rooms
  const [site] = group.sites
  const count = machines(group.machines.length)
  const local = (id: string): string => (within === undefined ? id : id.slice(id.indexOf('/') + 1))
  if (group.machines.length === 1 && machine !== undefined) return say(local(machine), local(machine))
  if (group.rooms.length === 1 && room !== undefined) return withCount(say(local(room), local(room)), count)
  const roomCount = rooms(group.rooms.length)
  if (group.sites.length !== 1 || site === undefined) return withCount(lycees(group.sites.length), count)
  return within === undefined
    ? withCount(say(`${site}, ${roomCount.en}`, `${site}, ${roomCount.fr}`), count)
    : withCount(roomCount, count)
}

const withCount = (place: Text, count: Text): Text =>
  say(`${place.en}: ${count.en}`, `${place.fr}\u00a0: ${count.fr}`)
