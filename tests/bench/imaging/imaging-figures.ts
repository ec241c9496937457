/** All figures about images: each section into a folder of its own, which is removed afterwards. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../../lab/command.ts'
import { canBeSlower, ownDisk, slowerDisks } from './disk-kind.ts'
import { type LinkRow, measureLinks } from './links-figures.ts'
import { type MemoryFigures, measureMemory } from './memory-figures.ts'
import { measureRestore, type RestoreFigures } from './restore-figures.ts'
import { type FileSystem, sampleImage, samples } from './sample-images.ts'
import { type Stored, type StoreFigures, storeByAll } from './store-figures.ts'

export type ImagingSection = 'store' | 'restore' | 'memory' | 'links'
export const imagingSections: readonly ImagingSection[] = ['store', 'restore', 'memory', 'links']

export type ImagingFigures = {
  readonly versions: string
  readonly stores: readonly StoreFigures[]
  readonly restores: readonly RestoreFigures[]
  readonly memory?: MemoryFigures
  readonly links: readonly LinkRow[]
}

const lab = join(import.meta.dirname, '../../../.lab')
const fileSystems: readonly FileSystem[] = ['ext4', 'ntfs']

/** `small`: with small images, to try the measuring itself; its figures say little. */
export async function measureImaging(
  sections: ReadonlySet<ImagingSection>,
  small: boolean,
  tell: (line: string) => void,
): Promise<ImagingFigures> {
  await mkdir(lab, { recursive: true })
  const folder = await mkdtemp(join(lab, 'bench-run-'))
  try {
    const stores: StoreFigures[] = []
    const restores: RestoreFigures[] = []
    if (sections.has('store') || sections.has('restore'))
      for (const fileSystem of fileSystems) {
        const place = join(folder, fileSystem)
        const file = await sampleImage(small ? samples.small : samples.large, fileSystem, tell)
        const stored = await storeByAll(fileSystem, file, place, tell)
        if (sections.has('store')) stores.push(stored.figures)
        if (sections.has('restore')) restores.push(...(await restoresOf(stored, place, tell)))
        await rm(place, { recursive: true })
      }
    const memory = sections.has('memory')
      ? await measureMemory(small ? samples.small : samples.wide, join(folder, 'memory'), tell)
      : undefined
    const links = sections.has('links')
      ? await measureLinks(
          [
            { megabits: 1000, sample: small ? samples.small : samples.medium },
            { megabits: 100, sample: samples.small },
          ],
          folder,
          tell,
        )
      : []
    return { versions: await versions(), stores, restores, ...(memory ? { memory } : {}), links }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** All of ext4; of NTFS what might differ; of slower disks what depends on the disk. */
async function restoresOf(
  stored: Stored,
  folder: string,
  tell: (line: string) => void,
): Promise<readonly RestoreFigures[]> {
  const isMain = stored.fileSystem === 'ext4'
  const found = [
    await measureRestore(stored, folder, { kind: ownDisk, withDeltas: isMain, repetitions: 3 }, tell),
  ]
  if (isMain && canBeSlower())
    for (const kind of slowerDisks)
      found.push(await measureRestore(stored, folder, { kind, withDeltas: false, repetitions: 1 }, tell))
  return found
}

async function versions(): Promise<string> {
  const lines = await must('dpkg-query', ['--show', 'zstd', 'partclone', 'casync', 'rsync'])
  return lines.trim().replaceAll('\t', ' ').replaceAll('\n', ', ')
}
