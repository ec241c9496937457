import { relative, sep } from 'node:path'
import type { Compiled, Source } from '../../reconciler/ports.ts'
import { compile } from '../../specs/compile.ts'
import { belongsToPark, folderRevision } from '../../specs/files.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { watchPaths } from './watching.ts'

/** A park as it is in a folder, saved or not in Git. Compiled again only when a byte of it changed. */
export const createFolderSource = (folder: string, onTrouble: (error: Error) => void): Source => {
  let last: Compiled | undefined
  return {
    read: async () => {
      const files = await readFolder(folder)
      const revision = folderRevision(files)
      if (last?.revision !== revision) last = { revision, ...compile(files) }
      return last
    },
    watch: (wake) =>
      watchPaths(
        {
          paths: [folder],
          ignored: (path) => {
            const inside = relative(folder, path).split(sep).join('/')
            return inside !== '' && !belongsToPark(inside)
          },
          onTrouble,
        },
        wake,
      ),
  }
}
