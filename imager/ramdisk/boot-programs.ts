/** The programs between firmware and kernel: signed ones as Debian made them, and GRUB's core for BIOS disks, put together here. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finderConfig } from '../agent/boot-menu.ts'
import { bootPrograms, grubModules } from './recipe.ts'
import { runFrom, type Tree } from './tree.ts'

type Program = keyof typeof bootPrograms | 'core.img'

export type BootPrograms = Readonly<Record<Program, Buffer>>

export async function readBootPrograms(tree: Tree, workFolder: string): Promise<BootPrograms> {
  const read = (path: string): Promise<Buffer> => readFile(join(tree.root, path))
  return {
    'shimx64.efi': await read(bootPrograms['shimx64.efi']),
    'mmx64.efi': await read(bootPrograms['mmx64.efi']),
    'grubx64.efi': await read(bootPrograms['grubx64.efi']),
    'grubx64-disk.efi': await read(bootPrograms['grubx64-disk.efi']),
    'undionly.kpxe': await read(bootPrograms['undionly.kpxe']),
    'snponly.efi': await read(bootPrograms['snponly.efi']),
    'boot.img': await read(bootPrograms['boot.img']),
    'core.img': await makeCore(tree, workFolder),
  }
}

/**
 * GRUB's core image. Its first sector loads the rest from a list of blocks that starts out as "sector 1"; whoever puts it elsewhere
 * writes that start there (grub-core/boot/i386/pc/diskboot.S: 12 bytes at offset 0x1f4).
 */
async function makeCore(tree: Tree, workFolder: string): Promise<Buffer> {
  const work = await mkdtemp(join(workFolder, 'grub-'))
  try {
    const config = join(work, 'early.cfg')
    const image = join(work, 'core.img')
    await writeFile(config, finderConfig)
    await runFrom(tree, 'grub-mkimage', [
      ...['--directory', join(tree.root, 'usr/lib/grub/i386-pc'), '--format', 'i386-pc'],
      ...['--prefix', '/boot/grub', '--config', config, '--output', image, ...grubModules],
    ])
    return await readFile(image)
  } finally {
    await rm(work, { recursive: true })
  }
}
