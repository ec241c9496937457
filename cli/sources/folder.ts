import { relative, sep } from 'node:path'
import type { Compiled, Source } from '../../reconciler/ports.ts'
import { compile } from '../../specs/compile.ts'
import { belongsToPark, desiredRevision, folderRevision } from '../../specs/files.ts'
import type { Revision } from '../../specs/ids.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { watchPaths } from './watching.ts'

/**
 * A park as it is in a folder, saved or not in Git. Compiled again only when a byte of it changed. A sound folder's revision is
 * that of what it compiles to: a file that says nothing (a log, a note) makes no new one.
 */
export const createFolderSource = (folder: string, onTrouble: (error: Error) => void): Source => {
  let last: { readonly contents: Revision; readonly compiled: Compiled } | undefined
  return {
    read: async () => {
      const files = await readFolder(folder)
      const contents = folderRevision(files)
      if (last?.contents !== contents) {
        const compilation = compile(files)
        const revision = compilation.desired ? desiredRevision(compilation.desired) : contents
        last = { contents, compiled: { revision, ...compilation } }
      }
      return last.compiled
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
