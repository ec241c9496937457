import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { say } from '../../specs/text.ts'
import { ok, type Result, refuse } from '../result.ts'

/** A Git repository around a folder, as the git command sees it. */
export type Repository = {
  readonly folder: string
  /** Where its references are: `.git`, or that of the main work tree. */
  readonly gitFolder: string
}

type Git = { readonly code: number | string; readonly stdout: string; readonly stderr: string }

export const git = (folder: string, args: readonly string[]): Promise<Git> =>
  new Promise((resolve_) => {
    const options = { cwd: folder, env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' } }
    execFile('git', [...args], options, (error, stdout, stderr) => {
      resolve_({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr })
    })
  })

export const openRepository = async (folder: string): Promise<Result<Repository>> => {
  const answer = await git(folder, ['rev-parse', '--git-common-dir'])
  if (answer.code === 0) return ok({ folder, gitFolder: resolve(folder, answer.stdout.trim()) })
  if (answer.code === 'ENOENT') {
    return refuse(
      'git-missing',
      say(
        'The git command is not installed; --rev and --base need it. On Debian: apt install git',
        'La commande git n’est pas installée\u00a0; --rev et --base en ont besoin. Sous Debian\u00a0: apt install git',
      ),
    )
  }
  return refuse(
    'no-repository',
    say(
      `${folder} is not in a Git repository: leave --rev out, or start one with git init.`,
      `${folder} n’est pas dans un dépôt Git\u00a0: retirez --rev, ou créez-en un avec git init.`,
    ),
    answer.stderr,
  )
}

/** The full hash of the commit that a branch, tag or abbreviation names now. */
export const resolveCommit = async (repository: Repository, rev: string): Promise<Result<string>> => {
  const answer = await git(repository.folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${rev}^{commit}`,
  ])
  if (answer.code === 0) return ok(answer.stdout.trim())
  return refuse(
    'unknown-revision',
    say(
      `The repository has no revision “${rev}”. git branch -a and git log show those there are; git fetch brings new ones.`,
      `Le dépôt n’a pas de révision «\u00a0${rev}\u00a0». git branch -a et git log montrent celles qui existent\u00a0; git fetch apporte les nouvelles.`,
    ),
    answer.stderr,
  )
}
