import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { belongsToPark, maxFileBytes, maxFiles, OVERSIZED, type ParkFiles } from './files.ts'
import type { Revision } from './ids.ts'
import { ParkError } from './park-error.ts'
import { tooManyFiles } from './read-folder.ts'
import { say } from './text.ts'

export type Commit = {
  readonly revision: Revision
  readonly author: string
  readonly subject: string
  readonly files: ParkFiles
}

/**
 * A park's files as a commit has them, read from the repository's objects: no checkout, nothing of the work tree, no filters,
 * no hooks. `repository` is the park's folder, inside a work tree or the top of a bare repository.
 * Raises `ParkError`: `no-git`, `no-folder`, `not-a-repository`, `unknown-revision`, `no-folder-in-revision`, `too-many-files`.
 */
export async function readCommit(repository: string, rev: string): Promise<Commit> {
  const folder = await stat(repository).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (!folder?.isDirectory()) {
    throw new ParkError(
      'no-folder',
      say(`There is no folder ${repository}.`, `Il n’y a pas de dossier ${repository}.`),
    )
  }
  const prefix = await git(repository, ['rev-parse', '--show-prefix'])
  if (prefix.status !== 0) {
    throw new ParkError(
      'not-a-repository',
      say(
        `${repository} is not in a Git repository. Git says: ${prefix.error}`,
        `${repository} n’est pas dans un dépôt Git. Git répond : ${prefix.error}`,
      ),
    )
  }
  const resolved = await git(repository, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${rev}^{commit}`,
  ])
  const revision = resolved.output.toString('latin1').trim()
  if (resolved.status !== 0 || !/^[0-9a-f]{40,64}$/.test(revision)) {
    throw new ParkError(
      'unknown-revision',
      say(
        `The repository has no commit “${rev}”. Is it fetched?`,
        `Le dépôt n’a pas de commit « ${rev} ». A-t-il été récupéré (git fetch) ?`,
      ),
    )
  }
  const subfolder = prefix.output.toString('utf8').replace(/\n$/, '').replace(/\/$/, '')
  const [files, about] = await Promise.all([
    readTree(repository, revision, subfolder),
    git(repository, ['show', '--no-patch', '--no-show-signature', '--format=%an <%ae>%x00%s', revision]),
  ])
  const [author = '', subject = ''] = about.output.toString('utf8').trimEnd().split('\0')
  return { revision: revision as Revision, author, subject, files }
}

async function readTree(repository: string, revision: string, subfolder: string): Promise<ParkFiles> {
  const listed = await git(repository, [
    'ls-tree',
    '-r',
    '-z',
    '-l',
    '--full-tree',
    `${revision}:${subfolder}`,
  ])
  if (listed.status !== 0) {
    throw new ParkError(
      'no-folder-in-revision',
      say(
        `Commit ${revision.slice(0, 12)} has no folder ${subfolder}.`,
        `Le commit ${revision.slice(0, 12)} n’a pas de dossier ${subfolder}.`,
      ),
    )
  }
  const files = new Map<string, Uint8Array>()
  const wanted: { readonly path: string; readonly object: string }[] = []
  for (const entry of listed.output.toString('utf8').split('\0')) {
    // Regular files only; symbolic links (120000) and submodules (160000) are left out, as in a folder.
    const match = /^100\d{3} blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(entry)
    const [, object = '', size = '', path = ''] = match ?? []
    if (!match || !belongsToPark(path)) continue
    if (Number(size) > maxFileBytes) files.set(path, OVERSIZED)
    else wanted.push({ path, object })
    if (wanted.length > maxFiles) throw tooManyFiles()
  }
  const contents = await readObjects(repository, [...new Set(wanted.map(({ object }) => object))])
  for (const { path, object } of wanted) files.set(path, contents.get(object) ?? new Uint8Array())
  return files
}

/** One process for all objects (`git cat-file --batch`): `<object> <type> <size>\n<contents>\n` for each. */
async function readObjects(
  repository: string,
  objects: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>()
  if (objects.length === 0) return contents
  const { output, status, error } = await git(repository, ['cat-file', '--batch'], `${objects.join('\n')}\n`)
  let at = 0
  for (const object of objects) {
    const end = output.indexOf(10, at)
    const header = /^[0-9a-f]+ blob (\d+)$/.exec(output.toString('latin1', at, end))
    if (status !== 0 || end === -1 || !header) {
      throw new ParkError(
        'damaged-repository',
        say(
          `The repository cannot give object ${object}: ${error}`,
          `Le dépôt ne peut pas donner l’objet ${object} : ${error}`,
        ),
      )
    }
    const start = end + 1
    at = start + Number(header[1])
    contents.set(object, new Uint8Array(output.subarray(start, at)))
    at += 1
  }
  return contents
}

type GitResult = { readonly status: number; readonly output: Buffer; readonly error: string }

/** Runs git without any configuration of a person or hook taking part in what is read. */
function git(cwd: string, args: readonly string[], input = ''): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['--no-replace-objects', ...args], {
      cwd,
      env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const output: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') reject(error)
      else
        reject(
          new ParkError(
            'no-git',
            say('The program git is not installed.', 'Le programme git n’est pas installé.'),
          ),
        )
    })
    child.on('close', (status) => {
      const error = Buffer.concat(errors).toString('utf8').trim()
      resolve({ status: status ?? 1, output: Buffer.concat(output), error })
    })
    // A git that ends early closes the pipe; its exit status tells why.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error)
    })
    child.stdin.end(input)
  })
}
