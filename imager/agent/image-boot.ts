/** The image's own boot path, for disks without a cache partition: its boot code, and GRUB's core before the first partition. */
import { open } from 'node:fs/promises'
import { chunkSizeAt, parseChunkList } from '../../imaging/chunk-list.ts'
import { openChunk } from '../../imaging/codec.ts'
import type { Manifest } from '../../imaging/manifest.ts'
import type { ChunkSource } from '../../imaging/source.ts'
import { writeBootCode } from './bios-loader.ts'
import { done, failed, type Result } from './result.ts'

/** The gap begins behind the first sector. */
const gapStartBytes = 512

/** `firstPartitionBytes`: where the first partition begins; the image's gap must end before it. The boot code comes last. */
export async function writeImageBoot(
  device: string,
  manifest: Manifest,
  firstPartitionBytes: number,
  source: ChunkSource,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { gap, bootCode } = manifest.disk
  if (gap !== undefined) {
    if (gapStartBytes + gap.sizeBytes > firstPartitionBytes) {
      return failed(
        'boot-loader-failed',
        `gap: ${gap.sizeBytes} bytes, first partition at ${firstPartitionBytes}`,
      )
    }
    const written = await writeGap(device, manifest.chunkBytes, gap, source, signal)
    if (!written.ok) return written
  }
  await writeBootCode(device, Buffer.from(bootCode ?? '', 'base64'))
  return done(undefined)
}

async function writeGap(
  device: string,
  chunkBytes: number,
  gap: NonNullable<Manifest['disk']['gap']>,
  source: ChunkSource,
  signal: AbortSignal,
): Promise<Result<void>> {
  const bytes = await source.list(gap.list, signal)
  if (!bytes.ok) return failed(bytes.code === 'damaged' ? 'list-damaged' : 'list-missing', gap.list)
  const parsed = parseChunkList(bytes.value, Math.ceil(gap.sizeBytes / chunkBytes))
  if (!parsed.ok) return failed(parsed.code, gap.list)
  const disk = await open(device, 'r+')
  try {
    for (let index = 0; index < parsed.list.length; index += 1) {
      const sizeBytes = chunkSizeAt(index, gap.sizeBytes, chunkBytes)
      const name = parsed.list.name(index)
      let content: Uint8Array = new Uint8Array(sizeBytes)
      if (name !== undefined) {
        const { value: item } = await source.chunks([name], signal)[Symbol.asyncIterator]().next()
        if (item === undefined || !('compressed' in item)) return failed('chunk-missing', name)
        const opened = openChunk(name, item.compressed, sizeBytes)
        if (!opened.ok) return failed(opened.code, name)
        content = opened.bytes
      }
      await disk.write(content, 0, content.length, gapStartBytes + index * chunkBytes)
    }
    await disk.sync()
    return done(undefined)
  } finally {
    await disk.close()
  }
}
