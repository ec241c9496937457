/**
 * The folder that dnsmasq serves by TFTP: copies of the boot programs and our two first scripts, nothing else. It is one of its own, readable by
 * all, because dnsmasq gives up root before it reads there, and the state folder with its keys is closed to everyone else.
 */
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Reason } from '../../reconciler/model/reason.ts'
import { grubFirstScript, ipxeFirstScript } from './boot-answer.ts'
import { GRUB_SCRIPT, IPXE_SCRIPT, NEEDED_FILES, TFTP_PROGRAMS } from './boot-programs.ts'
import type { ServerPlace } from './boot-url.ts'
import { bootFilesMissing } from './netboot-reasons.ts'

export type BootRoot =
  | { readonly ok: true; readonly folder: string; readonly dispose: () => Promise<void> }
  | { readonly ok: false; readonly reason: Reason }

/** Throws only for what the operating system refuses (a full disk). */
export async function prepareBootRoot(bootFolder: string, server: ServerPlace): Promise<BootRoot> {
  const missing = await missingBootFiles(bootFolder)
  if (missing.length > 0) return { ok: false, reason: bootFilesMissing(bootFolder, missing) }
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-tftp-'))
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    // mkdtemp's folder is for its owner alone.
    await chmod(folder, 0o755)
    for (const name of TFTP_PROGRAMS) {
      await copyFile(join(bootFolder, name), join(folder, name))
      await chmod(join(folder, name), 0o644)
    }
    await put(join(folder, IPXE_SCRIPT), ipxeFirstScript(server))
    await put(join(folder, GRUB_SCRIPT), grubFirstScript(server))
  } catch (error) {
    await dispose()
    throw error
  }
  return { ok: true, folder, dispose }
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFile(path, text, { mode: 0o644 })
}

async function missingBootFiles(folder: string): Promise<readonly string[]> {
  // A state folder without `boot` lacks all of them.
  const there = new Set(existsSync(folder) ? await readdir(folder) : [])
  return NEEDED_FILES.filter((name) => !there.has(name))
}
