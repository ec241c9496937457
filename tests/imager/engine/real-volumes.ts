/** Real file systems in files, filled with real files, made by their own tools. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readUsedMap } from '../../../imaging/used-blocks/file-system.ts'
import type { UsedMap } from '../../../imaging/used-map.ts'
import type { Random } from '../../../reconciler/ports.ts'
import { pick, randomBytes } from './sample-image.ts'

const exec = promisify(execFile)

export const run = async (program: string, ...args: string[]): Promise<string> =>
  (
    await exec(program, args, {
      env: { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    })
  ).stdout

/** A file of so many bytes with an ext4 file system of `files` (path → content). */
export const ext4Volume = async (
  file: string,
  sizeBytes: number,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> => {
  const tree = await mkdtemp(`${file}-tree-`)
  for (const [path, content] of files) {
    await mkdir(join(tree, path, '..'), { recursive: true })
    await writeFile(join(tree, path), content)
  }
  await writeFile(file, '')
  await truncate(file, sizeBytes)
  await run('mke2fs', '-q', '-t', 'ext4', '-F', '-d', tree, file)
  await rm(tree, { recursive: true })
}

/** Mounts, lets `use` change files, and unmounts: as a pupil's day would. */
export const withVolume = async <T>(
  file: string,
  kind: 'ext4' | 'ntfs',
  use: (folder: string) => Promise<T>,
  options = 'rw',
): Promise<T> => {
  const folder = await mkdtemp(`${file}-mounted-`)
  if (kind === 'ext4') await run('mount', '-o', `loop,${options}`, file, folder)
  else await run('ntfs-3g', '-o', options, file, folder)
  try {
    return await use(folder)
  } finally {
    await run('umount', folder)
    await rm(folder, { recursive: true })
  }
}

export const ntfsVolume = async (
  file: string,
  sizeBytes: number,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> => {
  await writeFile(file, '')
  await truncate(file, sizeBytes)
  await run('mkntfs', '-q', '-F', '-f', '-s', '512', '-H', '16', '-S', '63', '-p', '2048', file)
  await withVolume(file, 'ntfs', async (folder) => {
    for (const [path, content] of files) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), content)
    }
  })
}

export const someFiles = (random: Random, count: number, mostBytes: number): Map<string, Uint8Array> =>
  new Map(
    Array.from({ length: count }, (_, index) => [
      `usr/share/dossier-${index % 7}/fichier-${index}`,
      randomBytes(random, pick(random, 1, mostBytes)),
    ]),
  )

export const usedMapOf = async (
  file: string,
  kind: 'ext4' | 'ntfs',
  scratch: string,
): Promise<{ readonly map: UsedMap; readonly content: Uint8Array }> => {
  const content = await readFile(file)
  const map = await readUsedMap({ path: file, offsetBytes: 0, sizeBytes: content.length }, kind, scratch)
  if (!map.ok) throw new Error(map.message.en)
  return { map: map.value, content }
}
