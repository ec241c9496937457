import type { Compiled, Source } from '../../reconciler/ports.ts'
import type { Place } from '../place.ts'
import { ok, type Result } from '../result.ts'
import { openRepository, resolveCommit } from './repository.ts'

/** The park's folder as it is, or, with `rev`, that revision of the Git repository around it. */
export const openSource = async (
  place: Place,
  rev: string | undefined,
  onTrouble: (error: Error) => void,
): Promise<Result<Source>> => {
  if (rev === undefined) {
    const { createFolderSource } = await import('./folder.ts')
    return ok(createFolderSource(place.folder, onTrouble))
  }
  const repository = await openRepository(place.folder)
  if (!repository.ok) return repository
  const commit = await resolveCommit(repository.value, rev)
  if (!commit.ok) return commit
  const { createGitSource } = await import('./git.ts')
  return ok(createGitSource(repository.value, rev, onTrouble))
}

/** Reads a revision once. */
export const readOnce = async (place: Place, rev: string | undefined): Promise<Result<Compiled>> => {
  // Nothing is watched, so there can be no trouble with watching.
  const source = await openSource(place, rev, () => {})
  return source.ok ? ok(await source.value.read()) : source
}
