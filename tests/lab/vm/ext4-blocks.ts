/**
 * The independent look at the blocks of an ext4 partition: which its file system uses, by dumpe2fs; what each MiB of them hashes to;
 * where two disks differ, and whose blocks those are. Nothing of imaging/ or imager/ has a part in it.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesAt, inExt4, placeOf } from '../../imager/agent/pc-disk.ts'
import { run } from '../../imager/agent/run.ts'

const CHUNK = 2 ** 20
const PAGE = 4096
const ZEROS = Buffer.alloc(CHUNK)

export type UsedBlocks = {
  readonly blockBytes: number
  /** Of the file system. */
  readonly sizeBytes: number
  readonly has: (block: number) => boolean
}

export type Chunk = {
  /** SHA-256 of the chunk with its unused blocks as zeros; undefined: nothing but zeros. */
  readonly name: string | undefined
  readonly usedBytes: number
}

/** All blocks but those that dumpe2fs lists as free. */
export async function usedBlocks(disk: string, partition: string): Promise<UsedBlocks> {
  const { startBytes } = await placeOf(disk, partition)
  const text = await run('dumpe2fs', `${disk}?offset=${startBytes}`)
  const header = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(text)?.[1])
  const blockBytes = header('Block size')
  const used = new Uint8Array(header('Block count')).fill(1)
  for (const [, ranges = ''] of text.matchAll(/^ {2}Free blocks: (.+)$/gm)) {
    for (const range of ranges.split(', ')) {
      const [from = Number.NaN, last = from] = range.split('-').map(Number)
      used.fill(0, from, last + 1)
    }
  }
  const free = used.reduce((sum, one) => sum + 1 - one, 0)
  if (free !== header('Free blocks'))
    throw new Error(`${free} free blocks in ${disk}: ${text.slice(0, 2000)}`)
  return { blockBytes, sizeBytes: used.length * blockBytes, has: (block) => used[block] === 1 }
}

/** What a partition's beginning holds in the blocks that `used` (perhaps of another disk) counts, chunk by chunk. */
export async function chunksOf(disk: string, partition: string, used: UsedBlocks): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = []
  for await (const bytes of maskedChunks(disk, partition, used)) {
    const first = (chunks.length * CHUNK) / used.blockBytes
    let blocks = 0
    for (let block = 0; block < bytes.length / used.blockBytes; block += 1) {
      if (used.has(first + block)) blocks += 1
    }
    const isZero = bytes.equals(ZEROS.subarray(0, bytes.length))
    const name = isZero ? undefined : createHash('sha256').update(bytes).digest('hex')
    chunks.push({ name, usedBytes: blocks * used.blockBytes })
  }
  return chunks
}

/** Numbers of the used blocks in which two disks' partitions differ. */
export async function differingBlocks(
  one: string,
  other: string,
  partition: string,
  used: UsedBlocks,
): Promise<readonly number[]> {
  const others = maskedChunks(other, partition, used)
  const differing: number[] = []
  let first = 0
  try {
    for await (const bytes of maskedChunks(one, partition, used)) {
      const { value = ZEROS } = await others.next()
      for (let at = 0; at < bytes.length; at += used.blockBytes) {
        const block = bytes.subarray(at, at + used.blockBytes)
        if (!block.equals(value.subarray(at, at + used.blockBytes)))
          differing.push(first + at / used.blockBytes)
      }
      first += bytes.length / used.blockBytes
    }
  } finally {
    await others.return()
  }
  return differing
}

async function* maskedChunks(
  disk: string,
  partition: string,
  used: UsedBlocks,
): AsyncGenerator<Buffer, void> {
  const { startBytes } = await placeOf(disk, partition)
  const file = await open(disk)
  try {
    for (let at = 0; at < used.sizeBytes; at += CHUNK) {
      const bytes = Buffer.alloc(Math.min(CHUNK, used.sizeBytes - at))
      await file.read(bytes, 0, bytes.length, startBytes + at)
      for (let block = 0; block < bytes.length; block += used.blockBytes) {
        if (!used.has((at + block) / used.blockBytes)) bytes.fill(0, block, block + used.blockBytes)
      }
      yield bytes
    }
  } finally {
    await file.close()
  }
}

/** ext4's inodes without a name. */
const RESERVED: Readonly<Record<string, string>> = { 2: '/', 7: 'room to grow', 8: 'journal' }
const ASKED_AT_ONCE = 500

/**
 * Whose blocks these are, as debugfs tells: paths of files and folders, `journal`, or `metadata` (superblocks, descriptors, bitmaps,
 * inode tables).
 */
export async function ownersOf(
  disk: string,
  partition: string,
  blocks: readonly number[],
): Promise<readonly string[]> {
  const inodes = new Set<string>()
  const owners = new Set<string>()
  for (let next = 0; next < blocks.length; next += ASKED_AT_ONCE) {
    const asked = blocks.slice(next, next + ASKED_AT_ONCE)
    const answer = await inExt4(disk, partition, `icheck ${asked.join(' ')}`)
    for (const [, inode = ''] of answer.matchAll(/^\d+\t(.+)$/gm)) {
      const reserved = inode === '<block not found>' ? 'metadata' : RESERVED[inode]
      if (reserved === undefined) inodes.add(inode)
      else owners.add(reserved)
    }
  }
  if (inodes.size > 0) {
    const named = new Set<string>()
    const answer = await inExt4(disk, partition, `ncheck ${[...inodes].join(' ')}`)
    for (const [, inode = '', path = ''] of answer.matchAll(/^(\d+)\t\/*(.+)$/gm)) {
      named.add(inode)
      owners.add(path)
    }
    for (const inode of inodes) if (!named.has(inode)) owners.add(`inode ${inode}`)
  }
  return [...owners].sort()
}

/** Owners of blocks that e2fsck puts in order, as it does before a file system may grow: it packs folders that have grown in pieces. */
export async function ownersOfChecked(disk: string, partition: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'checked-'))
  try {
    const copy = join(folder, 'disk.raw')
    await run('cp', '--sparse=always', disk, copy)
    const { startBytes } = await placeOf(copy, partition)
    await run('e2fsck', '-f', '-p', `${copy}?offset=${startBytes}`)
    const used = await usedBlocks(disk, partition)
    return await ownersOf(disk, partition, await differingBlocks(copy, disk, partition, used))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Of the partition's pages, those that are not all zero: about what a file system that came to a blank disk uses. */
export async function nonZeroBytes(disk: string, partition: string): Promise<number> {
  const { startBytes, sizeBytes } = await placeOf(disk, partition)
  const bytes = await bytesAt(disk, startBytes, sizeBytes)
  let found = 0
  for (let at = 0; at < sizeBytes; at += PAGE) {
    if (!bytes.subarray(at, at + PAGE).equals(ZEROS.subarray(0, PAGE))) found += PAGE
  }
  return found
}
