/** What a PC of the lab is made of, and QEMU's command line for it. */
import type { Accelerator } from './accelerator.ts'

export type VmFirmware = 'bios' | 'uefi' | 'secure-boot'
export type DiskBus = 'virtio' | 'sata' | 'nvme'

export type Disk = {
  /** Raw. */
  readonly file: string
  readonly bus: DiskBus
  readonly serial: string
  /** 512-byte sectors that cannot be read: the guest gets an I/O error for each request that touches one. */
  readonly brokenSectors: readonly number[]
}

export type Hardware = {
  readonly name: string
  readonly firmware: VmFirmware
  /** The copy of OVMF's variables that is this PC's; unused in BIOS PCs. */
  readonly variables: string
  readonly disks: readonly Disk[]
  readonly mac: string
  readonly tap: string
  readonly card: 'virtio' | 'e1000e'
  /** What the firmware's boot order begins with. */
  readonly bootFirst: 'network' | 'disk'
  /** UEFI: which kind of network boot is switched on in the firmware. */
  readonly uefiNetwork: 'pxe' | 'http'
  readonly memoryMib: number
  readonly cpus: number
  readonly onReboot: 'restart' | 'exit'
  /** Starts this kernel itself, without the disk's or the network's boot loaders. */
  readonly kernel?: { readonly vmlinuz: string; readonly initrd: string; readonly commandLine: string }
  readonly qmp: string
  /** File for what it says on its serial line: a pipe that nobody empties in time would lose some of it. */
  readonly serial: string
}

/** Debian's `ovmf`. The build with Secure Boot keeps its variables in memory that only System Management Mode may write. */
export const OVMF = {
  uefi: { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  'secure-boot': {
    code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
  },
} as const

export function qemuArguments(pc: Hardware, accelerator: Accelerator): readonly string[] {
  return [
    ...['-name', pc.name, '-no-user-config', '-nodefaults', '-display', 'none', '-vga', 'none'],
    ...['-monitor', 'none', '-serial', `file:${pc.serial}`, '-qmp', `unix:${pc.qmp},server=on,wait=off`],
    ...['-machine', machine(pc), ...accelerator.arguments],
    ...[
      '-smp',
      String(Math.min(pc.cpus, accelerator.processors)),
      '-m',
      String(pc.memoryMib),
      '-rtc',
      'base=utc',
    ],
    ...['-smbios', `type=1,manufacturer=Lab,product=PC,serial=${pc.name}`],
    // UEFI without a source of randomness has no network stack.
    ...['-device', 'virtio-rng-pci'],
    // A BIOS that found nothing to start begins anew after this long, as PCs that wait for a key do not.
    ...['-boot', 'strict=on,menu=off,reboot-timeout=3000'],
    ...(pc.onReboot === 'exit' ? ['-no-reboot'] : []),
    ...firmware(pc),
    ...['-netdev', `tap,id=wire,ifname=${pc.tap},script=no,downscript=no`, '-device', card(pc)],
    ...pc.disks.flatMap((disk, index) => diskArguments(pc, disk, index)),
    ...(pc.kernel === undefined
      ? []
      : [
          ...['-kernel', pc.kernel.vmlinuz, '-initrd', pc.kernel.initrd],
          ...['-append', pc.kernel.commandLine],
        ]),
  ]
}

function machine(pc: Hardware): string {
  switch (pc.firmware) {
    case 'bios':
      // SeaBIOS and iPXE then write on the serial line.
      return 'q35,graphics=off'
    case 'uefi':
      return 'q35'
    case 'secure-boot':
      return 'q35,smm=on'
  }
}

function firmware(pc: Hardware): readonly string[] {
  if (pc.firmware === 'bios') return []
  const flash = (unit: number, file: string, readonly: boolean): readonly string[] => [
    '-drive',
    `if=pflash,format=raw,unit=${unit},readonly=${readonly ? 'on' : 'off'},file=${file}`,
  ]
  const pxe = pc.uefiNetwork === 'pxe' ? 'y' : 'n'
  return [
    ...flash(0, OVMF[pc.firmware].code, true),
    ...flash(1, pc.variables, false),
    ...(pc.firmware === 'secure-boot' ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...['-fw_cfg', `name=opt/org.tianocore/IPv4PXESupport,string=${pxe}`],
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
  ]
}

function card(pc: Hardware): string {
  const model = pc.card === 'virtio' ? 'virtio-net-pci' : 'e1000e'
  // OVMF has a driver for virtio; QEMU's ROM would put iPXE in the place of the firmware's own PXE. For e1000e it needs the ROM.
  const rom = pc.firmware !== 'bios' && pc.card === 'virtio' ? ',romfile=' : ''
  const order = pc.kernel !== undefined ? '' : `,bootindex=${pc.bootFirst === 'network' ? 1 : 100}`
  return `${model},netdev=wire,id=card,mac=${pc.mac}${rom}${order}`
}

function diskArguments(pc: Hardware, disk: Disk, index: number): readonly string[] {
  const node = `disk${index}`
  const file = { driver: 'file', filename: disk.file }
  const broken = {
    driver: 'blkdebug',
    image: file,
    'inject-error': disk.brokenSectors.map((sector) => ({ event: 'read_aio', errno: 5, sector })),
  }
  const order = pc.kernel !== undefined ? '' : `,bootindex=${10 + index}`
  return [
    '-blockdev',
    JSON.stringify({
      driver: 'raw',
      'node-name': node,
      discard: 'unmap',
      file: disk.brokenSectors.length > 0 ? broken : file,
    }),
    '-device',
    `${device(disk.bus, index)},drive=${node},id=device-${node},serial=${disk.serial}${order}`,
  ]
}

function device(bus: DiskBus, index: number): string {
  switch (bus) {
    case 'virtio':
      return 'virtio-blk-pci'
    case 'sata':
      return `ide-hd,bus=ide.${index}`
    case 'nvme':
      return 'nvme'
  }
}
