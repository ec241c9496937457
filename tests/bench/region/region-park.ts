/** The example region as it stands and with the September commit, in several sizes. */
import { fileURLToPath } from 'node:url'
import { compile } from '../../../specs/compile.ts'
import type { Desired, DesiredMachine, DesiredSite } from '../../../specs/desired.ts'
import type { Mac, MachineId, RoomId, SiteId } from '../../../specs/ids.ts'
import { readFolder } from '../../../specs/read-folder.ts'
import { sealed } from '../../../specs/serialize.ts'

export type RegionPair = { readonly base: Desired; readonly next: Desired }

const folder = fileURLToPath(new URL('../../../examples/franche-comte/', import.meta.url))

/** A new version of both images, and a package for all pupils' PCs. */
export async function septemberCommit(): Promise<RegionPair> {
  const files = await readFolder(folder)
  const changed = new Map(files)
  const edit = (path: string, from: string, to: string): void => {
    const before = new TextDecoder().decode(files.get(path))
    if (!before.includes(from)) throw new Error(`${path} has no “${from}” any more`)
    changed.set(path, new TextEncoder().encode(before.replace(from, to)))
  }
  edit('roles/poste.yaml', '@2026.09', '@2027.01')
  edit('roles/atelier-cao.yaml', '@2026.09', '@2027.01')
  edit('roles/poste-eleve.yaml', 'minetest: absent', 'minetest: absent\n  librecad: present')
  return { base: compiled(files), next: compiled(changed) }
}

function compiled(files: Awaited<ReturnType<typeof readFolder>>): Desired {
  const { desired } = compile(files)
  if (desired === undefined) throw new Error('the example region is broken')
  return desired
}

/** What bandwidth and windows alone can be compared with: 100 Mbit/s to each lycée and 1 Gbit/s in it, PCs that all can be woken, no waves. */
export const withoutWaves = ({ base, next }: RegionPair): RegionPair => ({
  base: plain(base),
  next: plain(next),
})

function plain(desired: Desired): Desired {
  const { digest: _before, park, sites, machines, ...rest } = desired
  const { rollout: _waves, ...withoutRollout } = park
  return sealed({
    ...rest,
    park: withoutRollout,
    sites: new Map([...sites].map(([id, site]) => [id, even(site)])),
    machines: new Map([...machines].map(([id, machine]) => [id, wakeable(machine)])),
  })
}

const even = (site: DesiredSite): DesiredSite => ({
  ...site,
  uplinkBitsPerSecond: 100e6,
  capacity: { ...site.capacity, lanBitsPerSecond: 1e9 },
})

const awake = new WeakMap<DesiredMachine['profile'], DesiredMachine['profile']>()

function wakeable(machine: DesiredMachine): DesiredMachine {
  const { profile } = machine
  if (profile.power.wake) return machine
  const woken = awake.get(profile) ?? { ...profile, power: { ...profile.power, wake: true } }
  awake.set(profile, woken)
  return { ...machine, profile: woken }
}

/** A tenth of the lycées, or all of them so many times, each time under other names. */
export const resized = ({ base, next }: RegionPair, times: number): RegionPair => ({
  base: resize(base, times),
  next: resize(next, times),
})

function resize(desired: Desired, times: number): Desired {
  if (times === 1) return desired
  const { digest: _before, sites, machines, ...rest } = desired
  const kept = [...sites.values()].slice(0, Math.max(1, Math.round(sites.size * Math.min(1, times))))
  const names = new Set(kept.map(({ id }) => id))
  const here = [...machines.values()].filter(({ site }) => names.has(site))
  const rounds = Array.from({ length: Math.max(1, Math.round(times)) }, (_, round) => round)
  const pairs = <Id, Thing extends { readonly id: Id }>(all: readonly Thing[]) =>
    new Map(all.map((one) => [one.id, one] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
  return sealed({
    ...rest,
    sites: pairs(rounds.flatMap((round) => kept.map((site) => copyOfSite(site, round)))),
    machines: pairs(rounds.flatMap((round) => here.map((machine) => copyOfMachine(machine, round)))),
  })
}

const suffix = (round: number): string => (round === 0 ? '' : `-${round}`)

function copyOfSite(site: DesiredSite, round: number): DesiredSite {
  const id = `${site.id}${suffix(round)}` as SiteId
  const rooms = [...site.rooms.values()].map((room) => {
    const copy = `${id}/${room.name}` as RoomId
    return [copy, { ...room, id: copy }] as const
  })
  return { ...site, id, rooms: new Map(rooms) }
}

function copyOfMachine(machine: DesiredMachine, round: number): DesiredMachine {
  if (round === 0) return machine
  const site = `${machine.site}${suffix(round)}` as SiteId
  return {
    ...machine,
    id: `${site}/${machine.name}` as MachineId,
    site,
    room: `${site}/${machine.room.slice(machine.site.length + 1)}` as RoomId,
    mac: machine.mac.replace(/^52:54/, `52:${(0x54 + round).toString(16)}`) as Mac,
  }
}
