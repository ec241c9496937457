/** A whole park of simulated PCs, with the people in it, the lines between them, and what goes wrong. */
import type { MachineId, SiteId } from '../../reconciler/model/ids.ts'
import { siteOf } from '../../reconciler/model/machine-id.ts'
import type { Provider } from '../../reconciler/ports.ts'
import type { Desired, DesiredMachine, LocalRange } from '../../specs/desired.ts'
import type { VirtualClock } from './clock.ts'
import { type PcModel, pcModels } from './hardware.ts'
import { imageSizes, type KnownSize } from './image-sizes.ts'
import { createMischief, type Mischief } from './mischief.ts'
import type { Misfortune } from './misfortune.ts'
import { type ImageSizes, type Pace, realPace } from './pace.ts'
import { SimulatedPc } from './pc.ts'
import { sendPeople } from './people.ts'
import { createSimulatedProvider } from './provider.ts'
import { between, createRandom } from './random.ts'
import { archiveOf, packageBytes } from './region-archive.ts'
import { createSiteLines, type SiteLines } from './site-lines.ts'
import type { Witness } from './witness.ts'

export type RegionParts = {
  readonly clock: VirtualClock
  readonly seed: number
  readonly days: number
  readonly kinds: ReadonlySet<Misfortune>
  /** As PCs are at the beginning; undefined: as somebody else has left them. */
  readonly base: Desired | undefined
  readonly next: Desired
  readonly knownImages?: ReadonlyMap<string, KnownSize>
  readonly witness: Witness
  /** The lycée's server hears a PC that starts. */
  readonly onStart: (machine: MachineId) => void
}

export type Region = {
  readonly pcs: ReadonlyMap<MachineId, SimulatedPc>
  readonly lines: ReadonlyMap<SiteId, SiteLines>
  readonly provider: Provider
  readonly mischief: Mischief
  readonly sizes: ImageSizes
  /** The lycées' servers fetch what this revision wants ahead. */
  prefetch(desired: Desired): void
  /** All PCs that are on and can be reached. */
  areOn(): Iterable<MachineId>
  /** Whether an image is not yet at every lycée that can be reached. */
  isAwaited(manifest: string): boolean
}

