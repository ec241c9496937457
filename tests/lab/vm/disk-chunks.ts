/** The independent look at a partition's bytes: each chunk hashed here, and compared with the list that the image's manifest names. */
import { createHash } from 'node:crypto'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import type { Manifest } from '../../../imaging/manifest.ts'
import { maskChunk, parseUsedMap } from '../../../imaging/used-map.ts'
import { bytesAt, placeOf } from '../../imager/agent/pc-disk.ts'
import type { Blocks } from './disk-tree.ts'

const NAME_BYTES = 32

/** `site`: of whose store the image is. Returns the numbers of the chunks that are not the image's. */
export async function differingChunks(
  disk: string,
  name: string,
  site: { readonly store: string; readonly image: { readonly manifest: Manifest } },
): Promise<readonly number[]> {
  const { chunkBytes, partitions } = site.image.manifest
  const partition = partitions.find((one) => one.name === name)
  if (partition === undefined) throw new Error(`the image has no partition ${name}`)
  const store = openFolderStore(site.store)
  const [list, map] = await Promise.all([store.readList(partition.list), store.readMap(partition.map)])
  const used = map.ok ? parseUsedMap(map.value, partition.sizeBytes) : map
  if (!list.ok || !used.ok) throw new Error(`the store lacks the list or the map of ${name}`)
  const { startBytes } = await placeOf(disk, name)
  const content = await bytesAt(disk, startBytes, partition.sizeBytes)
  const differing: number[] = []
  for (let index = 0; index * chunkBytes < partition.sizeBytes; index += 1) {
    const chunk = content.subarray(index * chunkBytes, (index + 1) * chunkBytes)
    maskChunk(chunk, index * chunkBytes, used.map)
    const isEmpty = chunk.every((byte) => byte === 0)
    const wanted = Buffer.from(list.value.subarray(index * NAME_BYTES, (index + 1) * NAME_BYTES))
    const found = isEmpty ? Buffer.alloc(NAME_BYTES) : createHash('sha256').update(chunk).digest()
    if (!found.equals(wanted)) differing.push(index)
  }
  return differing
}

/** The chunks that hold nothing but these blocks: a PC's own files and its file system's bookkeeping lie elsewhere. */
export function chunksWithin({ sizeBytes, positions }: Blocks, chunkBytes: number): readonly number[] {
  const filled = new Map<number, number>()
  for (const position of positions) {
    const chunk = Math.floor(position / chunkBytes)
    filled.set(chunk, (filled.get(chunk) ?? 0) + sizeBytes)
  }
  return [...filled].filter(([, bytes]) => bytes === chunkBytes).map(([chunk]) => chunk)
}
