/** What this PC is, from /sys and /proc. Nothing here writes. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Firmware } from '../../imaging/manifest.ts'

export type Hardware = {
  /** The card it started from first. */
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
}

/** `root`: where /sys and /proc are; tests have their own. `bootMac`: from BOOTIF on the kernel's command line. */
export async function readHardware(root: string, bootMac?: string): Promise<Hardware> {
  const dmi = async (name: string) => meaningful(await textOf(join(root, 'sys/class/dmi/id', name)))
  const cpuinfo = (await textOf(join(root, 'proc/cpuinfo'))) ?? ''
  const memory = /^MemTotal:\s*(\d+) kB/m.exec((await textOf(join(root, 'proc/meminfo'))) ?? '')?.[1]
  const cpu = /^model name\s*: (.*)$/m.exec(cpuinfo)?.[1]
  const firmware = (await names(join(root, 'sys/firmware/efi'))).length > 0 ? 'uefi' : 'bios'
  const known = {
    uuid: await dmi('product_uuid'),
    vendor: await dmi('sys_vendor'),
    model: await dmi('product_name'),
    serial: await dmi('product_serial'),
    cpu,
  }
  return {
    ...withoutGaps(known),
    macs: bootCardFirst(await cards(root), bootMac),
    firmware,
    secureBoot: firmware === 'uefi' && (await secureBoot(root)),
    cpus: cpuinfo.match(/^processor\s*:/gm)?.length ?? 1,
    memoryBytes: Number(memory ?? 0) * 1024,
  }
}

/** Ethernet cards (ARPHRD_ETHER) with a device behind them, in the kernel's order. */
async function cards(root: string): Promise<readonly string[]> {
  const folder = join(root, 'sys/class/net')
  const macs: string[] = []
  for (const name of await names(folder)) {
    const isCard =
      (await textOf(join(folder, name, 'type'))) === '1' &&
      (await textOf(join(folder, name, 'device/uevent'))) !== undefined
    const mac = (await textOf(join(folder, name, 'address')))?.toLowerCase()
    if (isCard && mac !== undefined && macPattern.test(mac) && mac !== '00:00:00:00:00:00') macs.push(mac)
  }
  return macs
}

const macPattern = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/

const bootCardFirst = (macs: readonly string[], bootMac: string | undefined): readonly string[] =>
  bootMac === undefined ? macs : [bootMac, ...macs.filter((mac) => mac !== bootMac)]

/** UEFI specification, 3.3: the variable of the global GUID; efivarfs puts four bytes of attributes before its value. */
async function secureBoot(root: string): Promise<boolean> {
  const file = join(root, 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c')
  const value = await bytesOf(file)
  return value?.[4] === 1
}

/** Vendors leave placeholders in the SMBIOS; they identify nothing. */
const meaningful = (text: string | undefined): string | undefined =>
  text === undefined ||
  text === '' ||
  /^(?:to be filled|default string|system (?:product|manufacturer|serial)|none$|not specified|0+$)/i.test(
    text,
  )
    ? undefined
    : text

type WithoutGaps<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Leaves out what is undefined: an optional field is there or not, never there and undefined. */
export const withoutGaps = <T extends object>(given: T): WithoutGaps<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as WithoutGaps<T>

/** Undefined: there is no such file, or the kernel has no answer to it. */
export async function textOf(file: string): Promise<string | undefined> {
  const bytes = await bytesOf(file)
  return bytes?.toString('utf8').replaceAll('\0', '').trim()
}

const unanswered: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EINVAL', 'EIO', 'ENODEV', 'EACCES'])

async function bytesOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && unanswered.has(String(error.code))) return undefined
    throw error
  }
}

export async function names(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && unanswered.has(String(error.code))) return []
    throw error
  }
}
