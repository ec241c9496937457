import { randomBytes } from 'node:crypto'
import { rm, stat, statfs } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runProgram } from '../program.ts'
import { type Result, refuse, right } from '../refusal.ts'

/** A disk's bytes as a plain file. `format`: what it was, as qemu-img calls it. */
export type DiskImage = {
  readonly path: string
  readonly sizeBytes: number
  readonly format: string
  /** Removes the copy, if one had to be made. */
  close(): Promise<void>
}

/** Formats of virtual machines. Others that qemu-img knows (a `dmg`, a `luks`) are no disks of PCs. */
const formats = ['raw', 'qcow2', 'vhdx', 'vmdk', 'vpc', 'vdi'] as const

/** Whether there is something to be read at each of these paths; what it is shows once it is opened. */
export const findDiskImages = async (paths: readonly string[]): Promise<Result<undefined>> => {
  for (const path of paths) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    })
    if (found?.isBlockDevice() === true || (found?.isFile() === true && found.size > 0)) continue
    if (found === undefined)
      return missing(`There is no disk image ${path}.`, `Il n’y a pas d’image disque ${path}.`)
    return found.isFile()
      ? missing(`${path} is empty.`, `${path} est vide.`)
      : missing(`${path} is no file.`, `${path} n’est pas un fichier.`)
  }
  return right(undefined)
}

const missing = (en: string, fr: string) =>
  refuse('image-file-missing', `${en} Check the path.`, `${fr} Vérifiez le chemin.`)

/**
 * Opens a disk image of any format of `formats`; what is not raw is converted into a sparse file in `scratch`, as large as what the
 * virtual disk really holds. A disk with a snapshot's parent (backing file) is read with it.
 */
export const openDiskImage = async (
  path: string,
  scratch: string,
  signal?: AbortSignal,
): Promise<Result<DiskImage>> => {
  const there = await findDiskImages([path])
  if (!there.ok) return there
  const info = await runProgram('qemu-img', ['info', '--output=json', path])
  if (!info.ok) return info
  if (info.value.exitCode !== 0) return notReadable(path, info.value.stderr)
  const { format, 'virtual-size': sizeBytes, 'actual-size': heldBytes = 0 } = readInfo(info.value.stdout)
  if (!formats.some((known) => known === format)) {
    return refuse(
      'image-format-unknown',
      `${path} is of a format that cannot be imported (${format}). Possible: ${formats.join(', ')}.`,
      `${path} est dans un format qui ne peut pas être importé (${format}). Possibles\u00a0: ${formats.join(', ')}.`,
    )
  }
  if (format === 'raw') return right({ path, sizeBytes, format, close: async () => {} })
  const checked = await checkDiskImage(path, format)
  if (!checked.ok) return checked
  const room = await statfs(scratch)
  if (room.bavail * room.bsize < heldBytes) return noRoom(scratch, heldBytes, '')
  const copy = join(scratch, `${basename(path)}-${randomBytes(6).toString('hex')}.raw`)
  const close = () => rm(copy, { force: true })
  const converted = await runProgram(
    'qemu-img',
    ['convert', '-f', format, '-O', 'raw', '-S', '4k', '-t', 'none', '-T', 'writeback', path, copy],
    signal === undefined ? {} : { signal },
  ).catch(async (error: unknown) => {
    await close()
    throw error
  })
  if (!converted.ok) return converted
  if (converted.value.exitCode === 0) return right({ path: copy, sizeBytes, format, close })
  await close()
  const said = converted.value.stderr
  return /No space left/u.test(said) ? noRoom(scratch, heldBytes, said) : notReadable(path, said)
}

/** What was cut off a file would be read as zeros. Leaked clusters (3) harm nobody; 63: the format has no check. */
const checkDiskImage = async (path: string, format: string): Promise<Result<undefined>> => {
  const ran = await runProgram('qemu-img', ['check', '-f', format, path])
  if (!ran.ok) return ran
  const { exitCode, stderr, stdout } = ran.value
  return [0, 3, 63].includes(exitCode)
    ? right(undefined)
    : notReadable(path, `${stderr}${stdout}`.slice(-2000))
}

const readInfo = (
  json: Buffer,
): { readonly format: string; readonly 'virtual-size': number; readonly 'actual-size'?: number } =>
  JSON.parse(json.toString())

const notReadable = (path: string, detail: string) =>
  refuse(
    'image-file-unreadable',
    `${path} cannot be read as a disk image: it is damaged, cut, or in use by a virtual machine that still runs.`,
    `${path} n’est pas lisible comme image disque\u00a0: le fichier est endommagé, tronqué ou utilisé par une machine virtuelle en marche.`,
    detail,
  )

const noRoom = (scratch: string, bytes: number, detail: string) => {
  const small = bytes < 2 ** 30
  const size = small ? String(Math.ceil(bytes / 2 ** 20)) : (bytes / 2 ** 30).toFixed(1)
  return refuse(
    'scratch-full',
    `The disk image has to be unpacked into ${scratch} first, about ${size} ${small ? 'MiB' : 'GiB'}, and there is no room for it. Free some space, or name another folder with --scratch.`,
    `L’image disque doit d’abord être décompressée dans ${scratch}, soit environ ${size.replace('.', ',')}\u00a0${small ? 'Mio' : 'Gio'}, et la place manque. Libérez de l’espace ou indiquez un autre dossier avec --scratch.`,
    detail,
  )
}
