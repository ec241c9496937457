/**
 * A small but whole registry hive, as Windows' own loader takes it. Format: the “regf” notes of Timothy Morgan (sentinelchicken.com,
 * 2009) and of hivex' documentation.
 */
export type HiveKey = {
  readonly keys?: Readonly<Record<string, HiveKey>>
  readonly values?: Readonly<Record<string, string | number>>
}

const headerBytes = 4096
const binHeaderBytes = 32
const none = 0xffffffff
const isCompressedName = 0x20
const isRoot = 0x0c

export function buildHive(root: HiveKey): Buffer {
  const cells: Buffer[] = []
  let next = binHeaderBytes
  /** Returns where the cell is, counted from the end of the file's header. */
  const put = (content: Buffer): number => {
    const size = Math.ceil((content.length + 4) / 8) * 8
    const cell = Buffer.alloc(size)
    cell.writeInt32LE(-size)
    content.copy(cell, 4)
    cells.push(cell)
    next += size
    return next - size
  }
  const reserve = (bytes: number): { readonly at: number; readonly content: Buffer } => {
    const at = put(Buffer.alloc(bytes))
    const cell = cells.at(-1)
    if (cell === undefined) throw new Error('no cell')
    return { at, content: cell.subarray(4, 4 + bytes) }
  }

  const security = reserve(20 + securityDescriptor.length)
  security.content.write('sk', 'latin1')
  security.content.writeUInt32LE(security.at, 4)
  security.content.writeUInt32LE(security.at, 8)
  security.content.writeUInt32LE(1, 12)
  security.content.writeUInt32LE(securityDescriptor.length, 16)
  securityDescriptor.copy(security.content, 20)

  const putValue = (name: string, value: string | number): number => {
    const data = typeof value === 'number' ? undefined : Buffer.from(`${value}\0`, 'utf16le')
    const content = Buffer.alloc(20 + name.length)
    content.write('vk', 'latin1')
    content.writeUInt16LE(name.length, 2)
    content.writeUInt32LE(data === undefined ? 0x80000004 : data.length, 4)
    content.writeUInt32LE(data === undefined ? Number(value) : put(data), 8)
    content.writeUInt32LE(data === undefined ? 4 : 1, 12)
    content.writeUInt16LE(1, 16)
    content.write(name, 20, 'latin1')
    return put(content)
  }
  const putOffsets = (offsets: readonly number[]): number => {
    const content = Buffer.alloc(offsets.length * 4)
    for (const [index, offset] of offsets.entries()) content.writeUInt32LE(offset, index * 4)
    return put(content)
  }
  const putKey = (name: string, key: HiveKey, parent: number, flags: number): number => {
    const { at, content } = reserve(76 + name.length)
    const children = Object.entries(key.keys ?? {})
      .toSorted(([a], [b]) => (a.toUpperCase() < b.toUpperCase() ? -1 : 1))
      .map(([child, of]) => ({ child, offset: putKey(child, of, at, isCompressedName) }))
    const values = Object.entries(key.values ?? {}).map(([value, of]) => putValue(value, of))
    content.write('nk', 'latin1')
    content.writeUInt16LE(flags, 2)
    content.writeUInt32LE(parent, 16)
    content.writeUInt32LE(children.length, 20)
    content.writeUInt32LE(children.length === 0 ? none : putChildren(children), 28)
    content.writeUInt32LE(none, 32)
    content.writeUInt32LE(values.length, 36)
    content.writeUInt32LE(values.length === 0 ? none : putOffsets(values), 40)
    content.writeUInt32LE(security.at, 44)
    content.writeUInt32LE(none, 48)
    content.writeUInt16LE(name.length, 72)
    content.write(name, 76, 'latin1')
    return at
  }
  const putChildren = (children: readonly { readonly child: string; readonly offset: number }[]): number => {
    const content = Buffer.alloc(4 + children.length * 8)
    content.write('lh', 'latin1')
    content.writeUInt16LE(children.length, 2)
    for (const [index, { child, offset }] of children.entries()) {
      content.writeUInt32LE(offset, 4 + index * 8)
      content.writeUInt32LE(nameHash(child), 8 + index * 8)
    }
    return put(content)
  }

  const rootCell = putKey('ROOT', root, none, isCompressedName | isRoot)
  return assemble(cells, next, rootCell)
}

function assemble(cells: readonly Buffer[], usedBytes: number, rootCell: number): Buffer {
  const binBytes = Math.ceil((usedBytes + 8) / 4096) * 4096
  const bin = Buffer.alloc(binBytes)
  bin.write('hbin', 'latin1')
  bin.writeUInt32LE(0, 4)
  bin.writeUInt32LE(binBytes, 8)
  Buffer.concat(cells).copy(bin, binHeaderBytes)
  bin.writeInt32LE(binBytes - usedBytes, usedBytes)

  const header = Buffer.alloc(headerBytes)
  header.write('regf', 'latin1')
  header.writeUInt32LE(1, 4)
  header.writeUInt32LE(1, 8)
  header.writeUInt32LE(1, 20)
  header.writeUInt32LE(3, 24)
  header.writeUInt32LE(1, 32)
  header.writeUInt32LE(rootCell, 36)
  header.writeUInt32LE(binBytes, 40)
  header.writeUInt32LE(1, 44)
  header.write('SYSTEM', 48, 'utf16le')
  let checksum = 0
  for (let at = 0; at < 508; at += 4) checksum ^= header.readUInt32LE(at)
  header.writeUInt32LE(checksum >>> 0, 508)
  return Buffer.concat([header, bin])
}

/** The hash of `lh` lists, over the name in upper case. */
const nameHash = (name: string): number => {
  let hash = 0
  for (const character of name.toUpperCase())
    hash = (Math.imul(hash, 37) + (character.codePointAt(0) ?? 0)) >>> 0
  return hash
}

/** Self-relative, without owner, group or lists. */
const securityDescriptor = Buffer.from([1, 0, 0, 0x80, ...Array.from({ length: 16 }, () => 0)])
