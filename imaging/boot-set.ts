/**
 * What a site server hands to PCs that start from the network, in one flat folder: made by `proviseur imager build`, described
 * by its `boot.json`. Pieces of the ramdisk that the imager installs on disks lie in the ramdisk itself (`onPc`).
 */
import type { ImagerDigests } from './protocol.ts'

export const bootSetFormat = 'proviseur-boot-1'

/** Name in the folder → what it is. */
export const bootFiles = [
  /** The distribution's signed kernel. */
  'vmlinuz',
  /** Ramdisk: one file of several zstd archives, which BIOS iPXE, GRUB and QEMU load as one. */
  'initrd',
  /** UEFI, signed by Microsoft: the first program over the network. It fetches `grubx64.efi` from where it came itself. */
  'shimx64.efi',
  /** Debian's signed GRUB *for the network* (http, tftp built in), under the name that shim asks for. */
  'grubx64.efi',
  /** MokManager, which shim starts where somebody enrols a key. */
  'mmx64.efi',
  /** Debian's signed GRUB *for disks*. */
  'grubx64-disk.efi',
  /** iPXE on top of the BIOS' own network driver, and on top of UEFI's. */
  'undionly.kpxe',
  'snponly.efi',
  /** GRUB for BIOS disks: the MBR's code, and the core that finds the partition labelled `proviseur` and runs `/boot/grub.cfg` there. */
  'boot.img',
  'core.img',
] as const

export type BootFile = (typeof bootFiles)[number]

export type BootSet = {
  readonly format: typeof bootSetFormat
  /** Version of the ramdisk: SHA-256 of all that went into it. A PC's hello tells it too. */
  readonly version: string
  readonly suite: string
  readonly kernel: string
  readonly node: string
  /** Debian package → version. */
  readonly packages: Readonly<Record<string, string>>
  readonly files: Readonly<Record<BootFile, { readonly bytes: number; readonly sha256: string }>>
  /** Of what the ramdisk is made, in the file's order. */
  readonly parts: readonly { readonly name: string; readonly bytes: number; readonly unpackedBytes: number }[]
}

/** Where the running ramdisk keeps what the imager needs. */
export const onPc = {
  /** Public keys, PEM: the park's signs manifests, the site's signs jobs. */
  parkKey: '/etc/proviseur/park.pub',
  siteKey: '/etc/proviseur/site.pub',
  /** `BootSet.version`, and the park's language (`fr`, `en`), each one line. */
  version: '/etc/proviseur/version',
  locale: '/etc/proviseur/locale',
  /** `main.js` and its `worker.js`. */
  agent: '/usr/lib/proviseur/main.js',
  /** shimx64.efi, grubx64-disk.efi, mmx64.efi, boot.img, core.img: for the disk's own boot path. */
  bootFolder: '/usr/lib/proviseur/boot',
  /** How far `/init` came, for the agent: `interface=eth0`, `mac=…`, `address=…`, each on its line; without the last there is no network. */
  network: '/run/proviseur/network',
} as const

/** How the agent ends, for `/init`: anything else counts as a fault, and it is started again (three times, then the PC restarts). */
export const agentExit = { reboot: 0, powerOff: 10 } as const

/** What an order signs for (imaging/protocol.ts). */
export const imagerDigests = ({ files: { vmlinuz, initrd } }: Pick<BootSet, 'files'>): ImagerDigests => ({
  vmlinuz: vmlinuz.sha256,
  initrd: initrd.sha256,
})

/** `boot.json`'s text; undefined: it is not one of ours, or of another format. */
export function parseBootSet(text: string): BootSet | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isBootSet(value) ? value : undefined
}

const isBootSet = (value: unknown): value is BootSet =>
  isRecord(value) &&
  value['format'] === bootSetFormat &&
  ['version', 'suite', 'kernel', 'node'].every((name) => typeof value[name] === 'string') &&
  isRecord(value['packages']) &&
  Array.isArray(value['parts']) &&
  hasFiles(value['files'])

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hasFiles = (files: unknown): boolean =>
  isRecord(files) &&
  bootFiles.every((name) => {
    const file = files[name]
    return isRecord(file) && Number.isSafeInteger(file['bytes']) && typeof file['sha256'] === 'string'
  })
