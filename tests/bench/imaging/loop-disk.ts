/** A disk for the measurements: a file of its own behind a loop device that bypasses the page cache, and the kernel's account of what moved. */
import { readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { must } from '../../lab/command.ts'

export type Moved = { readonly readBytes: number; readonly writtenBytes: number }

export type LoopDisk = AsyncDisposable & {
  readonly device: string
  /** By the block layer, since the device was last taken into use by anyone: for differences. */
  moved(): Promise<Moved>
}

export async function createLoopDisk(file: string, sizeBytes: number): Promise<LoopDisk> {
  await rm(file, { force: true })
  await must('fallocate', ['-l', String(sizeBytes), file])
  const device = (await must('losetup', ['--find', '--show', '--direct-io=on', file])).trim()
  return {
    device,
    moved: async () => {
      const fields = (await readFile(`/sys/block/${basename(device)}/stat`, 'utf8')).trim().split(/\s+/)
      // The third and seventh figure (Documentation/admin-guide/iostats.rst), in the kernel's unit, 512 bytes.
      return { readBytes: Number(fields[2]) * 512, writtenBytes: Number(fields[6]) * 512 }
    },
    [Symbol.asyncDispose]: async () => {
      await must('losetup', ['--detach', device])
      await rm(file, { force: true })
    },
  }
}
