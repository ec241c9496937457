import type { Compiled, Source } from '../../reconciler/ports.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Revision } from '../../specs/ids.ts'

/** A repository to which somebody pushes. */
export type Commits = Source & {
  push(revision: Revision, author: string, desired: Desired): void
  newest(): Revision | undefined
}

export const createCommits = (): Commits => {
  let newest: Compiled | undefined
  const watchers = new Set<() => void>()
  return {
    push: (revision, author, desired) => {
      newest = { revision, author, desired, diagnostics: [] }
      for (const wake of watchers) wake()
    },
    newest: () => newest?.revision,
    read: async () => {
      if (!newest) throw new Error('nothing was committed yet')
      return newest
    },
    watch: (wake) => {
      watchers.add(wake)
      return async () => {
        watchers.delete(wake)
      }
    },
  }
}
