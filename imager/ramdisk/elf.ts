/** What the recipe must know of programs and libraries: the ELF format (System V gABI), 64-bit little-endian as on every PC. */

const segmentTypes = { load: 1, dynamic: 2, interpreter: 3 } as const
const dynamicTags = { end: 0, needed: 1, stringTable: 5 } as const
const headerBytes = 64

type Segment = {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly fileBytes: number
}

export const isElf = (bytes: Buffer): boolean =>
  bytes.length >= headerBytes && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1

/** Names of the libraries that a program or library asks the loader for; none for a static one. */
export function neededLibraries(bytes: Buffer): readonly string[] {
  const segments = segmentsOf(bytes)
  const dynamic = segments.find(({ type }) => type === segmentTypes.dynamic)
  if (dynamic === undefined) return []
  const names: number[] = []
  let strings = 0
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.fileBytes; at += 16) {
    const tag = Number(bytes.readBigInt64LE(at))
    const value = Number(bytes.readBigUInt64LE(at + 8))
    if (tag === dynamicTags.end) break
    if (tag === dynamicTags.needed) names.push(value)
    if (tag === dynamicTags.stringTable) strings = fileOffset(segments, value)
  }
  return names.map((name) => textAt(bytes, strings + name))
}

/** The loader that the kernel starts it with; undefined: static, or a library. */
export function interpreterOf(bytes: Buffer): string | undefined {
  const found = segmentsOf(bytes).find(({ type }) => type === segmentTypes.interpreter)
  return found === undefined ? undefined : textAt(bytes, found.offset)
}

/**
 * The program without what no loader reads: all behind its last segment (symbols, debugging information, section headers).
 * Of Node's 127 MB that is 17.
 */
export function withoutSections(bytes: Buffer): Buffer {
  const tableEnd = Number(bytes.readBigUInt64LE(32)) + bytes.readUInt16LE(54) * bytes.readUInt16LE(56)
  const end = Math.max(tableEnd, ...segmentsOf(bytes).map(({ offset, fileBytes }) => offset + fileBytes))
  const bare = Buffer.from(bytes.subarray(0, end))
  // Offset, size of an entry, number and name table of the section headers: there are none any more.
  bare.writeBigUInt64LE(0n, 40)
  bare.fill(0, 58, 64)
  return bare
}

function segmentsOf(bytes: Buffer): readonly Segment[] {
  const table = Number(bytes.readBigUInt64LE(32))
  const size = bytes.readUInt16LE(54)
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = table + index * size
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      fileBytes: Number(bytes.readBigUInt64LE(at + 32)),
    }
  })
}

function fileOffset(segments: readonly Segment[], address: number): number {
  const holder = segments.find(
    (segment) =>
      segment.type === segmentTypes.load &&
      address >= segment.address &&
      address < segment.address + segment.fileBytes,
  )
  if (holder === undefined) throw new Error(`no segment holds the address ${address}`)
  return address - holder.address + holder.offset
}

const textAt = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, bytes.indexOf(0, at))
