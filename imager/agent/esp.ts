/**
 * The signed boot chain on the EFI system partition, by mtools: it needs neither a mount nor a kernel that knows FAT, and writes
 * nothing but what differs.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMissing } from '../../imaging/atomic-file.ts'
import { finderConfig } from './boot-menu.ts'
import { run, said } from './command.ts'
import { type DiskRange, flush } from './disk-range.ts'
import { done, failed, type Result } from './result.ts'

/** Debian's GRUB for disks reads `EFI/debian/grub.cfg` on the partition that it came from: compiled into it. */
const ownFolder = 'EFI/debian'
/** What firmware starts that has forgotten its entries. */
const fallbackFolder = 'EFI/BOOT'

/** As firmware entries name it. */
export const loaderPath = `\\${ownFolder.replaceAll('/', '\\')}\\shimx64.efi`

/** `files`: the ramdisk's folder with shim, MokManager and GRUB (imaging/boot-set.ts, `onPc`). */
export async function installOnEsp(esp: DiskRange, files: string): Promise<Result<void>> {
  const image = `${esp.device}@@${esp.offsetBytes}`
  const wanted = await espFiles(files)
  const folder = await mkdtemp(join(tmpdir(), 'esp-'))
  try {
    for (const made of ['EFI', fallbackFolder, ownFolder]) {
      const listed = await run('mdir', ['-b', '-i', image, `::/${made}`])
      if (listed.exitCode === 0) continue
      const created = await run('mmd', ['-i', image, `::/${made}`])
      if (created.exitCode !== 0) return failed('boot-loader-failed', said('mmd', created))
    }
    for (const [path, bytes] of wanted) {
      const copied = await copyIfDifferent(image, path, bytes, folder)
      if (!copied.ok) return copied
    }
    await flush(esp.device)
    return done(undefined)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Path on the partition → contents. */
export async function espFiles(files: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const [shim, grub, keys] = await Promise.all(
    ['shimx64.efi', 'grubx64-disk.efi', 'mmx64.efi'].map((name) => readFile(join(files, name))),
  )
  const none = new Uint8Array()
  // shim asks for its companions beside itself, by these names.
  const chain = (folder: string): readonly [string, Uint8Array][] => [
    [`${folder}/grubx64.efi`, grub ?? none],
    [`${folder}/mmx64.efi`, keys ?? none],
  ]
  return new Map([
    [`${ownFolder}/grub.cfg`, Buffer.from(finderConfig)],
    ...chain(ownFolder),
    [`${ownFolder}/shimx64.efi`, shim ?? none],
    ...chain(fallbackFolder),
    [`${fallbackFolder}/BOOTX64.EFI`, shim ?? none],
  ])
}

async function copyIfDifferent(
  image: string,
  path: string,
  bytes: Uint8Array,
  folder: string,
): Promise<Result<void>> {
  const present = join(folder, 'present')
  await rm(present, { force: true })
  const read = await run('mcopy', ['-n', '-i', image, `::/${path}`, present])
  if (read.exitCode === 0) {
    const content = await readFile(present).catch((error: unknown) => {
      if (!isMissing(error)) throw error
      return undefined
    })
    if (content?.equals(bytes) === true) return done(undefined)
  }
  const wanted = join(folder, 'wanted')
  await writeFile(wanted, bytes)
  const copied = await run('mcopy', ['-o', '-i', image, wanted, `::/${path}`])
  return copied.exitCode === 0 ? done(undefined) : failed('boot-loader-failed', said('mcopy', copied))
}
