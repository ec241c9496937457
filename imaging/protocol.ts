/**
 * What the imager on a PC and the site server say to each other: JSON over HTTP on the lycée's network.
 *
 * ```
 * POST /imager/hello      Hello → Answer        asked again every few seconds while the answer is `wait`
 * POST /imager/progress   Progress → 204        with `Authorization: Bearer <job.token>`
 * POST /imager/done       Done → 204            with the same
 * GET  /store/manifests/<digest>.json, .sig; /store/lists/<digest>, /store/maps/<digest>, /store/chunks/ab/<name>.zst
 * POST /store/batch       N × 32 bytes of chunk names → frames (imaging/batch.ts)
 * POST /store/missing     N × 32 bytes → those of them that the store lacks        capture only, with the job's token
 * PUT  /store/chunks/ab/<name>.zst, /store/lists/<digest>, /store/maps/<digest>                    capture only, with the job's token
 * ```
 *
 * The network is not trusted. The ramdisk holds two ed25519 public keys: the park's, which signs manifests, and the site's, which
 * signs jobs. A job is for one machine (its MAC) and one boot of the imager (the nonce of its hello): it cannot be replayed. It names
 * the manifest by digest: an older one with a valid signature is another digest. What the PC is told without a signature can make it
 * wait or start its own system, nothing else.
 */
import type { Firmware } from './manifest.ts'

export type Hello = {
  readonly format: 'proviseur-hello-1'
  /** 32 random bytes, hex, drawn at each start of the imager. */
  readonly nonce: string
  /** The card it started from first. Lower case, colons. */
  readonly macs: readonly string[]
  readonly uuid?: string
  readonly vendor?: string
  readonly model?: string
  readonly serial?: string
  readonly firmware: Firmware
  readonly secureBoot: boolean
  readonly cpu?: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly disks: readonly HelloDisk[]
  /** What our state record on the disk says (imaging/state.ts); undefined: there is none, the disk is blank or another's. */
  readonly state?: DiskState
  /** Version of the ramdisk: digest of its recipe's inputs. */
  readonly imager: string
}

export type HelloDisk = {
  /** Kernel name: `sda`, `nvme0n1`, `vda`. */
  readonly name: string
  readonly sizeBytes: number
  readonly sectorBytes: number
  readonly model?: string
  readonly serial?: string
  readonly rotational: boolean
  /** `usb`, `sata`, `nvme`, `virtio`, `mmc`, … */
  readonly bus?: string
  readonly table?: 'gpt' | 'mbr'
  readonly partitions: readonly {
    readonly number: number
    readonly startBytes: number
    readonly sizeBytes: number
    readonly type?: string
    readonly name?: string
    readonly fileSystem?: string
    readonly label?: string
  }[]
}

/**
 * What the imager leaves behind when it has made the disk equal: as `/var/lib/proviseur/disk.json` (Windows:
 * `ProgramData/Proviseur/disk.json`) in each operating system, and as `state.json` in the cache partition.
 */
export type DiskState = {
  readonly format: 'proviseur-disk-1'
  /** Digest of the manifest that the disk was made equal to. */
  readonly manifest: string
  /** `name@version`. */
  readonly image: string
  /** Of the wanted layout (`WantedDisk.layout`). */
  readonly layout: string
  /** Of boot menu, reset policy and kept paths as they were installed (`WantedDisk.settings`). */
  readonly settings: string
  readonly job: string
  /** When it was made equal, and how. Epoch milliseconds by the PC's clock (set from the site server's `date`). */
  readonly at: number
  readonly how: 'restore' | 'upgrade' | 'reset'
}

export type Answer =
  | { readonly kind: 'job'; readonly job: string; readonly signature: string; readonly now: number }
  /** Nothing to do yet: ask again after this long. The site server's clock comes along. */
  | {
      readonly kind: 'wait'
      readonly afterMs: number
      readonly now: number
      readonly message?: { en: string; fr: string }
    }
  /** Start the system of the disk. */
  | { readonly kind: 'local'; readonly now: number; readonly message?: { en: string; fr: string } }

/** `Answer.job` is the canonical JSON of this; `Answer.signature` signs exactly these bytes with the site's job key (base64). */
export type Job = {
  readonly format: 'proviseur-job-1'
  /** The action's id. */
  readonly id: string
  readonly machine: string
  readonly mac: string
  /** Of the hello that it answers. */
  readonly nonce: string
  readonly fence: { readonly epoch: number; readonly generation: number }
  /** One-time secret for progress, done and uploads. */
  readonly token: string
  readonly issuedAt: number
  readonly locale: 'fr' | 'en'
  readonly work: Work
}

export type Work =
  | ({ readonly kind: 'restore' | 'reset' } & EqualWork)
  /** Compares only, writes nothing. */
  | { readonly kind: 'verify'; readonly manifest: string; readonly layout: Layout }
  | {
      readonly kind: 'capture'
      readonly name: string
      readonly version: string
      readonly layout: Layout
      readonly chunkBytes: number
    }

