import { defaults } from './defaults.ts'
import type {
  Desired,
  DesiredMachine,
  DesiredSecret,
  DesiredSite,
  Origin,
  Profile,
  SiteCapacity,
  SpecLayer,
  WantedPackage,
  WantedScript,
  Window,
} from './desired.ts'
import type { Position } from './diagnostic.ts'
import { digestOf } from './digest.ts'
import type { Digest, MachineId } from './ids.ts'

/**
 * The canonical bytes of a desired state: JSON, keys in the order in which compiling makes them, everything that machines share kept once in a table
 * and referred to by its index. Tables are in the order of first use by the machines, which are in the order of their ids:
 * equal desired states give equal bytes. No time and no path outside the park is in it.
 */
export const serializationFormat = 1

type Flat = {
  readonly format: typeof serializationFormat
  readonly park: Desired['park']
  readonly files: readonly string[]
  readonly sites: readonly FlatSite[]
  readonly secrets: readonly DesiredSecret[]
  readonly packages: readonly WantedPackage[]
  readonly scripts: readonly WantedScript[]
  readonly windows: readonly FlatWindow[]
  readonly calendars: readonly CalendarSpan[]
  /** Missing in what an earlier version stored. */
  readonly layers?: readonly SpecLayer[]
  readonly origins: readonly FlatOrigin[]
  readonly contents: readonly FlatContent[]
  readonly profiles: readonly FlatProfile[]
  readonly machines: readonly FlatMachine[]
}

/** File (index), line, column. */
type FlatPosition = readonly [number, number, number]
type FlatOrigin = readonly [path: string, ...FlatPosition, layer?: number]
type CalendarSpan = Extract<Window['span'], { kind: 'calendar' }>
type FlatSite = Omit<DesiredSite, 'rooms' | 'origin' | 'capacity'> & {
  /** An earlier version stored actions and wakes alone. */
  readonly capacity: Partial<SiteCapacity>
  readonly rooms: readonly (DesiredSite['rooms'] extends ReadonlyMap<unknown, infer Room> ? Room : never)[]
  readonly origin: FlatPosition
}
type FlatWindow = Omit<Window, 'span' | 'origin'> & {
  readonly span:
    | Exclude<Window['span'], CalendarSpan>
    | { readonly kind: 'calendar'; readonly calendar: number }
  readonly origin: FlatPosition
}
type FlatContent = Omit<Profile, 'packages' | 'scripts' | 'windows' | 'origins'> & {
  readonly packages: readonly number[]
  readonly scripts: readonly number[]
}
type FlatProfile = {
  readonly content: number
  readonly windows: readonly number[]
  readonly origins: readonly number[]
}
type FlatMachine = Omit<DesiredMachine, 'id' | 'profile' | 'origin'> & {
  readonly profile: number
  readonly origin: FlatPosition
}

/** Gives a desired state its digest: sha256 of its serialisation without the digest. */
export function sealed(desired: Omit<Desired, 'digest'>): Desired {
  return { digest: digestOf(JSON.stringify(flatten(desired))), ...desired }
}

export const serialize = (desired: Desired): string =>
  JSON.stringify({ digest: desired.digest, ...flatten(desired) })

/** Indexes values by identity, or by a key, in the order of first use. */
class Table<Value, Flattened> {
  readonly rows: Flattened[] = []
  readonly #indexes = new Map<unknown, number>()
  readonly #flatten: (value: Value) => Flattened
  readonly #key: (value: Value) => unknown

  constructor(flatten: (value: Value) => Flattened, key: (value: Value) => unknown = (value) => value) {
    this.#flatten = flatten
    this.#key = key
  }

  indexOf(value: Value): number {
    const key = this.#key(value)
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const row = this.#flatten(value)
    const index = this.rows.push(row) - 1
    this.#indexes.set(key, index)
    return index
  }
}

