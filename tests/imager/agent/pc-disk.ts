/** The independent look at a PC's disk: by sfdisk, blkid, debugfs and mtools, not by the imager's own code. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { run } from './run.ts'

type Dump = {
  readonly partitiontable: {
    readonly id: string
    readonly partitions: readonly {
      readonly start: number
      readonly size: number
      readonly type: string
      readonly uuid: string
      readonly name: string
    }[]
  }
}

export async function partitionsOf(disk: string) {
  const { partitiontable }: Dump = JSON.parse(await run('sfdisk', '--json', disk))
  return partitiontable.partitions.map(({ start, size, ...rest }) => ({
    ...rest,
    startBytes: start * 512,
    sizeBytes: size * 512,
  }))
}

export async function placeOf(
  disk: string,
  name: string,
): Promise<{ startBytes: number; sizeBytes: number }> {
  const found = (await partitionsOf(disk)).find((partition) => partition.name === name)
  if (found === undefined) throw new Error(`no partition ${name}`)
  return found
}

/** debugfs(8) on a part of the disk: what it prints. */
export async function inExt4(disk: string, name: string, command: string): Promise<string> {
  const { startBytes } = await placeOf(disk, name)
  return run('debugfs', '-R', command, `${disk}?offset=${startBytes}`)
}

export const readExt4 = (disk: string, name: string, path: string) => inExt4(disk, name, `cat ${path}`)

/** Puts a file into a part of the disk without mounting it. */
export async function writeExt4(disk: string, name: string, from: string, path: string): Promise<void> {
  const { startBytes } = await placeOf(disk, name)
  await run('debugfs', '-w', '-R', `write ${from} ${path}`, `${disk}?offset=${startBytes}`)
}

export async function checkExt4(disk: string, name: string): Promise<string> {
  const { startBytes } = await placeOf(disk, name)
  return run('e2fsck', '-f', '-n', `${disk}?offset=${startBytes}`)
}

export async function readFat(disk: string, name: string, path: string): Promise<string> {
  const { startBytes } = await placeOf(disk, name)
  return run('mtype', '-i', `${disk}@@${startBytes}`, `::/${path}`)
}

export async function bytesAt(disk: string, position: number, length: number): Promise<Buffer> {
  const file = await open(disk)
  try {
    const buffer = Buffer.alloc(length)
    await file.read(buffer, 0, length, position)
    return buffer
  } finally {
    await file.close()
  }
}

export async function overwrite(disk: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await open(disk, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, position)
  } finally {
    await file.close()
  }
}

const pieceBytes = 2 ** 20
const zeros = Buffer.alloc(pieceBytes)

/**
 * What is another after any change of the disk: a digest of where it holds what. Of hundreds of megabytes most are zeros, which are
 * only compared; and of a disk that was never written its blocks tell that, without reading it.
 */
export async function stateOf(disk: string): Promise<string> {
  const { blocks, size } = await stat(disk)
  if (blocks === 0) return `${size} bytes, never written`
  const hash = createHash('sha256')
  const file = await open(disk)
  try {
    const piece = Buffer.alloc(pieceBytes)
    for (let at = 0; at < size; at += pieceBytes) {
      const { bytesRead } = await file.read(piece, 0, pieceBytes, at)
      const read = piece.subarray(0, bytesRead)
      if (!read.equals(zeros.subarray(0, bytesRead))) hash.update(`${at} ${bytesRead}\n`).update(read)
    }
  } finally {
    await file.close()
  }
  return `${size} bytes, ${hash.digest('hex')}`
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}
