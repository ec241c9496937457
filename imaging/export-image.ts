/** An image as a disk again: a sparse raw file that a virtual machine starts from. Shares nothing with the imager's own engine. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { isFull } from './atomic-file.ts'
import { openChunk } from './codec.ts'
import type { ImageStore } from './folder-store.ts'
import { type Contents, chunksOf, openContents } from './image-contents.ts'
import type { Manifest } from './manifest.ts'
import { runProgram } from './program.ts'
import { type Result, refuse, right } from './refusal.ts'
import { attributeWords } from './sfdisk-dump.ts'

const alignBytes = 2 ** 20
/** GPT's copy at the end of the disk takes 33 sectors. */
const tailBytes = 2 ** 20

export type ExportProgress = (doneBytes: number, totalBytes: number) => void

/** Partitions follow each other at whole MiB. The file appears under its name once it is complete. */
export const exportImage = async (
  store: ImageStore,
  manifest: Manifest,
  path: string,
  onProgress: ExportProgress = () => {},
  signal?: AbortSignal,
): Promise<Result<{ readonly sizeBytes: number }>> => {
  const contents = await openContents(store, manifest)
  if (!contents.ok) return contents
  const starts = startsOf(manifest)
  const last = manifest.partitions.at(-1)
  const end = (starts.get(last?.name ?? '') ?? 0) + (last?.sizeBytes ?? 0)
  const sizeBytes = Math.max(manifest.disk.sizeBytes, roundUp(end) + tailBytes)
  const partial = `${path}.partial`
  try {
    const file = await open(partial, 'w')
    try {
      await file.truncate(sizeBytes)
      const table = await writeTable(partial, manifest, starts)
      if (!table.ok) return table
      if (manifest.disk.bootCode !== undefined)
        await file.write(Buffer.from(manifest.disk.bootCode, 'base64'), 0, 440, 0)
      const total = contents.value.reduce((sum, { list }) => sum + list.length * manifest.chunkBytes, 0)
      let done = 0
      for (const each of contents.value) {
        const wrote = await writeContents(
          store,
          manifest,
          each,
          file,
          starts.get(each.name) ?? 512,
          (bytes) => {
            signal?.throwIfAborted()
            onProgress(done + bytes, total)
          },
        )
        if (!wrote.ok) return wrote
        done += each.list.length * manifest.chunkBytes
      }
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
    return right({ sizeBytes })
  } catch (error) {
    if (!isFull(error)) throw error
    return refuse(
      'disk-full',
      `There is no room for the disk image ${path}. Free some space, or write it elsewhere.`,
      `Il n’y a pas assez de place pour l’image disque ${path}. Libérez de l’espace, ou écrivez-la ailleurs.`,
    )
  } finally {
    await rm(partial, { force: true })
  }
}

const roundUp = (bytes: number): number => Math.ceil(bytes / alignBytes) * alignBytes

const startsOf = (manifest: Manifest): ReadonlyMap<string, number> => {
  const starts = new Map<string, number>()
  let at = Math.max(alignBytes, roundUp(512 + (manifest.disk.gap?.sizeBytes ?? 0)))
  for (const { name, sizeBytes } of manifest.partitions) {
    starts.set(name, at)
    at = roundUp(at + sizeBytes)
  }
  return starts
}

const writeContents = async (
  store: ImageStore,
  manifest: Manifest,
  contents: Contents,
  file: FileHandle,
  fromByte: number,
  onBytes: (bytes: number) => void,
): Promise<Result<undefined>> => {
  for (const { index, name, bytes } of chunksOf(contents, manifest.chunkBytes)) {
    const compressed = await store.readChunk(name)
    const opened = compressed && openChunk(name, compressed, bytes)
    if (!opened?.ok) {
      const code = compressed === undefined ? 'chunk-missing' : 'chunk-damaged'
      return refuse(
        code,
        `A chunk of partition ${contents.name} is ${code === 'chunk-missing' ? 'missing' : 'damaged'} in the store (${name}). Run proviseur image verify, then import the image again.`,
        `Un bloc de la partition ${contents.name} est ${code === 'chunk-missing' ? 'absent du' : 'endommagé dans le'} dépôt (${name}). Lancez proviseur image verify, puis importez l’image de nouveau.`,
      )
    }
    await file.write(opened.bytes, 0, bytes, fromByte + index * manifest.chunkBytes)
    onBytes((index + 1) * manifest.chunkBytes)
  }
  return right(undefined)
}

/** Made by sfdisk from a script, identifiers and all. */
const writeTable = async (
  path: string,
  { disk, partitions }: Manifest,
  starts: ReadonlyMap<string, number>,
): Promise<Result<undefined>> => {
  // A file has sectors of 512 bytes for sfdisk, whatever the disk had.
  const sectors = (bytes: number): number => bytes / 512
  const lines = [
    `label: ${disk.table === 'gpt' ? 'gpt' : 'dos'}`,
    `label-id: ${disk.table === 'gpt' ? disk.id : `0x${disk.id}`}`,
    'unit: sectors',
    '',
    ...partitions.map((one) =>
      [
        `${one.number}: start=${sectors(starts.get(one.name) ?? 0)}`,
        `size=${sectors(one.sizeBytes)}`,
        `type=${one.type}`,
        ...(disk.table === 'gpt' ? [`uuid=${one.guid ?? ''}`, `name="${one.name}"`] : []),
        ...attributesOf(one.attributes, disk.table),
      ].join(', '),
    ),
  ]
  const args = ['--quiet', '--no-reread', '--no-tell-kernel', '--wipe=never', path]
  const ran = await runProgram('sfdisk', args, { input: `${lines.join('\n')}\n` })
  if (!ran.ok) return ran
  if (ran.value.exitCode === 0) return right(undefined)
  return refuse(
    'table-not-written',
    'The partition table could not be written into the disk image.',
    'La table de partitions n’a pas pu être écrite dans l’image disque.',
    ran.value.stderr,
  )
}

const attributesOf = (attributes: string | undefined, table: 'gpt' | 'mbr'): readonly string[] => {
  if (attributes === undefined) return []
  if (table === 'mbr') return attributes === '80' ? ['bootable'] : []
  const words = attributeWords(attributes)
  return words === '' ? [] : [`attrs="${words}"`]
}
