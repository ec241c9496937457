/** Partition tables as sfdisk(8) tells of them with `--json`, and as manifests have them: read alike where an image is made and where it is compared. */

export type SfdiskDump = {
  readonly label?: string
  readonly id?: string
  readonly sectorsize?: number
  readonly partitions?: readonly SfdiskPartition[]
}

/** Starts and sizes are in the disk's sectors. */
export type SfdiskPartition = {
  readonly node: string
  readonly start: number
  readonly size: number
  readonly type: string
  readonly uuid?: string
  readonly name?: string
  readonly attrs?: string
  readonly bootable?: boolean
}

export type TableEntry = {
  readonly number: number
  readonly startBytes: number
  readonly sizeBytes: number
  /** GPT: a type GUID in upper case; MBR: two hex digits. */
  readonly type: string
  readonly guid?: string
  /** GPT's own name of the partition. */
  readonly name?: string
  /** GPT's attribute bits in hexadecimal; MBR: `80` if active. Undefined: none. */
  readonly attributes?: string
}

/** Undefined: sfdisk found no table. */
export const parseSfdiskDump = (text: string): SfdiskDump | undefined => {
  const { partitiontable }: { partitiontable?: SfdiskDump } = JSON.parse(text)
  return partitiontable
}

export const tableEntry = (entry: SfdiskPartition, kind: 'gpt' | 'mbr', sectorBytes: number): TableEntry => {
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

/** A GUID in upper case, or 8 hex digits. */
export const tableId = (kind: 'gpt' | 'mbr', id: string): string =>
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
