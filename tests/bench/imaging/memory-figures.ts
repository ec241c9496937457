/** Memory on a disk that is sixteen times as large. Its free space takes no room here, on the image's side as on the PC's. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../../lab/command.ts'
import { type Measure, measure } from '../measure.ts'
import { importSample } from './imported-image.ts'
import { type Sample, sampleImage } from './sample-images.ts'
import { engine, serveStore } from './store-server.ts'

export type MemoryFigures = {
  readonly imageBytes: number
  readonly usedBytes: number
  readonly imported: Pick<Measure, 'peakBytes'>
  readonly restored: Pick<Measure, 'peakBytes'>
  /** The same once more, when the disk is right. */
  readonly unchanged: Pick<Measure, 'peakBytes'>
}

export async function measureMemory(
  sample: Sample,
  folder: string,
  tell: (line: string) => void,
): Promise<MemoryFigures> {
  const file = await sampleImage(sample, 'ext4', tell)
  await mkdir(folder, { recursive: true })
  const image = await importSample(file, folder)
  await using server = await serveStore(image.store.folder)
  const disk = join(folder, 'disk.img')
  await must('truncate', ['-s', String(image.partition.sizeBytes), disk])
  const restore = engine(`http://127.0.0.1:${server.port}`, image.digest, disk)
  const restored = await measure(restore)
  const unchanged = await measure(restore)
  await rm(disk)
  tell(`  ${sample.imageMiB} MiB: ${Math.round(restored.peakBytes / 1e6)} MB of memory`)
  return {
    imageBytes: image.partition.sizeBytes,
    usedBytes: image.map.usedBytes,
    imported: image.run,
    restored,
    unchanged,
  }
}
