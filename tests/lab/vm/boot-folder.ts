/** A boot folder for tests of netboot alone, and what a PC says that got to the end of one of its two ways. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NEEDED_FILES, RAMDISK } from '../../../providers/netboot/boot-programs.ts'
import { makeBootFiles } from './boot-files.ts'
import type { VmNetwork } from './vm-network.ts'

/** The imager's kernel, with our command line. */
export const IMAGER_STARTS = /Command line: .*proviseur\.mode=netboot proviseur\.server=http:\S+ .*BOOTIF=01-/
/** The loader of the test image (debian-image.ts). */
export const DISK_STARTS = /GRUB of the disk/

/** The real boot programs and kernel; the ramdisk is not what is tested here. */
export async function bootFolder(network: VmNetwork): Promise<string> {
  const made = join(network.folder, 'made')
  const folder = join(network.folder, 'boot')
  await makeBootFiles({ out: made, keys: { park: 'park key\n', site: 'site key\n' } })
  await mkdir(folder)
  for (const name of NEEDED_FILES) await copyFile(join(made, name), join(folder, name))
  await writeFile(join(folder, RAMDISK), Buffer.alloc(4096))
  return folder
}
