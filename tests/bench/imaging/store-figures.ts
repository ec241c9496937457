/** What an image takes in a store, and the time to make it: ours, and what Debian's tools make of the same partition. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../../lab/command.ts'
import { type Measure, measure } from '../measure.ts'
import { coldCaches, shell } from './disk-run.ts'
import { type ImportedImage, importSample } from './imported-image.ts'
import type { FileSystem } from './sample-images.ts'

export type StoreRow = Pick<Measure, 'wallMs' | 'cpuMs' | 'peakBytes'> & {
  readonly tool: StoreTool
  readonly storedBytes: number
}
export type StoreTool = 'proviseur' | 'partclone' | 'raw' | 'casync'

export type StoreFigures = {
  readonly fileSystem: FileSystem
  readonly imageBytes: number
  readonly usedBytes: number
  readonly rows: readonly StoreRow[]
}

/** A partition, and what each tool has made of it. */
export type Stored = {
  readonly fileSystem: FileSystem
  readonly file: string
  readonly image: ImportedImage
  readonly partclone: string
  readonly raw: string
  readonly casync: { readonly index: string; readonly store: string }
  readonly figures: StoreFigures
}

/** Into an empty folder. All read the partition from a disk that is not in memory, and nobody waits for what is written. */
export async function storeByAll(
  fileSystem: FileSystem,
  file: string,
  folder: string,
  tell: (line: string) => void,
): Promise<Stored> {
  await mkdir(folder, { recursive: true })
  const at = (name: string): string => join(folder, name)
  const [partclone, raw] = [at('partclone.zst'), at('raw.zst')]
  const casync = { index: at('image.caibx'), store: at('store.castr') }
  const rows: StoreRow[] = []
  const record = async (
    tool: StoreTool,
    work: () => Promise<Measure>,
    made: readonly string[],
  ): Promise<void> => {
    await coldCaches()
    const { wallMs, cpuMs, peakBytes } = await work()
    rows.push({ tool, wallMs, cpuMs, peakBytes, storedBytes: await sizeOf(made) })
    tell(`  ${fileSystem}: stored by ${tool} in ${Math.round(wallMs)} ms`)
  }
  let image: ImportedImage | undefined
  const importing = async (): Promise<Measure> => {
    image = await importSample(file, folder)
    return image.run
  }
  await record('proviseur', importing, [at('park/.proviseur/images')])
  await record('partclone', () => measure(shell(clone[fileSystem], file, partclone)), [partclone])
  await record('raw', () => measure(shell('zstd -q -3 -T2 -o "$2" "$1"', file, raw)), [raw])
  const making = shell(
    'casync make --store="$3" --compression=zstd "$2" "$1" >/dev/null 2>&1',
    file,
    casync.index,
    casync.store,
  )
  await record('casync', () => measure(making), [casync.index, casync.store])
  if (image === undefined) throw new Error('an import without an image')
  const figures = { fileSystem, imageBytes: image.partition.sizeBytes, usedBytes: image.map.usedBytes, rows }
  return { fileSystem, file, image, partclone, raw, casync, figures }
}

const clone: Readonly<Record<FileSystem, string>> = {
  ext4: 'partclone.ext4 -c -q -L /dev/null -s "$1" -o - 2>/dev/null | zstd -q -3 -T2 -o "$2"',
  ntfs: 'partclone.ntfs -c -q -L /dev/null -s "$1" -o - 2>/dev/null | zstd -q -3 -T2 -o "$2"',
}

/** Of the files' contents. */
async function sizeOf(paths: readonly string[]): Promise<number> {
  const sizes = await must('find', [...paths, '-type', 'f', '-printf', '%s\n'], { timeoutMs: 120_000 })
  return sizes
    .trim()
    .split('\n')
    .reduce((sum, size) => sum + Number(size), 0)
}
