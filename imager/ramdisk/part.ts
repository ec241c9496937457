/** One archive of the ramdisk. The large ones change rarely and take long to compress: they are kept for the next time. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { type Result, right } from '../../imaging/refusal.ts'
import { type Entry, packCpio } from './cpio.ts'
import { readIfThere } from './files.ts'
import { compressionLevel } from './recipe.ts'

export type Part = {
  readonly name: string
  /** zstd, a whole number of four bytes long: the kernel skips zeros between archives. */
  readonly bytes: Buffer
  readonly unpackedBytes: number
}

export async function makePart(name: string, entries: readonly Entry[]): Promise<Part> {
  const cpio = packCpio(entries)
  const packed = await compress(cpio, {
    params: {
      [constants.ZSTD_c_compressionLevel]: compressionLevel,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  })
  const bytes = Buffer.concat([packed, new Uint8Array((4 - (packed.length % 4)) % 4)])
  return { name, bytes, unpackedBytes: cpio.length }
}

/** `digest`: of all that its entries are made from. The part of any other digest is removed. */
export async function keptPart(
  cache: string,
  name: string,
  digest: string,
  entries: () => Promise<Result<readonly Entry[]>>,
): Promise<Result<Part>> {
  const folder = join(cache, 'parts')
  const file = `${name}-${digest.slice(0, 16)}`
  const kept = await readPart(join(folder, file), name)
  if (kept !== undefined) return right(kept)
  const found = await entries()
  if (!found.ok) return found
  const part = await makePart(name, found.value)
  await mkdir(folder, { recursive: true })
  for (const other of await readdir(folder)) if (other.startsWith(`${name}-`)) await rm(join(folder, other))
  await writeFile(join(folder, `${file}.draft`), part.bytes)
  await rename(join(folder, `${file}.draft`), join(folder, file))
  return right(part)
}

/** Undefined: there is none, or it did not outlive something whole. */
async function readPart(path: string, name: string): Promise<Part | undefined> {
  const bytes = await readIfThere(path)
  if (bytes === undefined) return undefined
  try {
    return { name, bytes, unpackedBytes: (await decompress(bytes)).length }
  } catch {
    return undefined
  }
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
