/** A small park to plan for: every part has a plain default, and a test writes only what it is about. */

import type { Facts, Observed, ObservedDisk, ObservedPackages } from '../../reconciler/model/observed.ts'
import type { PlanInput, Target } from '../../reconciler/model/plan.ts'
import type {
  Desired,
  DesiredMachine,
  DesiredSite,
  Profile,
  SiteCapacity,
  SiteServer,
  WantedDisk,
  WantedPackage,
  WantedScript,
  Window,
} from '../../specs/desired.ts'
import type {
  Digest,
  Mac,
  MachineId,
  PackageName,
  Revision,
  RoomId,
  ScriptName,
  SiteId,
} from '../../specs/ids.ts'

/** Tuesday 13 October 2026, 10:00 in Paris. */
export const now = Date.parse('2026-10-13T08:00:00Z')

export const origin = { file: 'park.yaml', line: 1, column: 1 } as const

export const digest = (word: string): Digest => `sha256:${word}` as Digest
export const machineId = (id: string): MachineId => id as MachineId
export const siteId = (id: string): SiteId => id as SiteId

/** Plenty of what a test says nothing about. */
export const capacity = (more: Partial<SiteCapacity> = {}): SiteCapacity => ({
  actions: 1000,
  wakes: 1000,
  images: 1000,
  lanBitsPerSecond: 1e12,
  roomShare: 1,
  ...more,
})

export function wantedPackage(
  name: string,
  want: WantedPackage['want'] | string = { kind: 'present' },
  more: Partial<WantedPackage> = {},
): WantedPackage {
  return {
    name: name as PackageName,
    source: { kind: 'apt', name },
    want: typeof want === 'string' ? { kind: 'version', version: want } : want,
    effect: 'quiet',
    ...more,
  }
}

export function wantedScript(
  name: string,
  kind: WantedScript['trigger']['kind'] = 'change',
  more: Partial<WantedScript> = {},
): WantedScript {
  return {
    name: name as ScriptName,
    digest: digest(`script-${name}`),
    interpreter: ['/bin/sh'],
    trigger: kind === 'check' ? { kind, body: 'true' } : { kind },
    apply: 'true',
    timeoutMs: 60_000,
    secrets: [],
    effect: 'quiet',
    ...more,
  }
}

export const server: SiteServer = { address: '10.0.0.2', port: 8069, netboot: 'proxy' }

/** 64 hex digits, as a manifest's digest has. */
export const manifest = (version: string): string =>
  [...version]
    .map((character) => character.charCodeAt(0).toString(16))
    .join('')
    .padEnd(64, '0')

export function wantedDisk(version = '2026.09', more: Partial<WantedDisk> = {}): WantedDisk {
  return {
    name: 'debian-edu',
    version,
    manifest: manifest(version),
    layout: {
      table: 'gpt',
      partitions: [
        { name: 'esp', type: 'esp', sizeBytes: 2 ** 28, content: 'image' },
        { name: 'root', type: 'linux', sizeBytes: 30 * 2 ** 30, content: 'image', os: 'debian' },
        { name: 'cache', type: 'linux', sizeBytes: 20 * 2 ** 30, content: 'cache' },
        { name: 'data', type: 'linux', sizeBytes: 'rest', content: 'keep' },
      ],
    },
    layoutDigest: digest('layout'),
    boot: { default: 'root', timeoutMs: 5_000, resetEntries: true },
    settingsDigest: digest('settings'),
    ...more,
  }
}

/** What the wanted disk looks like once it was written. */
export function diskState(wanted: WantedDisk, at: number): NonNullable<ObservedDisk['state']> {
  return {
    manifest: wanted.manifest ?? '',
    image: `${wanted.name}@${wanted.version}`,
    layout: wanted.layoutDigest,
    settings: wanted.settingsDigest,
    job: `job-${at}`,
    at,
    how: 'restore',
  }
}

export const observedDisk = (
  wanted?: WantedDisk,
  at = now - 3_600_000,
  more: Partial<ObservedDisk> = {},
): ObservedDisk => ({
  at: now - 60_000,
  by: 'system',
  ...(wanted === undefined ? {} : { state: diskState(wanted, at) }),
  ...more,
})

/** In the imager a minute ago. */
export const imager = (id: string, disk: ObservedDisk, more: Partial<Observed> = {}): Observed => ({
  machine: machineId(id),
  observedAt: now - 60_000,
  observer: 'test',
  reach: 'imager',
  disk,
  errors: [],
  ...more,
})

type ProfileParts = Partial<Omit<Profile, 'packages' | 'scripts'>> & {
  readonly packages?: readonly WantedPackage[]
  readonly scripts?: readonly WantedScript[]
}

export function profile(parts: ProfileParts = {}): Profile {
  const { packages = [], scripts = [], ...more } = parts
  return {
    digest: digest('profile'),
    facetDigests: { packages: digest('packages'), scripts: digest('scripts'), identity: digest('identity') },
    roles: [],
    os: 'debian',
    packages: new Map(packages.map((one) => [one.name, one])),
    scripts: new Map(scripts.map((one) => [one.name, one])),
    identity: { hostname: false },
    windows: [],
    drift: {
      disk: 'enforce',
      packages: 'enforce',
      scripts: 'enforce',
      identity: 'enforce',
      reset: 'enforce',
    },
    inUse: { kind: 'wait' },
    power: { wake: true, reboot: 'when-needed' },
    ssh: { user: 'root', port: 22, firstContact: 'refuse' },
    retry: { attempts: 3, baseMs: 60_000, capMs: 3_600_000 },
    origins: new Map(),
    ...more,
  }
}

