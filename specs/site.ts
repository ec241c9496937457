import type { Catalog } from './catalog.ts'
import type { Compilation } from './compilation.ts'
import { readCsvMachines } from './csv-machines.ts'
import { defaults } from './defaults.ts'
import type { DesiredMachine, DesiredSite, SpecLayer } from './desired.ts'
import type { Findings } from './findings.ts'
import type { RoomId } from './ids.ts'
import type { Branch } from './layers.ts'
import {
  type MachineCompiler,
  mergeLabels,
  type Surroundings,
  type WrittenMachine,
} from './machine-compiler.ts'
import { broadcastOf, formatIpv4 } from './network.ts'
import type { Spec } from './read-spec.ts'
import type { LyceeSpec, RoomSpec } from './schema/lycee.ts'
import type { MachineSpec } from './schema/machine.ts'
import type { Settings } from './schema/settings.ts'
import { compileServer } from './server.ts'
import { settingsLayer } from './settings-layer.ts'
import type { SourceMap } from './source-document.ts'
import { locate, placeAt, type SourcePath } from './source-path.ts'
import { type Place, positionOf } from './source-text.ts'
import type { Stack } from './stack.ts'
import { suggest } from './suggest.ts'
import { say } from './text.ts'

type Lycee = Spec<'Lycee'>
type Room = { readonly around: Surroundings; readonly stack: Stack }

/** A lycée's own data, and its machines in the order written. */
export function compileSite(
  lycee: Lycee,
  parkTimezone: string,
  compilation: Compilation,
  machines: MachineCompiler,
): { readonly site: DesiredSite; readonly machines: readonly DesiredMachine[] } {
  const { spec, document } = lycee
  const compiled: DesiredMachine[] = []
  const lyceeLayer = layerOf(spec, lycee, [], compilation, { kind: 'lycee' })
  const rooms = new Map<string, Room>()
  for (const [name, room] of Object.entries(spec.rooms ?? {})) {
    const path = ['rooms', name]
    const around: Surroundings = {
      site: spec.name,
      room: `${spec.name}/${name}` as RoomId,
      domain: spec.network?.domain,
      subnet: spec.network?.subnet,
      labels: mergeLabels(spec.labels, room.labels),
      role: room.role ?? spec.role,
      layers: [lyceeLayer, layerOf(room, lycee, path, compilation, { kind: 'room' })],
    }
    const entry = { around, stack: machines.stackOf(around) }
    rooms.set(name, entry)
    compiled.push(...roomMachines(room, lycee, path, entry, compilation, machines))
  }
  compiled.push(...lyceeMachines(lycee, rooms, compilation, machines))
  checkWake(lycee, compilation)
  const server = compileServer(lycee, compiled, compilation)
  const site = siteOf(spec, parkTimezone, positionOf(placeAt(document, ['name'])))
  return { site: server === undefined ? site : { ...site, server }, machines: compiled }
}

/** The settings written at a path, and its role checked. */
function layerOf(
  written: Settings & { readonly role?: string | undefined },
  lycee: Lycee,
  path: SourcePath,
  compilation: Compilation,
  of: SpecLayer,
): Branch {
  if (written.role !== undefined) {
    compilation.catalog.find('Role', written.role, placeAt(lycee.document, [...path, 'role']))
  }
  return settingsLayer(written, lycee.document, path, compilation, of)
}

function siteOf(spec: LyceeSpec, parkTimezone: string, origin: DesiredSite['origin']): DesiredSite {
  const { network, uai, city, capacity, wake, name: id } = spec
  const subnet = network?.subnet
  const broadcast = wake?.broadcast ?? (subnet ? formatIpv4(broadcastOf(subnet)) : defaults.limitedBroadcast)
  const rooms = Object.entries(spec.rooms ?? {}).map(([name, { title }]) => {
    const room = { id: `${id}/${name}` as RoomId, name }
    return [room.id, title === undefined ? room : { ...room, title }] as const
  })
  return {
    id,
    title: spec.title ?? id,
    ...(uai === undefined ? {} : { uai }),
    ...(city === undefined ? {} : { city }),
    timezone: spec.timezone ?? parkTimezone,
    wake: { broadcast, port: wake?.port ?? defaults.wakePort },
    ...(network?.domain === undefined ? {} : { domain: network.domain }),
    ...(subnet === undefined ? {} : { subnet: subnet.text }),
    ...(network?.uplink === undefined ? {} : { uplinkBitsPerSecond: network.uplink }),
    capacity: {
      actions: capacity?.actions ?? defaults.capacity.actions,
      wakes: capacity?.wakes ?? defaults.capacity.wakes,
      images: capacity?.images ?? defaults.capacity.images,
      lanBitsPerSecond: capacity?.lan ?? defaults.capacity.lanBitsPerSecond,
      roomShare: capacity?.room ?? defaults.capacity.roomShare,
    },
    rooms: new Map(rooms),
    origin,
  }
}

