/**
 * What compiling one revision of a park says each machine must be. Plain, deeply readonly data: the only thing that the
 * reconciler ever sees of the specs.
 *
 * Machines whose settings come from the same layers share one `Profile` object: a region's 15,000 PCs have a few
 * hundred profiles, and memory, digests and diffs grow with those.
 */
import type { Position } from './diagnostic.ts'
import type { Digest, Mac, MachineId, PackageName, RoomId, ScriptName, SecretName, SiteId } from './ids.ts'
import type { Locale } from './text.ts'

export type Facet = 'disk' | 'packages' | 'scripts' | 'identity' | 'reset'

/** Ordered from the least to the most that a person at the PC would notice. */
export type Effect = 'quiet' | 'disruptive' | 'destructive'

/** Drift is made good, only reported, or not looked at. A difference that comes from a new commit is always applied, unless `ignore`. */
export type DriftPolicy = 'enforce' | 'report' | 'ignore'

export type Desired = {
  /** Of the canonical serialisation: the same contents give the same digest wherever they were read from. */
  readonly digest: Digest
  readonly park: DesiredPark
  readonly sites: ReadonlyMap<SiteId, DesiredSite>
  /** In the order of their ids. */
  readonly machines: ReadonlyMap<MachineId, DesiredMachine>
  /** Armoured age files by name; opened only by the process that applies them. */
  readonly secrets: ReadonlyMap<SecretName, DesiredSecret>
}

export type DesiredPark = {
  readonly name: string
  readonly timezone: string
  readonly locale: Locale
  /** Share (0..1) of the managed machines that one commit may stop managing or wipe without approval. */
  readonly removalLimit: number
  /** The rollout as written: waves, soak, thresholds; read by the rollout, kept whole here. */
  readonly rollout?: DesiredRollout
}

export type DesiredRollout = {
  readonly waves: readonly DesiredWave[]
  readonly soakMs: number
  /** Share (0..1) of failures over attempted machines from which a rollout pauses. */
  readonly pauseAtFailureShare?: number
  /** The same of one lycée's machines, which is then held by itself. */
  readonly lyceeFailureShare?: number
  readonly successShare?: number
  readonly approval?: boolean
  /** How long a wave waits for machines that nothing could be tried on. */
  readonly deadlineMs?: number
  /** How soon after its change a machine must have been seen well. */
  readonly healthMs?: number
  readonly rollback?: 'never' | 'quiet'
}

export type DesiredWave = {
  readonly lycees?: readonly string[]
  readonly rooms?: readonly string[]
  readonly labels?: readonly string[]
  /** 0..100, of all machines, counted over the waves before as well. */
  readonly percent?: number
  /** Over the rollout's own. */
  readonly soakMs?: number
  readonly approval?: boolean
}

export type DesiredSite = {
  readonly id: SiteId
  readonly title: string
  readonly uai?: string
  readonly city?: string
  readonly timezone: string
  /** Where magic packets go. Without a subnet: the limited broadcast address. */
  readonly wake: { readonly broadcast: string; readonly port: number }
  /** Appended to a machine's name where it has no address of its own. */
  readonly domain?: string
  readonly subnet?: string
  readonly uplinkBitsPerSecond?: number
  /** The lycée's site server, which serves images, netboot and the reset page. Undefined: disks are not managed here. */
  readonly server?: SiteServer
  readonly capacity: SiteCapacity
  readonly rooms: ReadonlyMap<RoomId, { readonly id: RoomId; readonly name: string; readonly title?: string }>
  readonly origin: Position
}

/** How much is done at once at a lycée. */
export type SiteCapacity = {
  /** PCs worked on at the same time. */
  readonly actions: number
  /** PCs woken within ten seconds. */
  readonly wakes: number
  /** Disks written at the same time. */
  readonly images: number
  /** Of the site server's link, which they share. */
  readonly lanBitsPerSecond: number
  /** Share (0..1) of a room's PCs that may be out of use at once; one may always be worked on. */
  readonly roomShare: number
}

export type DesiredMachine = {
  readonly id: MachineId
  readonly name: string
  readonly site: SiteId
  readonly room: RoomId
  readonly mac: Mac
  /** Host name or IP address to reach it at; default `<name>.<domain>`, else the address that the site's neighbour table has for its MAC. */
  readonly address?: string
  /** `SHA256:<base64>` of its SSH host key, as `ssh-keygen -l` prints it, when the spec pins it. */
  readonly hostKey?: string
  readonly labels: readonly string[]
  readonly profile: Profile
  readonly origin: Position
}

export type Profile = {
  /** Of everything below but `origins`: two machines with equal digests want the same. */
  readonly digest: Digest
  /** Of each facet's part alone: what was applied last is remembered by these. */
  readonly facetDigests: Readonly<Partial<Record<Facet, Digest>>>
  readonly roles: readonly string[]
  readonly os: 'debian' | 'windows'
  /** Undefined: the disk is not managed. */
  readonly disk?: WantedDisk
  readonly packages: ReadonlyMap<PackageName, WantedPackage>
  readonly scripts: ReadonlyMap<ScriptName, WantedScript>
  readonly identity: WantedIdentity
  readonly reset?: WantedReset
  readonly userData?: { readonly migrate: boolean }
  readonly windows: readonly Window[]
  readonly drift: Readonly<Record<Facet, DriftPolicy>>
  readonly inUse: InUsePolicy
  readonly power: { readonly wake: boolean; readonly reboot: 'when-needed' | 'never' }
  readonly ssh: { readonly user: string; readonly port: number; readonly firstContact: 'refuse' | 'pin' }
  readonly retry: { readonly attempts: number; readonly baseMs: number; readonly capMs: number }
  /** Where each resolved value was written: `packages.blender` → roles/art.yaml:12. Keys are dotted paths; `layout` is the disk's. */
  readonly origins: ReadonlyMap<string, Origin>
}

