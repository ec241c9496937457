import type { ActionId, Digest, Instant, MachineId, ScriptName } from './ids.ts'
import type { Reason } from './reason.ts'

/**
 * `up`: its operating system answered and was read. `imager`: it runs our ramdisk. `off`: nothing answers at its address,
 * which at night is normal. `silent`: something answers but would not let us read (key changed, login refused, no shell).
 */
export type Reach = 'up' | 'imager' | 'off' | 'silent'

/** The last look at a machine, whatever came of it. `facts` stay from the last look that succeeded. */
export type Observed = {
  readonly machine: MachineId
  readonly observedAt: Instant
  /** Which process looked. */
  readonly observer: string
  readonly reach: Reach
  readonly facts?: Facts
  /** What is known of its disk, from its own system's state record or from the imager. Kept across looks; undefined: never read. */
  readonly disk?: ObservedDisk
  /** What could not be read, and why. */
  readonly errors: readonly Reason[]
}

export type ObservedDisk = {
  readonly at: Instant
  readonly by: 'system' | 'imager'
  /** The state record; undefined: the disk is blank, or was written by somebody else. */
  readonly state?: {
    readonly manifest: string
    readonly image: string
    readonly layout: string
    readonly settings: string
    readonly job: string
    /** When it was last made equal to its image. */
    readonly at: Instant
    readonly how: 'restore' | 'upgrade' | 'reset'
  }
  /** Fixed disks and what is on them, if the imager looked. */
  readonly disks?: readonly {
    readonly name: string
    readonly sizeBytes: number
    readonly model?: string
    readonly serial?: string
    readonly partitions: readonly {
      readonly number: number
      readonly sizeBytes: number
      readonly name?: string
      readonly fileSystem?: string
      readonly label?: string
    }[]
  }[]
  /** The last comparison of the disk with its manifest, byte by byte. */
  readonly verified?: {
    readonly at: Instant
    readonly manifest: string
    readonly differing: readonly {
      readonly partition: string
      readonly chunks: number
      readonly differing: number
      readonly files?: readonly string[]
    }[]
  }
}

export type Facts = {
  readonly at: Instant
  readonly bootId: string
  readonly bootedAt: Instant
  /** The clock of the PC less ours, in milliseconds. */
  readonly clockSkewMs: number
  readonly os: {
    readonly id: string
    readonly version: string
    readonly name: string
    readonly kernel: string
    readonly arch: string
  }
  readonly hardware: Hardware
  readonly sessions: readonly Session[]
  /** The OS asks for a restart (`/run/reboot-required`). */
  readonly rebootPending: boolean
  /** People cannot log in now: the system is starting, stopping or in maintenance (`/run/nologin`, `/etc/nologin`). */
  readonly loginsClosed?: true
  /** The action that runs on the PC at this moment, started by whomever. */
  readonly running?: ActionId
  /** Missing facet: it could not be read; the reason stands in `Observed.errors`. */
  readonly packages?: ObservedPackages
  /** One entry for each script that the machine was to have at that look, also if it never ran (`{}`). A script without entry was not asked about: nothing is decided on it before the next look. */
  readonly scripts?: ReadonlyMap<ScriptName, ObservedScript>
  readonly identity?: ObservedIdentity
}

export type Hardware = {
  readonly vendor?: string
  readonly model?: string
  readonly serial?: string
  readonly uuid?: string
  readonly cpu?: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly firmware: 'bios' | 'uefi'
  readonly macs: readonly string[]
  readonly disks: readonly {
    readonly name: string
    readonly sizeBytes: number
    readonly model?: string
    readonly rotational: boolean
  }[]
  readonly rootFreeBytes: number
}

export type Session = { readonly user: string; readonly terminal: string; readonly since?: Instant }

export type ObservedPackages = {
  /** Of the installed set: PCs of one room mostly share it, so it is kept once. */
  readonly digest: Digest
  /** Installed packages and their full versions, by the package manager's own names (foreign architectures as `name:arch`). */
  readonly installed: ReadonlyMap<string, string>
  readonly held: ReadonlySet<string>
  /** Half-installed or half-configured packages, and what dpkg says of them. Empty: the database is sound. */
  readonly broken: readonly { readonly name: string; readonly state: string }[]
  /** The package manager's candidate version of each wanted package, where it knows one. */
  readonly candidates: ReadonlyMap<string, string>
}

export type ObservedScript = {
  /** The last run that ended, as recorded on the PC. */
  readonly lastRun?: {
    readonly digest: Digest
    readonly bootId: string
    readonly at: Instant
    readonly exitCode: number
  }
  /** Whether it ever ended with 0, and with which digest last. */
  readonly succeeded?: { readonly digest: Digest; readonly bootId: string; readonly at: Instant }
  /** For a script with a check: what the check said now. */
  readonly check?: { readonly digest: Digest; readonly exitCode: number; readonly output: string }
}

export type ObservedIdentity = {
  readonly hostname: string
  /** Public keys that the managing account accepts (`type base64`, comments left out). */
  readonly authorizedKeys: readonly string[]
}
