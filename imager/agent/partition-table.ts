/** A disk's partition table as sfdisk reads it, and what lies in its partitions as blkid sees it. */
import { stat } from 'node:fs/promises'
import { run, said } from './command.ts'
import { done, failed, type Result } from './result.ts'

export type DiskTable = {
  readonly sizeBytes: number
  readonly sectorBytes: number
  /** Undefined: the disk has no table that can be read. */
  readonly table?: {
    readonly kind: 'gpt' | 'mbr'
    /** As in manifests: a GUID in upper case, or 8 hex digits. */
    readonly id: string
  }
  /** A file system, LVM or RAID member that takes the whole disk, without a table. */
  readonly content?: Content
  readonly partitions: readonly TablePartition[]
}

export type TablePartition = {
  readonly number: number
  readonly startBytes: number
  readonly sizeBytes: number
  /** As in manifests: a type GUID in upper case, or two hex digits. */
  readonly type: string
  readonly guid?: string
  readonly name?: string
  /** GPT's attribute bits in hexadecimal; MBR: `80` if active. Undefined: none. */
  readonly attributes?: string
  /** Undefined: nothing that blkid knows. */
  readonly content?: Content
}

export type Content = { readonly kind: string; readonly label?: string; readonly uuid?: string }

/** `sizeBytes`, `sectorBytes` from the kernel (hardware.ts), because sfdisk says neither for a disk without a table. */
export async function readDiskTable(
  device: string,
  { sizeBytes, sectorBytes }: { readonly sizeBytes: number; readonly sectorBytes: number },
): Promise<Result<DiskTable>> {
  const dumped = await run('sfdisk', ['--json', device])
  if (dumped.exitCode === 127) return failed('program-error', said('sfdisk', dumped))
  if (dumped.exitCode !== 0 && /Input\/output error|cannot read/i.test(dumped.stderr)) {
    return failed('disk-unreadable', said('sfdisk', dumped))
  }
  const json = dumped.exitCode === 0 ? parseDump(dumped.stdout) : undefined
  const kind = json?.label === 'gpt' ? 'gpt' : json?.label === 'dos' ? 'mbr' : undefined
  if (json === undefined || kind === undefined) {
    const content = await probe(device)
    return done({ sizeBytes, sectorBytes, partitions: [], ...(content === undefined ? {} : { content }) })
  }
  const partitions: TablePartition[] = []
  for (const entry of json.partitions ?? []) {
    const placed = fromDump(entry, kind, sectorBytes)
    const content = await probe(device, placed.startBytes, placed.sizeBytes)
    partitions.push({ ...placed, ...(content === undefined ? {} : { content }) })
  }
  partitions.sort((a, b) => a.number - b.number)
  return done({ sizeBytes, sectorBytes, table: { kind, id: diskId(kind, json.id ?? '') }, partitions })
}

/** Bytes of a disk image in a file. */
export const fileSizeBytes = async (path: string): Promise<number> => (await stat(path)).size

type Dump = {
  readonly label?: string
  readonly id?: string
  readonly partitions?: readonly DumpedPartition[]
}

type DumpedPartition = {
  readonly node: string
  readonly start: number
  readonly size: number
  readonly type: string
  readonly uuid?: string
  readonly name?: string
  readonly attrs?: string
  readonly bootable?: boolean
}

/** sfdisk(8), `--json`. Starts and sizes are in the disk's sectors. */
const parseDump = (text: string): Dump | undefined => {
  const { partitiontable }: { partitiontable?: Dump } = JSON.parse(text)
  return partitiontable
}

const fromDump = (entry: DumpedPartition, kind: 'gpt' | 'mbr', sectorBytes: number): TablePartition => {
  const attributes =
    kind === 'gpt' ? attributeBits(entry.attrs ?? '') : entry.bootable === true ? '80' : undefined
  return {
    number: Number(/\d+$/.exec(entry.node)?.[0] ?? 0),
    startBytes: entry.start * sectorBytes,
    sizeBytes: entry.size * sectorBytes,
    type: kind === 'gpt' ? entry.type.toUpperCase() : entry.type.toLowerCase().padStart(2, '0'),
    ...(kind === 'gpt' && entry.uuid !== undefined ? { guid: entry.uuid.toUpperCase() } : {}),
    ...(entry.name === undefined ? {} : { name: entry.name }),
    ...(attributes === undefined ? {} : { attributes }),
  }
}

const diskId = (kind: 'gpt' | 'mbr', id: string): string =>
  kind === 'gpt' ? id.toUpperCase() : id.replace(/^0x/i, '').toLowerCase().padStart(8, '0')

/** UEFI specification, 5.3.3: the bits that sfdisk gives names to; the rest it writes as `GUID:60`. */
const namedBits: Readonly<Record<string, number>> = {
  RequiredPartition: 0,
  NoBlockIOProtocol: 1,
  LegacyBIOSBootable: 2,
}

/** `RequiredPartition GUID:60,63` → `9000000000000001`. */
export function attributeBits(attrs: string): string | undefined {
  let bits = 0n
  for (const word of attrs.split(/[\s,]+|GUID:/).filter((part) => part !== '')) {
    const bit = namedBits[word] ?? Number(word)
    if (Number.isInteger(bit)) bits |= 1n << BigInt(bit)
  }
  return bits === 0n ? undefined : bits.toString(16)
}

/** The reverse, as sfdisk's scripts take it. */
export function attributeWords(attributes: string): string {
  const bits = BigInt(`0x${attributes}`)
  const words: string[] = []
  for (let bit = 0; bit < 64; bit++) {
    if (((bits >> BigInt(bit)) & 1n) === 0n) continue
    const name = Object.entries(namedBits).find(([, at]) => at === bit)?.[0]
    if (name !== undefined) words.push(name)
    // Bits 3 to 47 are reserved and sfdisk takes none of them.
    else if (bit >= 48) words.push(`GUID:${bit}`)
  }
  return words.join(',')
}

async function probe(device: string, offsetBytes?: number, sizeBytes?: number): Promise<Content | undefined> {
  const part = offsetBytes === undefined ? [] : ['--offset', `${offsetBytes}`, '--size', `${sizeBytes}`]
  const found = await run('blkid', ['--probe', ...part, '--output', 'export', device])
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(found.stdout)?.[1]
  const kind = field('TYPE')
  if (kind === undefined) return undefined
  const label = field('LABEL')
  const uuid = field('UUID')
  return { kind, ...(label === undefined ? {} : { label }), ...(uuid === undefined ? {} : { uuid }) }
}