/** `id` as `victor-hugo/b204-01`; its room is what stands before the hyphen. */
export function machine(
  id: string,
  ofProfile: Profile = profile(),
  more: Partial<DesiredMachine> = {},
): DesiredMachine {
  const [site = '', name = ''] = id.split('/')
  return {
    id: machineId(id),
    name,
    site: siteId(site),
    room: `${site}/${name.split('-')[0] ?? ''}` as RoomId,
    mac: macOf(id),
    labels: [],
    profile: ofProfile,
    origin: { file: `lycees/${site}.yaml`, line: 9, column: 3 },
    ...more,
  }
}

function macOf(id: string): Mac {
  const sum = [...id].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % 2 ** 32, 7)
  const hex = sum.toString(16).padStart(8, '0')
  return `52:54:${hex.match(/../g)?.join(':') ?? ''}` as Mac
}

export function park(
  machines: readonly DesiredMachine[],
  more: Partial<DesiredSite> = {},
  word = 'desired',
): Desired {
  const sites = new Map<SiteId, DesiredSite>()
  for (const { site } of machines) {
    const rooms = machines
      .filter((one) => one.site === site)
      .map(({ room }) => [room, { id: room, name: room.split('/')[1] ?? '' }] as const)
    sites.set(site, {
      id: site,
      title: `Lycée ${site}`,
      timezone: 'Europe/Paris',
      wake: { broadcast: '255.255.255.255', port: 9 },
      capacity: capacity({ actions: 10, wakes: 10 }),
      rooms: new Map(rooms),
      origin: { file: `lycees/${site}.yaml`, line: 1, column: 1 },
      ...more,
    })
  }
  return {
    digest: digest(word),
    park: { name: 'essai', timezone: 'Europe/Paris', locale: 'fr', removalLimit: 0.1 },
    sites,
    machines: new Map(machines.map((one) => [one.id, one])),
    secrets: new Map(),
  }
}

type FactsParts = Partial<Omit<Facts, 'packages'>> & {
  readonly installed?: Readonly<Record<string, string>>
  readonly packages?: Partial<ObservedPackages>
}

export function facts(parts: FactsParts = {}): Facts {
  const { installed = {}, packages = {}, ...more } = parts
  return {
    at: now - 60_000,
    bootId: 'boot-1',
    bootedAt: now - 3_600_000,
    clockSkewMs: 0,
    os: { id: 'debian', version: '13', name: 'Debian GNU/Linux 13', kernel: '6.12', arch: 'amd64' },
    hardware: {
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      firmware: 'uefi',
      macs: [],
      disks: [],
      rootFreeBytes: 2 ** 33,
    },
    sessions: [],
    rebootPending: false,
    packages: {
      digest: digest('installed'),
      installed: new Map(Object.entries(installed)),
      held: new Set(),
      broken: [],
      candidates: new Map(),
      ...packages,
    },
    scripts: new Map(),
    identity: { hostname: 'pc', authorizedKeys: [] },
    ...more,
  }
}

export const script = (name: string): ScriptName => name as ScriptName

export function up(id: string, of: Facts = facts(), more: Partial<Observed> = {}): Observed {
  return {
    machine: machineId(id),
    observedAt: of.at,
    observer: 'test',
    reach: 'up',
    facts: of,
    errors: [],
    ...more,
  }
}

/** Off since a minute ago; `of` is what it was when last on. */
export function off(id: string, of?: Facts, more: Partial<Observed> = {}): Observed {
  const seen = {
    machine: machineId(id),
    observedAt: now - 60_000,
    observer: 'test',
    reach: 'off',
    errors: [],
  } as const
  return of === undefined ? { ...seen, ...more } : { ...seen, facts: of, ...more }
}

export function targetOf(desired: Desired, generation = 1): Target {
  return {
    fence: { epoch: 1, generation },
    parent: null,
    revision: 'folder:1' as Revision,
    desired: desired.digest,
    at: now,
  }
}

export function planInput(
  desired: Desired,
  observed: readonly Observed[],
  more: Partial<PlanInput> = {},
): PlanInput {
  return {
    desired,
    target: targetOf(desired),
    inventory: new Map(observed.map((one) => [one.machine, one])),
    history: new Map(),
    pauses: [],
    freshMs: 600_000,
    now,
    ...more,
  }
}

export function weekly(
  days: readonly ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[],
  from: string,
  to: string,
  more: Partial<Window> = {},
): Window {
  return {
    deny: false,
    allow: 'disruptive',
    span: { kind: 'weekly', days, fromMinute: minuteOf(from), toMinute: minuteOf(to) },
    origin,
    ...more,
  }
}

export function calendar(from: string, to: string, more: Partial<Window> = {}): Window {
  return {
    deny: false,
    allow: 'destructive',
    span: { kind: 'calendar', calendar: 'vacances', ranges: [{ from, to }] },
    origin,
    ...more,
  }
}

export const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

function minuteOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}
