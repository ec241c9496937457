/** QEMU's command line for a trial: a PC as lycées have them, whose network reaches nothing but our own port. */
import { existsSync } from 'node:fs'
import type { TrialFirmware } from '../../../imaging/trial-record.ts'
import type { Accelerator } from './accelerator.ts'

export const trialDisks = ['sata', 'nvme', 'virtio'] as const
export type TrialDisk = (typeof trialDisks)[number]

export type TrialPc = {
  /** Raw; written to. */
  readonly disk: string
  /** What it is attached to: the system on it must have the driver, as on the role's PCs. */
  readonly attached: TrialDisk
  readonly firmware: TrialFirmware
  /** A copy of the firmware's variables that is this PC's. */
  readonly variables: string
  /** On 127.0.0.1; leads to port 22 of the PC. */
  readonly port: number
  readonly accelerator: Accelerator
  readonly memoryMib: number
}

/** Debian's `ovmf`. The build with Secure Boot comes with the keys of Microsoft, as PCs do. */
const ovmf = {
  uefi: { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  'secure-boot': {
    code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
  },
} as const

/** Files of the firmware; undefined: BIOS, which comes with QEMU. */
export const firmwareFiles = (
  firmware: TrialFirmware,
): { readonly code: string; readonly variables: string } | undefined =>
  firmware === 'bios' ? undefined : ovmf[firmware]

/** The first of the firmware's files that is not installed. */
export const missingFirmware = (firmware: TrialFirmware): string | undefined =>
  Object.values(firmwareFiles(firmware) ?? {}).find((path) => !existsSync(path))

export const trialArguments = (pc: TrialPc): readonly string[] => [
  ...['-name', 'trial', '-no-user-config', '-nodefaults', '-display', 'none', '-vga', 'none'],
  ...['-monitor', 'none', '-serial', 'stdio', '-no-reboot'],
  ...['-machine', machine[pc.firmware], ...pc.accelerator.arguments],
  ...[
    '-smp',
    String(pc.accelerator.processors),
    '-m',
    String(pc.memoryMib),
    '-rtc',
    'base=utc',
    '-device',
    'virtio-rng-pci',
  ],
  ...flash(pc),
  ...['-netdev', `user,id=wire,restrict=on,hostfwd=tcp:127.0.0.1:${pc.port}-:22`],
  // A system for virtual machines alone (Debian's cloud kernel) has no driver of a real card either.
  ...['-device', `${pc.attached === 'virtio' ? 'virtio-net-pci' : 'e1000e'},netdev=wire,romfile=`],
  '-blockdev',
  JSON.stringify({
    driver: 'raw',
    'node-name': 'disk',
    // What is written is thrown away with the file: nothing need reach the disk under it.
    cache: { 'no-flush': true },
    file: { driver: 'file', filename: pc.disk },
  }),
  ...['-device', `${device[pc.attached]},drive=disk,bootindex=1`],
]

const device: Readonly<Record<TrialDisk, string>> = {
  sata: 'ide-hd,bus=ide.0',
  nvme: 'nvme,serial=trial',
  virtio: 'virtio-blk-pci',
}

const machine: Readonly<Record<TrialFirmware, string>> = {
  // SeaBIOS then writes on the serial line.
  bios: 'q35,graphics=off',
  uefi: 'q35',
  'secure-boot': 'q35,smm=on',
}

const flash = ({ firmware, variables }: TrialPc): readonly string[] => {
  const files = firmwareFiles(firmware)
  if (files === undefined) return []
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${files.code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
    ...(firmware === 'secure-boot' ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
  ]
}
