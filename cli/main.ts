import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Node strips the types of some hundred files at each start; kept, that saves a third of the time of a short command. Only in
 * a home that belongs to whoever runs this: cached code is code, and root must not run what somebody else could write.
 */
const cacheFolder = (): string | undefined => {
  const home = statSync(homedir(), { throwIfNoEntry: false })
  if (home === undefined || home.uid !== process.getuid?.()) return undefined
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'proviseur')
}

const folder = cacheFolder()
if (folder !== undefined) enableCompileCache(folder)

await import('./proviseur.ts')
