/** What the boot program told the imager on the kernel's command line. */
import type { Locale } from '../../specs/text.ts'

export type Mode = 'netboot' | 'resume' | 'reset' | 'at-boot'

export type KernelOptions = {
  readonly mode: Mode
  /** `http://10.25.11.2:8080`, without a slash at the end. Undefined: nobody said. */
  readonly server?: string
  readonly locale?: Locale
  /** The card that the PC started from. */
  readonly bootMac?: string
  /** Reset of one system only: its partition's name. */
  readonly only?: string
  readonly after: 'reboot' | 'poweroff'
  readonly serial?: { readonly unit: number; readonly speed: number }
  /** Words that the imager's next start from the disk needs as well. */
  readonly lasting: readonly string[]
}

/** For this start only, or set anew by the boot menu. */
const fleeting = /^(?:BOOT_IMAGE|initrd|proviseur\.(?:mode|only|after))=/

export function parseKernelOptions(commandLine: string): KernelOptions {
  const words = commandLine.split(/\s+/).filter((word) => word !== '')
  const value = (name: string) =>
    words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  const server = value('proviseur.server')?.replace(/\/+$/, '')
  const locale = value('proviseur.locale')
  const only = value('proviseur.only')
  const after = value('proviseur.after')
  const bootMac = parseBootIf(value('BOOTIF'))
  const serial = parseSerial(words)
  return {
    mode: modes.find((mode) => mode === value('proviseur.mode')) ?? 'netboot',
    after: after === 'poweroff' || after === 'halt' ? 'poweroff' : 'reboot',
    lasting: words.filter((word) => !fleeting.test(word)),
    ...(server === undefined || !/^https?:\/\//.test(server) ? {} : { server }),
    ...(locale === 'fr' || locale === 'en' ? { locale } : {}),
    ...(only === undefined ? {} : { only }),
    ...(bootMac === undefined ? {} : { bootMac }),
    ...(serial === undefined ? {} : { serial }),
  }
}

const modes: readonly Mode[] = ['netboot', 'resume', 'reset', 'at-boot']

/** `01-52-54-00-25-02-01`: hardware type and address, as PXELINUX began it. */
const parseBootIf = (text: string | undefined): string | undefined => {
  const mac = text
    ?.toLowerCase()
    .replaceAll('-', ':')
    .replace(/^01:(?=(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$)/, '')
  return mac !== undefined && /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) ? mac : undefined
}

/** `console=ttyS0,115200n8`; 9600 is the kernel's own default. */
function parseSerial(words: readonly string[]): KernelOptions['serial'] {
  for (const word of words) {
    const [, unit, speed] = /^console=ttyS(\d+)(?:,(\d+))?/.exec(word) ?? []
    if (unit !== undefined) return { unit: Number(unit), speed: Number(speed ?? 9600) }
  }
  return undefined
}