export const createRegion = (parts: RegionParts): Region => {
  const { clock, seed, base, next, kinds } = parts
  const stream = (name: number) => createRandom(Math.imul(seed, 0x9e3779b1) ^ name)
  const revisions = base === undefined ? [next] : [base, next]
  const archive = archiveOf(revisions)
  const sizes = imageSizes(revisions, parts.knownImages)
  const lines = new Map<SiteId, SiteLines>()
  for (const desired of revisions)
    for (const { id, uplinkBitsPerSecond } of desired.sites.values())
      if (!lines.has(id))
        lines.set(
          id,
          createSiteLines(clock, uplinkBitsPerSecond, sizes, () => hear(id)),
        )
  const lineOf = (machine: MachineId): SiteLines => {
    const line = lines.get(siteOf(machine))
    if (!line) throw new Error(`${machine} is in no lycée`)
    return line
  }
  const mischief = createMischief({
    clock,
    random: stream(1),
    kinds,
    base,
    next,
    archive,
    days: parts.days,
  })
  const machines = new Map<MachineId, DesiredMachine>()
  for (const desired of revisions) for (const [id, machine] of desired.machines) machines.set(id, machine)
  const modelRandom = stream(2)
  const workRandom = stream(3)
  const roomModels = new Map<string, (typeof pcModels)[number]>()
  /** Of all PCs of one model in a lycée. */
  const paces = new Map<string, Pace>()
  const paceOf = ({ id, site }: DesiredMachine, model: PcModel): Pace => {
    const { lan, uplink, here: imageHere } = lineOf(id)
    const key = `${site} ${model.name}`
    const known = paces.get(key)
    const pace =
      known ?? realPace({ clock, random: workRandom, model, sizes, lan, uplink, imageHere, packageBytes })
    paces.set(key, pace)
    return pace
  }
  const pcs = new Map<MachineId, SimulatedPc>()
  for (const machine of [...machines.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    // Rooms are bought whole.
    const model = roomModels.get(machine.room) ?? pcModels[Math.floor(modelRandom() * pcModels.length)]
    if (model === undefined) throw new Error('there are no models of PCs')
    roomModels.set(machine.room, model)
    const pc = new SimulatedPc({
      id: machine.id,
      clock,
      random: workRandom,
      archive,
      model,
      pace: paceOf(machine, model),
      boots: mischief.boots,
      brokenScripts: mischief.brokenScripts,
      on: false,
    })
    const before = base?.machines.get(machine.id)
    if (before !== undefined) pc.settle(before)
    pcs.set(machine.id, pc)
  }

  /** The lycée can be reached again. */
  const hear = (site: SiteId): void => {
    for (const pc of pcs.values()) if (pc.isOn() && siteOf(pc.id) === site) parts.onStart(pc.id)
  }

  const prefetch = (desired: Desired): void => {
    for (const { site, profile } of desired.machines.values())
      if (profile.disk?.manifest !== undefined) lines.get(site)?.want(profile.disk.manifest)
  }

  const answerRandom = stream(4)
  const provider = createSimulatedProvider({
    clock,
    random: stream(5),
    pcs,
    faults: mischief.faults,
    connected: (machine) => !lineOf(machine).isCut(),
    doubleOf: mischief.doubleOf,
    onStart: parts.onStart,
    // Answers come in the same few instants, so that a thousand of them are one step of the clock.
    answersIn: () => 100 * Math.ceil(between(answerRandom, 0, 8)),
    witness: (happened) => {
      const pc = pcs.get(happened.machine)
      if (happened.kind === 'started' && pc) mischief.started(pc)
      parts.witness(happened)
    },
  })
  mischief.begin(pcs, lines)
  sendPeople({
    clock,
    random: stream(6),
    rooms: classrooms(next, pcs),
    holidays: holidaysOf(next),
    isCareless: mischief.isCareless,
    onStart: (machine) => {
      if (!lineOf(machine).isCut()) parts.onStart(machine)
    },
  })
  for (const { site, profile } of base?.machines.values() ?? [])
    if (profile.disk?.manifest !== undefined) lines.get(site)?.stock(profile.disk.manifest)

  return {
    pcs,
    lines,
    provider,
    mischief,
    sizes,
    prefetch,
    areOn: () => [...pcs.values()].filter((pc) => pc.isOn() && !lineOf(pc.id).isCut()).map(({ id }) => id),
    isAwaited: (manifest) =>
      [...lines.values()].some((line) => !line.isCut() && line.isWanted(manifest) && !line.has(manifest)),
  }
}

const classrooms = (desired: Desired, pcs: ReadonlyMap<MachineId, SimulatedPc>) => {
  const rooms = new Map<string, { readonly timezone: string; readonly pcs: SimulatedPc[] }>()
  for (const { id, room, site } of desired.machines.values()) {
    const timezone = desired.sites.get(site)?.timezone ?? desired.park.timezone
    const known = rooms.get(room) ?? { timezone, pcs: [] }
    rooms.set(room, known)
    const pc = pcs.get(id)
    if (pc) known.pcs.push(pc)
  }
  return [...rooms.values()]
}

/** Calendars in which more may be done are those of days on which nobody is there. */
const holidaysOf = (desired: Desired): readonly LocalRange[] => {
  const calendars = new Map<string, readonly LocalRange[]>()
  for (const profile of new Set([...desired.machines.values()].map((machine) => machine.profile)))
    for (const { deny, span } of profile.windows)
      if (span.kind === 'calendar' && !deny) calendars.set(span.calendar, span.ranges)
  return [...calendars.values()].flat()
}