function flatten(desired: Omit<Desired, 'digest'>): Flat {
  const files = new Table<string, string>((file) => file)
  const position = ({ file, line, column }: Position): FlatPosition => [files.indexOf(file), line, column]
  const positionKey = ({ file, line, column }: Position): string => `${file}:${line}:${column}`
  const packages = new Table<WantedPackage, WantedPackage>(asIs, (each) => JSON.stringify(each))
  // A composite of two revisions may have a script twice: the same bodies, run under other terms.
  const scripts = new Table<WantedScript, WantedScript>(
    asIs,
    ({ name, digest, trigger, timeoutMs, effect }) =>
      `${name} ${digest} ${trigger.kind} ${timeoutMs} ${effect}`,
  )
  const calendars = new Table<CalendarSpan, CalendarSpan>(asIs, (each) => each.calendar)
  const windows = new Table<Window, FlatWindow>(
    (window) => ({
      deny: window.deny,
      allow: window.allow,
      span: flatSpan(window.span, calendars),
      origin: position(window.origin),
    }),
    (window) => JSON.stringify([positionKey(window.origin), window.deny, window.allow, window.span.kind]),
  )
  const layers = new Table<SpecLayer, SpecLayer>(asIs, (layer) => JSON.stringify(layer))
  const origins = new Table<readonly [string, Origin], FlatOrigin>(
    ([path, { layer, ...at }]) =>
      layer === undefined ? [path, ...position(at)] : [path, ...position(at), layers.indexOf(layer)],
    ([path, at]) => `${path} ${positionKey(at)}`,
  )
  const contents = new Table<Profile, FlatContent>(
    (profile) => flatContent(profile, packages, scripts),
    (profile) => profile.digest,
  )
  const profiles = new Table<Profile, FlatProfile>((profile) => ({
    content: contents.indexOf(profile),
    windows: profile.windows.map((window) => windows.indexOf(window)),
    origins: [...profile.origins].map((origin) => origins.indexOf(origin)),
  }))
  const sites = [...desired.sites.values()].map(
    ({ rooms, origin, ...site }): FlatSite => ({
      ...site,
      rooms: [...rooms.values()],
      origin: position(origin),
    }),
  )
  const machines = [...desired.machines.values()].map(
    ({ name, site, room, mac, address, hostKey, labels, profile, origin }): FlatMachine => ({
      name,
      site,
      room,
      mac,
      ...(address === undefined ? {} : { address }),
      ...(hostKey === undefined ? {} : { hostKey }),
      labels,
      profile: profiles.indexOf(profile),
      origin: position(origin),
    }),
  )
  return {
    format: serializationFormat,
    park: desired.park,
    files: files.rows,
    sites,
    secrets: [...desired.secrets.values()].map(({ name, digest, armored }) => ({ name, digest, armored })),
    packages: packages.rows,
    scripts: scripts.rows,
    windows: windows.rows,
    calendars: calendars.rows,
    layers: layers.rows,
    origins: origins.rows,
    contents: contents.rows,
    profiles: profiles.rows,
    machines,
  }
}

const asIs = <Value>(value: Value): Value => value

const flatSpan = (span: Window['span'], calendars: Table<CalendarSpan, CalendarSpan>): FlatWindow['span'] =>
  span.kind === 'calendar' ? { kind: 'calendar', calendar: calendars.indexOf(span) } : span

function flatContent(
  profile: Profile,
  packages: Table<WantedPackage, WantedPackage>,
  scripts: Table<WantedScript, WantedScript>,
): FlatContent {
  const {
    digest,
    facetDigests,
    roles,
    os,
    disk,
    identity,
    reset,
    userData,
    drift,
    inUse,
    power,
    ssh,
    retry,
  } = profile
  return {
    digest,
    facetDigests,
    roles,
    os,
    ...(disk === undefined ? {} : { disk }),
    packages: [...profile.packages.values()].map((each) => packages.indexOf(each)),
    scripts: [...profile.scripts.values()].map((each) => scripts.indexOf(each)),
    identity,
    ...(reset === undefined ? {} : { reset }),
    ...(userData === undefined ? {} : { userData }),
    drift,
    inUse,
    power,
    ssh,
    retry,
  }
}

/**
 * The desired state back from `serialize`'s bytes, with the same sharing. The bytes are our own (from the store): any others
 * are a bug, and throw.
 */
export function deserialize(bytes: string): Desired {
  const flat = JSON.parse(bytes) as Flat & { readonly digest: Digest }
  if (flat.format !== serializationFormat) {
    throw new Error(
      `a desired state in format ${flat.format}; this version reads format ${serializationFormat}`,
    )
  }
  const position = ([file, line, column]: FlatPosition): Position => ({
    file: at(flat.files, file),
    line,
    column,
  })
  const windows = flat.windows.map(
    ({ span, origin, ...window }): Window => ({
      ...window,
      span: span.kind === 'calendar' ? at(flat.calendars, span.calendar) : span,
      origin: position(origin),
    }),
  )
  const layers = flat.layers ?? []
  const origins = flat.origins.map(([path, file, line, column, layer]) => {
    const where = position([file, line, column])
    return [path, layer === undefined ? where : { ...where, layer: at(layers, layer) }] as const
  })
  const contents = flat.contents.map(({ packages, scripts, ...content }) => ({
    ...content,
    packages: new Map(packages.map((index) => [at(flat.packages, index).name, at(flat.packages, index)])),
    scripts: new Map(scripts.map((index) => [at(flat.scripts, index).name, at(flat.scripts, index)])),
  }))
  const profiles = flat.profiles.map(
    (profile): Profile => ({
      ...at(contents, profile.content),
      windows: profile.windows.map((index) => at(windows, index)),
      origins: new Map(profile.origins.map((index) => at(origins, index))),
    }),
  )
  const machines = flat.machines.map(
    ({ profile, origin, ...machine }): DesiredMachine => ({
      id: `${machine.site}/${machine.name}` as MachineId,
      ...machine,
      profile: at(profiles, profile),
      origin: position(origin),
    }),
  )
  const sites = flat.sites.map(
    ({ rooms, origin, capacity, ...site }): DesiredSite => ({
      ...site,
      capacity: { ...defaults.capacity, ...capacity },
      rooms: new Map(rooms.map((room) => [room.id, room])),
      origin: position(origin),
    }),
  )
  return {
    digest: flat.digest,
    park: flat.park,
    sites: new Map(sites.map((site) => [site.id, site])),
    machines: new Map(machines.map((machine) => [machine.id, machine])),
    secrets: new Map(flat.secrets.map((secret) => [secret.name, secret])),
  }
}

function at<Row>(rows: readonly Row[], index: number): Row {
  const row = rows[index]
  if (row === undefined) throw new Error(`a desired state refers to row ${index} of ${rows.length}`)
  return row
}
