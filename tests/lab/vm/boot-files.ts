/** Boot files for the lab's PCs, made by the product's own recipe. Debian's packages for them are fetched once for all tests. */
import { fileURLToPath } from 'node:url'
import { type BuildOptions, type Built, buildBootSet } from '../../../imager/ramdisk/build.ts'
import type { Result } from '../../../imaging/refusal.ts'

/** Packages, unpacked tree, packed parts: some 500 MB. */
export const BOOT_CACHE = fileURLToPath(new URL('../../../.lab/imager', import.meta.url))

type Options = Pick<BuildOptions, 'out' | 'keys'> & Partial<BuildOptions>

/** With the packages of the last time if they are there: no test is about what Debian published this morning. */
export async function makeBootFiles(options: Options): Promise<Built> {
  const build = (freshness: BuildOptions['freshness']): Promise<Result<Built>> =>
    buildBootSet({ cache: BOOT_CACHE, locale: 'en', freshness, ...options })
  const kept = await build('kept')
  const built = kept.ok || kept.code !== 'no-packages-kept' ? kept : await build('fresh')
  if (built.ok) return built.value
  throw new Error(`${built.code}: ${built.message.en}\n${built.detail ?? ''}`)
}