/** Which of the layers set a value. A disk's layout is set by its image. */
export type SpecLayer =
  | { readonly kind: 'park' | 'lycee' | 'room' | 'machine' }
  | { readonly kind: 'role' | 'image'; readonly name: string }

/** `layer` is missing in what an earlier version has compiled and stored. */
export type Origin = Position & { readonly layer?: SpecLayer }

export type WantedPackage = {
  readonly name: PackageName
  /** The name under which the platform's package manager knows it. Undefined: this package does not exist on this OS. */
  readonly source?:
    | { readonly kind: 'apt'; readonly name: string }
    | { readonly kind: 'winget'; readonly name: string }
  readonly want:
    | { readonly kind: 'present' }
    | { readonly kind: 'latest' }
    | { readonly kind: 'absent' }
    /** The distribution's full version (`1:2.4-1+b1`), or the upstream part alone (`2.4`). */
    | { readonly kind: 'version'; readonly version: string }
  /** Kept from being upgraded by anyone else (`apt-mark hold`). Undefined: not managed. */
  readonly hold?: boolean
  readonly effect: Effect
}

export type WantedScript = {
  readonly name: ScriptName
  /** Of interpreter, bodies, run-as and secrets: a changed script is one whose digest changed. */
  readonly digest: Digest
  /** The program and its arguments; the body is its standard input's place, a file: `['/bin/sh']`, `['/usr/bin/python3', '-I']`. */
  readonly interpreter: readonly string[]
  /** What makes it run: its own check says no, or, for a script without one, a changed digest, a new boot, or never having succeeded. */
  readonly trigger:
    | { readonly kind: 'check'; readonly body: string }
    | { readonly kind: 'change' | 'boot' | 'once' }
  readonly apply: string
  readonly timeoutMs: number
  readonly runAs?: string
  readonly secrets: readonly SecretName[]
  readonly effect: Effect
}

export type DesiredSecret = { readonly name: SecretName; readonly digest: Digest; readonly armored: string }

export type WantedIdentity = {
  /** Whether the machine's host name is kept equal to its name in the spec. */
  readonly hostname: boolean
  /** Public keys (`ssh-ed25519 AAAA… comment`) that the managing account must accept; others are left alone. */
  readonly authorizedKeys?: readonly string[]
}

/** The disk as one commit wants it: an image version, the layout, and what is installed around it. */
export type WantedDisk = {
  readonly name: string
  readonly version: string
  /** SHA-256 of the manifest, 64 hex digits. Undefined: the version was not imported yet, and nothing is written. */
  readonly manifest?: string
  readonly layout: WantedLayout
  readonly layoutDigest: Digest
  readonly boot: { readonly default: string; readonly timeoutMs: number; readonly resetEntries: boolean }
  /** Of boot menu, reset policy and kept paths: what the imager installs besides the image. */
  readonly settingsDigest: Digest
}

export type WantedLayout = {
  readonly table: 'gpt' | 'mbr'
  /** Kernel name, model or serial of the disk, for PCs with several. */
  readonly disk?: string
  readonly partitions: readonly WantedPartition[]
}

export type WantedPartition = {
  readonly name: string
  readonly type: 'bios' | 'esp' | 'msr' | 'linux' | 'swap' | 'windows' | 'recovery' | 'data'
  readonly sizeBytes: number | 'rest'
  readonly content: 'image' | 'cache' | 'keep' | 'empty'
  readonly os?: 'debian' | 'windows'
  readonly title?: string
}

export type SiteServer = {
  /** IPv4 address in the lycée's network at which PCs reach it, and on which it listens. */
  readonly address: string
  readonly port: number
  /** `proxy`: beside the DHCP server that is there; `dhcp`: it is the DHCP server; `off`: somebody else points PCs to it. */
  readonly netboot: 'off' | 'proxy' | 'dhcp'
  readonly range?: { readonly from: string; readonly to: string }
  readonly router?: string
  readonly dns?: readonly string[]
  /** The secret whose contents teachers type on the reset page. Undefined: no reset page. */
  readonly resetPin?: SecretName
}

export type WantedReset = {
  readonly policy: 'never' | 'on-demand' | 'nightly' | 'at-boot'
  readonly keep: readonly string[]
  readonly by: readonly string[]
}

/** With nobody logged in there is nothing to wait for; `wait` holds everything, `quiet` lets quiet changes through, `warn` tells the user and goes on after a delay. */
export type InUsePolicy =
  | { readonly kind: 'wait' }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'warn'; readonly delayMs: number }

/**
 * When changes may start. A machine with no windows at all is always open; deny windows win over all others.
 * Times are wall-clock times in the site's time zone; `to` at or before `from` ends on the next day.
 */
export type Window = {
  readonly deny: boolean
  /** The most that may be done in it. */
  readonly allow: Effect
  readonly span:
    | {
        readonly kind: 'weekly'
        readonly days: readonly Weekday[]
        readonly fromMinute: number
        readonly toMinute: number
      }
    | { readonly kind: 'calendar'; readonly calendar: string; readonly ranges: readonly LocalRange[] }
    | { readonly kind: 'always' }
  readonly origin: Position
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/** Wall-clock time, `2026-10-17T00:00`; the end is not included. `zone` when the calendar file itself gives one. */
export type LocalRange = {
  readonly from: string
  readonly to: string
  readonly zone?: string
  readonly summary?: string
}