export type EqualWork = {
  /** Digest of the manifest, and the highest age that a job for this machine ever named is kept by the fence. */
  readonly manifest: string
  readonly image: string
  readonly layout: Layout
  readonly layoutDigest: string
  readonly settingsDigest: string
  /** Absolute paths in the Linux root (or `C:/…` without drive in Windows) that survive. */
  readonly keep: readonly string[]
  readonly resetPolicy: 'never' | 'on-demand' | 'nightly' | 'at-boot'
  readonly boot: BootMenu
  readonly identity: {
    readonly hostname: string
    /** Account and public keys that must be able to log in. */
    readonly user: string
    readonly authorizedKeys: readonly string[]
  }
  /** Whether partitions that are not in the wanted layout may be lost (the plan showed it and it was approved). */
  readonly mayRepartition: boolean
  readonly imager: ImagerDigests
}

/**
 * SHA-256 of the kernel and the ramdisk that go into the cache partition, in hexadecimal. Firmware and GRUB start them there without
 * asking anybody, so that they must be as much under the site's signature as the rest of the order.
 */
export type ImagerDigests = { readonly vmlinuz: string; readonly initrd: string }

/** The wanted disk, from the image's spec. */
export type Layout = {
  readonly table: 'gpt' | 'mbr'
  /** Which disk, where a PC has several: kernel name, model or serial as written in the spec; without it a PC must have exactly one fixed disk. */
  readonly disk?: string
  readonly partitions: readonly LayoutPartition[]
}

export type LayoutPartition = {
  readonly name: string
  readonly type: 'bios' | 'esp' | 'msr' | 'linux' | 'swap' | 'windows' | 'recovery' | 'data'
  readonly sizeBytes: number | 'rest'
  readonly content: 'image' | 'cache' | 'keep' | 'empty'
  readonly os?: 'debian' | 'windows'
  /** What the boot menu calls it. */
  readonly title?: string
}

export type BootMenu = {
  /** Name of the partition whose system starts by itself. */
  readonly default: string
  readonly timeoutMs: number
  /** Whether the menu shows entries that reset. */
  readonly resetEntries: boolean
}

export type Progress = {
  readonly job: string
  readonly phase: Phase
  readonly partition?: string
  /** Bytes so far, over all partitions of the job. `matched`: were right already. */
  readonly read: number
  readonly matched: number
  readonly fetched: number
  readonly written: number
  /** Bytes to be looked at in all. */
  readonly total: number
  /** Bytes a second over the last seconds, and what is left by that rate. */
  readonly rate: number
  readonly leftMs?: number
}

export type Phase =
  | 'layout'
  | 'compare'
  | 'write'
  | 'verify'
  | 'grow'
  | 'identity'
  | 'boot'
  | 'cache'
  | 'capture'
  | 'keep'

export type Done = { readonly job: string; readonly at: number } & (
  | {
      readonly kind: 'done'
      readonly tally: Tally
      readonly state?: DiskState
      /** OpenSSH public keys of each system whose host key was made. */
      readonly hostKeys: readonly { readonly partition: string; readonly key: string }[]
      /** verify: what differs. capture: the draft of the manifest. */
      readonly differences?: readonly Difference[]
      readonly draft?: unknown
    }
  | {
      readonly kind: 'failed'
      readonly reason: ImagerReason
      readonly detail?: string
      readonly tally: Tally
    }
)

export type Tally = {
  readonly read: number
  readonly matched: number
  /** As they came over the network, compressed. */
  readonly fetched: number
  readonly fromCache: number
  readonly written: number
  readonly durationMs: number
  readonly perPartition: readonly {
    readonly name: string
    readonly chunks: number
    readonly differing: number
  }[]
}

/** Where a partition differs from its image: chunks in runs, and for file systems that we can read, the files that lie there. */
export type Difference = {
  readonly partition: string
  readonly chunks: number
  readonly differing: number
  readonly runs: readonly { readonly fromByte: number; readonly bytes: number }[]
  readonly files?: readonly string[]
}

/** Each has its text in imaging/reasons.ts, in both languages: what happened and what to do. */
export type ImagerReason =
  | 'server-silent'
  | 'job-signature-wrong'
  | 'job-for-another-machine'
  | 'job-replayed'
  | 'job-outdated'
  | 'manifest-missing'
  | 'manifest-damaged'
  | 'manifest-signature-wrong'
  | 'manifest-not-the-planned-one'
  | 'list-missing'
  | 'list-damaged'
  | 'chunk-missing'
  | 'chunk-damaged'
  | 'store-full'
  | 'no-disk'
  | 'several-disks'
  | 'disk-too-small'
  | 'disk-unreadable'
  | 'disk-unwritable'
  | 'disk-slow'
  | 'loop-device-failed'
  | 'layout-would-lose-data'
  | 'layout-failed'
  | 'keep-does-not-fit'
  | 'file-system-broken'
  | 'identity-failed'
  | 'boot-loader-failed'
  | 'imager-not-the-signed-one'
  | 'verification-failed'
  | 'out-of-memory'
  | 'program-error'
