import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imagerDigests, parseBootSet } from '../../imaging/boot-set.ts'
import type { ImagerDigests } from '../../imaging/protocol.ts'

/** The kernel and ramdisk that this site server gives out now, as `proviseur imager build` described them; undefined: not built yet. */
export const givenImager = async (bootFolder: string): Promise<ImagerDigests | undefined> => {
  const text = await readFile(join(bootFolder, 'boot.json'), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  const set = text === undefined ? undefined : parseBootSet(text)
  return set && imagerDigests(set)
}
