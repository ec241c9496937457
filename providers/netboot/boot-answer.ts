/**
 * What boot programs are told, as scripts in their own languages: iPXE's and GRUB's. Two answers exist, the imager and the local disk, and the
 * second is also what each script does by itself when anything goes wrong: no answer, an HTTP error, a file that is missing or cut short.
 */
import type { SiteServer } from '../../specs/desired.ts'
import type { Mac } from '../../specs/ids.ts'
import type { Locale } from '../../specs/text.ts'
import { KERNEL, RAMDISK } from './boot-programs.ts'
import { bootUrl, grubUrl, type ServerPlace, serverUrl } from './boot-url.ts'

export type BootDecision = { readonly kind: 'imager' } | { readonly kind: 'local' }

/** The site server's decision for a PC that asks, by the MAC of the card it starts from. */
export type BootAnswer = (mac: Mac) => BootDecision | Promise<BootDecision>

export type ImagerOptions = {
  readonly server: Pick<SiteServer, 'address' | 'port'>
  readonly locale: Locale
  /** Added to the kernel's command line as it is: `console=ttyS0`. */
  readonly kernelOptions?: readonly string[]
}

/** A PC whose site server is dead shall not wait long for its own system. */
const ANSWER_MS = 5_000
/** Without a byte for this long a download is given up. */
const SILENCE_MS = 20_000

/** The kernel's command line: `BOOTIF` as PXELINUX writes it, hardware type 1 before the address. */
export function kernelCommandLine(mac: Mac, options: ImagerOptions): string {
  return [
    'proviseur.mode=netboot',
    `proviseur.server=${serverUrl(options.server)}`,
    `proviseur.locale=${options.locale}`,
    `BOOTIF=01-${mac.replaceAll(':', '-')}`,
    ...(options.kernelOptions ?? []),
  ].join(' ')
}

/**
 * iPXE's way to the disk. In BIOS mode the first disk's boot code is started; if there is none, or in UEFI mode, iPXE ends with an
 * error, at which firmware goes on to its next boot device (at a success some show their setup menu instead).
 */
const IPXE_LOCAL = [
  ':local',
  'echo Proviseur: local disk',
  'imgfree ||',
  `iseq \${platform} pcbios && sanboot --no-describe --drive 0x80 ||`,
  'exit 1',
]

/** The first script that iPXE runs, by TFTP: it asks, and knows what to do without an answer. */
export function ipxeFirstScript(server: ServerPlace): string {
  return script([
    '#!ipxe',
    `chain --timeout ${ANSWER_MS} ${bootUrl(server, 'ipxe')}?mac=\${netX/mac}&platform=\${platform} || goto local`,
    ...IPXE_LOCAL,
  ])
}

export function ipxeAnswer(decision: BootDecision, mac: Mac, options: ImagerOptions): string {
  switch (decision.kind) {
    case 'local':
      return script(['#!ipxe', ...IPXE_LOCAL])
    case 'imager': {
      const url = (name: string): string => bootUrl(options.server, `files/${name}`)
      const fetch = `--timeout ${SILENCE_MS}`
      return script([
        '#!ipxe',
        `kernel ${fetch} ${url(KERNEL)} initrd=${RAMDISK} ${kernelCommandLine(mac, options)} || goto local`,
        `initrd ${fetch} --name ${RAMDISK} ${url(RAMDISK)} || goto local`,
        'boot || goto local',
        ...IPXE_LOCAL,
      ])
    }
  }
}

/**
 * GRUB's way to the disk, where nothing better is left (local-start.ts keeps GRUB out of it as a rule): our own menu, if the disk has
 * one; else it ends. Its `exit` tells the firmware "success" (up to 2.12), after which some go on to the next boot device and others show
 * their setup menu; and it cannot start another system's loader: Debian 13's hands it no device path, which stops shim and Windows.
 */
const GRUB_LOCAL = [
  'echo "Proviseur: local disk"',
  'if search --no-floppy --label --set=root proviseur; then',
  '  set prefix=($root)/boot',
  '  configfile /boot/grub.cfg',
  'fi',
  'exit',
]

/** The configuration that the network GRUB finds beside itself: it asks, and knows what to do without an answer. */
export function grubFirstScript(server: ServerPlace): string {
  return script([
    'set timeout=0',
    // `source`, unlike `configfile`, comes back here when the file cannot be had or its commands failed.
    `source ${grubUrl(server, 'grub/$grub_platform/$net_default_mac')}`,
    ...GRUB_LOCAL,
  ])
}

export function grubAnswer(decision: BootDecision, mac: Mac, options: ImagerOptions): string {
  switch (decision.kind) {
    case 'local':
      return script(GRUB_LOCAL)
    case 'imager': {
      const url = (name: string): string => grubUrl(options.server, `files/${name}`)
      return script([
        'echo "Proviseur: imager"',
        `if linux ${url(KERNEL)} ${kernelCommandLine(mac, options)}; then`,
        `  if initrd ${url(RAMDISK)}; then`,
        '    boot',
        '  fi',
        'fi',
        ...GRUB_LOCAL,
      ])
    }
  }
}

const script = (lines: readonly string[]): string => `${lines.join('\n')}\n`
