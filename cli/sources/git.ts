import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Compiled, Source } from '../../reconciler/ports.ts'
import { compile } from '../../specs/compile.ts'
import { readCommit } from '../../specs/read-commit.ts'
import { type Repository, resolveCommit } from './repository.ts'
import { watchPaths } from './watching.ts'

/** Watches see every local change of a reference; on network file systems they do not, so we look as well. */
const pollMs = 30_000

/** A branch (or any revision) of a Git repository, compiled from its objects without a checkout, once for each commit. */
export const createGitSource = (
  repository: Repository,
  rev: string,
  onTrouble: (error: Error) => void,
): Source => {
  let last: Compiled | undefined
  const newest = async (): Promise<string | undefined> => {
    const commit = await resolveCommit(repository, rev)
    return commit.ok ? commit.value : undefined
  }
  return {
    read: async () => {
      const hash = await newest()
      // A reference that is gone for a moment (a forced push, a pruned branch) changes nothing: what it last said stays.
      if (last !== undefined && (hash === undefined || hash === last.revision)) return last
      const { revision, author, subject, files } = await readCommit(repository.folder, hash ?? rev)
      last = { revision, author, subject, ...compile(files) }
      return last
    },
    watch: (wake) => {
      const stop = watchPaths(
        { paths: referencePaths(repository.gitFolder), ignored: isLock, onTrouble },
        wake,
      )
      const poll = setInterval(async () => {
        const hash = await newest()
        if (hash !== undefined && hash !== last?.revision) wake()
      }, pollMs)
      return async () => {
        clearInterval(poll)
        await stop()
      }
    },
  }
}

/** Where Git keeps what names point at: loose and packed references, HEAD, and the newer reftable. */
const referencePaths = (gitFolder: string): readonly string[] =>
  ['HEAD', 'refs', 'packed-refs', 'reftable']
    .map((name) => join(gitFolder, name))
    .filter((path) => path.endsWith('packed-refs') || existsSync(path))

const isLock = (path: string): boolean => path.endsWith('.lock')
