import { closeSync, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { chunkSizeAt } from '../chunk-list.ts'
import { chunkName, compressChunk, isZero } from '../codec.ts'
import { openFolderStore, type Put } from '../folder-store.ts'
import { createUsedMap, maskChunk, type UsedMap, usedIn } from '../used-map.ts'
import type { PackedChunk, PackedRange, RangeToPack } from './packed-range.ts'

/** Writes under way beside the packing: enough that waiting for the disk costs no time. */
const mostWrites = 8

const { storeFolder }: { readonly storeFolder: string } = workerData
const store = openFolderStore(storeFolder)
let buffer = Buffer.alloc(0)

const pack = async (range: RangeToPack): Promise<PackedRange> => {
  const { volume, chunkBytes, firstChunk } = range
  const map = createUsedMap(volume.sizeBytes, range.used)
  const packed: PackedChunk[] = []
  const writes = new Set<Promise<void>>()
  let failed: Extract<Put, { ok: false }> | undefined
  if (buffer.length !== chunkBytes) buffer = Buffer.alloc(chunkBytes)
  const file = openSync(volume.path, 'r')
  try {
    for (let index = firstChunk; index < firstChunk + range.chunks && failed === undefined; index += 1) {
      const chunk = buffer.subarray(0, chunkSizeAt(index, volume.sizeBytes, chunkBytes))
      const fault = readChunk(file, range, index, chunk, map)
      if (fault !== undefined) return fault
      if (isZero(chunk)) continue
      const name = chunkName(chunk)
      const known = (await store.keepChunk(name)) ? await store.chunkStoredBytes(name) : undefined
      if (known !== undefined) {
        packed.push({ index, name, storedBytes: known, isNew: false })
        continue
      }
      const compressed = compressChunk(chunk)
      packed.push({ index, name, storedBytes: compressed.length, isNew: true })
      const write = store.putChunk(name, compressed).then((put) => {
        if (!put.ok) failed = put
        writes.delete(write)
      })
      writes.add(write)
      if (writes.size >= mostWrites) await Promise.race(writes)
    }
  } finally {
    closeSync(file)
    await Promise.all(writes)
  }
  return failed === undefined
    ? { kind: 'packed', chunks: packed }
    : { kind: 'store-full', message: failed.message }
}

/** Reads what is used of a chunk and zeroes the rest. */
const readChunk = (
  file: number,
  { volume, chunkBytes }: RangeToPack,
  index: number,
  chunk: Buffer,
  map: UsedMap,
): PackedRange | undefined => {
  const offset = index * chunkBytes
  const used = usedIn(map, offset, chunk.length)
  const first = used.at(0)
  const last = used.at(-1)
  if (first === undefined || last === undefined) {
    chunk.fill(0)
    return undefined
  }
  const end = last.fromByte + last.bytes
  for (let at = first.fromByte; at < end; ) {
    try {
      const read = readSync(file, chunk, at - offset, end - at, volume.offsetBytes + at)
      if (read === 0) return { kind: 'unreadable', fromByte: at, detail: 'end of file' }
      at += read
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return { kind: 'unreadable', fromByte: at, detail: error.message }
    }
  }
  maskChunk(chunk, offset, map)
  return undefined
}

parentPort?.on('message', async (range: RangeToPack) => {
  parentPort?.postMessage(await pack(range))
})