function roomMachines(
  { machines: written }: RoomSpec,
  lycee: Lycee,
  roomPath: SourcePath,
  { around, stack }: Room,
  compilation: Compilation,
  machines: MachineCompiler,
): readonly DesiredMachine[] {
  const compiled: DesiredMachine[] = []
  const add = (machine: WrittenMachine): void => {
    const desired = machines.compile(machine, around, stack)
    if (desired) compiled.push(desired)
  }
  if (!written) return []
  const path = [...roomPath, 'machines']
  if (isCsv(written)) {
    const csvPath = [...path, 'csv']
    for (const { machine, room, roomPlace } of readCsvMachines(
      written.csv,
      placeAt(lycee.document, csvPath),
      compilation,
    )) {
      if (room === undefined || room === roomPath.at(-1)) add(machine)
      else wrongRoom(room, String(roomPath.at(-1)), roomPlace, compilation)
    }
    return compiled
  }
  const { node } = locate(lycee.document.root, path)
  if (node.kind !== 'map') return []
  for (const [name, spec] of Object.entries(written)) {
    add(writtenMachine(name, spec, lycee, path, node, compilation))
  }
  return compiled
}

const isCsv = (written: NonNullable<RoomSpec['machines']>): written is { csv: string } =>
  typeof written['csv'] === 'string' && !isMac(written['csv'])

const isMac = (text: string): boolean => /^[0-9a-f:]{17}$/.test(text)

function wrongRoom(room: string, expected: string, place: Place, { findings }: Compilation): void {
  findings.error(
    place,
    'wrong-room',
    say(
      `This line says room “${room}”, but the file is that of room “${expected}”.`,
      `Cette ligne indique la salle « ${room} », mais le fichier est celui de la salle « ${expected} ».`,
    ),
    expected,
  )
}

function writtenMachine(
  name: string,
  spec: MachineSpec,
  lycee: Lycee,
  path: SourcePath,
  machinesNode: SourceMap,
  compilation: Compilation,
): WrittenMachine {
  const { source } = lycee.document
  const entry = machinesNode.entries.get(name)
  const place = { source, at: entry?.at ?? machinesNode.at }
  const valuePlace = { source, at: entry?.node.at ?? machinesNode.at }
  if (typeof spec === 'string') {
    return { name, mac: spec, labels: [], place, macPlace: valuePlace, addressPlace: place, rolePlace: place }
  }
  const own = [...path, name]
  const layer = settingsLayer(spec, lycee.document, own, compilation, { kind: 'machine' })
  return {
    name,
    mac: spec.mac,
    address: spec.address,
    hostKey: spec.hostKey,
    labels: spec.labels ?? [],
    role: spec.role,
    layer,
    place,
    macPlace: placeAt(lycee.document, [...own, 'mac']),
    addressPlace: placeAt(lycee.document, [...own, 'address']),
    rolePlace: placeAt(lycee.document, [...own, 'role']),
  }
}

/** A CSV file for the whole lycée; every line names one of its rooms. */
function lyceeMachines(
  { spec, document }: Lycee,
  rooms: ReadonlyMap<string, Room>,
  compilation: Compilation,
  machines: MachineCompiler,
): readonly DesiredMachine[] {
  if (!spec.machines) return []
  const compiled: DesiredMachine[] = []
  for (const { machine, room, roomPlace } of readCsvMachines(
    spec.machines.csv,
    placeAt(document, ['machines', 'csv']),
    compilation,
  )) {
    const found = room === undefined ? undefined : rooms.get(room)
    if (!found) {
      compilation.findings.error(
        roomPlace,
        'unknown-room',
        say(
          room === undefined
            ? 'This line names no room.'
            : `The lycée has no room “${room}”; add it under \`rooms\` (\`${room}: {}\`).`,
          room === undefined
            ? 'Cette ligne n’indique pas de salle.'
            : `Le lycée n’a pas de salle « ${room} » ; ajoutez-la sous \`rooms\` (\`${room}: {}\`).`,
        ),
        room === undefined ? undefined : suggest(room, rooms.keys()),
      )
      continue
    }
    const desired = machines.compile(machine, found.around, found.stack)
    if (desired) compiled.push(desired)
  }
  return compiled
}

/** A magic packet sent to one host reaches a PC that is off only while its address is still remembered. */
function checkWake({ spec, document }: Lycee, { findings }: Compilation): void {
  const broadcast = spec.wake?.broadcast
  if (broadcast === undefined || /^(?:0|127)\./.test(broadcast) === false) return
  findings.error(
    placeAt(document, ['wake', 'broadcast']),
    'bad-address',
    say('Magic packets cannot be sent there.', 'Les paquets de réveil ne peuvent pas être envoyés là.'),
  )
}

/** Every lycée has its own UAI. */
export function checkSites({ all }: Catalog, findings: Findings): void {
  const byUai = new Map<string, Lycee>()
  for (const lycee of all('Lycee')) {
    const { uai } = lycee.spec
    const first = uai === undefined ? undefined : byUai.get(uai)
    if (first) {
      findings.error(
        placeAt(lycee.document, ['uai']),
        'duplicate-uai',
        say(
          `Lycée “${first.spec.name}” has UAI ${uai} already.`,
          `Le lycée « ${first.spec.name} » a déjà l’UAI ${uai}.`,
        ),
      )
    } else if (uai !== undefined) byUai.set(uai, lycee)
  }
}
