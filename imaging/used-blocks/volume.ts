import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isZero } from '../codec.ts'
import { runProgram } from '../program.ts'
import { type Result, refuse, right } from '../refusal.ts'

/** Where a file system is: a partition's device (offset 0), or a part of a disk or of its image. */
export type Volume = { readonly path: string; readonly offsetBytes: number; readonly sizeBytes: number }

/** Fails where the volume ends too early: a disk image that was cut. */
export const readVolume = async (
  file: FileHandle,
  volume: Volume,
  fromByte: number,
  bytes: number,
): Promise<Buffer> => {
  const buffer = Buffer.alloc(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await file.read(
      buffer,
      filled,
      bytes - filled,
      volume.offsetBytes + fromByte + filled,
    )
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer
}

/**
 * Gives the volume as a file of its own, for programs that take no offset (ntfs-3g's). Root gets a loop device; anybody else a copy
 * in `scratch`, as large as what is not zero in it.
 */
export const withOwnFile = async <T>(
  volume: Volume,
  scratch: string,
  use: (path: string) => Promise<Result<T>>,
): Promise<Result<T>> => {
  if (volume.offsetBytes === 0) return use(volume.path)
  if (process.getuid?.() !== 0) return withCopy(volume, scratch, use)
  const made = await runProgram('losetup', [
    '--find',
    '--show',
    '--read-only',
    `--offset=${volume.offsetBytes}`,
    `--sizelimit=${volume.sizeBytes}`,
    volume.path,
  ])
  if (!made.ok) return made
  if (made.value.exitCode !== 0) return withCopy(volume, scratch, use)
  const device = made.value.stdout.toString().trim()
  const held = await open(device, 'r')
  try {
    // Detached while we hold it, it vanishes with us, however we end.
    const detached = await runProgram('losetup', ['--detach', device])
    if (!detached.ok) return detached
    return await use(device)
  } finally {
    await held.close()
  }
}

const copyBytes = 4 * 2 ** 20

const withCopy = async <T>(
  volume: Volume,
  scratch: string,
  use: (path: string) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const path = join(scratch, `volume-${volume.offsetBytes}`)
  try {
    const copied = await copySparse(volume, path)
    return copied.ok ? await use(path) : copied
  } finally {
    await rm(path, { force: true })
  }
}

const copySparse = async (volume: Volume, path: string): Promise<Result<undefined>> => {
  const from = await open(volume.path, 'r')
  const to = await open(path, 'w', 0o600)
  try {
    await to.truncate(volume.sizeBytes)
    for (let at = 0; at < volume.sizeBytes; at += copyBytes) {
      const bytes = await readVolume(from, volume, at, Math.min(copyBytes, volume.sizeBytes - at))
      if (!isZero(bytes)) await to.write(bytes, 0, bytes.length, at)
    }
    return right(undefined)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    return refuse(
      'scratch-full',
      `There is no room in ${path} for a copy of the partition. Free some space, name another folder with --scratch, or work as root: then no copy is needed.`,
      `Il n’y a pas assez de place dans ${path} pour une copie de la partition. Libérez de l’espace, indiquez un autre dossier avec --scratch, ou travaillez en tant que root\u00a0: aucune copie n’est alors nécessaire.`,
    )
  } finally {
    await from.close()
    await to.close()
  }
}
