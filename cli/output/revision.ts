/** As people know them: the first digits of a commit, or of a folder's digest with its prefix. */
export const abbreviate = (revision: string): string => {
  const folder = /^folder:([0-9a-f]{12})/u.exec(revision)
  if (folder) return `folder:${folder[1]}`
  return /^[0-9a-f]{40,64}$/u.test(revision) ? revision.slice(0, 12) : revision
}
