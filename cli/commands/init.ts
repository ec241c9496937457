import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { starterFiles } from '../../specs/starter.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { exitCode } from '../exit.ts'
import { ensureKeyPair, keyPath } from '../management-files.ts'
import { isFile, isPark } from '../place.ts'
import { git, openRepository } from '../sources/repository.ts'
import { makeStateFolder } from '../state.ts'

export const run: Run = async (context, given) => {
  const folder = resolve(context.cwd, given.argument(0) ?? '.')
  const state = resolve(
    context.cwd,
    given.value('state') ?? context.env['PROVISEUR_STATE'] ?? join(folder, '.proviseur'),
  )
  await mkdir(folder, { recursive: true })
  // A park that is already there gets no example lycée put into it.
  const started = await isPark(folder)
  const files = [...starterFiles(context.locale)].filter(([path]) => !started || path.startsWith('.'))
  const written: string[] = []
  const kept: string[] = []
  for (const [path, text] of files) ((await writeNew(join(folder, path), text)) ? written : kept).push(path)
  if (await ignoreState(folder)) written.push('.gitignore')
  const repository = await ensureRepository(folder)
  await makeStateFolder(state)
  const key = await ensureKeyPair(state)
  const privateKey = keyPath(state)
  if (key.created) written.push(relative(folder, privateKey), relative(folder, `${privateKey}.pub`))

  if (context.json) {
    const publicKey = key.public.trim()
    context.writeJson({
      folder,
      written,
      kept,
      repository,
      key: { path: privateKey, public: publicKey, created: key.created },
    })
    return exitCode.done
  }
  tell(context, folder, { written, kept, repository }, key.public.trim())
  return exitCode.done
}

/** False: there is a file already, and it stays as it is. */
const writeNew = async (path: string, text: string): Promise<boolean> => {
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** The state folder holds a private key: it must not get into Git. True if the line had to be added. */
const ignoreState = async (folder: string): Promise<boolean> => {
  const path = join(folder, '.gitignore')
  const line = '.proviseur/'
  const text = (await isFile(path)) ? await readFile(path, 'utf8') : ''
  if (text.split('\n').some((known) => /^\/?\.proviseur\/?$/u.test(known.trim()))) return false
  await appendFile(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)
  return true
}

type RepositoryState = 'present' | 'created' | 'no-git'

const ensureRepository = async (folder: string): Promise<RepositoryState> => {
  const repository = await openRepository(folder)
  if (repository.ok) return 'present'
  if (repository.reason.code === 'git-missing') return 'no-git'
  const made = await git(folder, ['init', '--quiet', '--initial-branch=main'])
  if (made.code !== 0) throw new Error(`git init: ${made.stderr}`)
  return 'created'
}

const repositoryTexts: Readonly<Record<RepositoryState, Text | undefined>> = {
  present: undefined,
  created: say('Git repository created', 'Dépôt Git créé'),
  'no-git': say(
    'git is not installed: install it to keep the park’s history (apt install git)',
    'git n’est pas installé\u00a0: installez-le pour garder l’historique du parc (apt install git)',
  ),
}

const tell = (
  { out, text }: Context,
  folder: string,
  made: {
    readonly written: readonly string[]
    readonly kept: readonly string[]
    readonly repository: RepositoryState
  },
  publicKey: string,
): void => {
  const { colors } = out
  out.line(`${colors.bold(folder)}`)
  const schemas = made.written.filter((path) => path.startsWith('.schema/'))
  for (const path of made.written) if (!schemas.includes(path)) out.line(`  ${colors.green('+')} ${path}`)
  if (schemas.length > 0) {
    const note = text(say('for editors', 'pour les éditeurs'))
    out.line(`  ${colors.green('+')} .schema/  ${colors.dim(`${schemas.length} × JSON Schema, ${note}`)}`)
  }
  const kept = made.kept.filter((path) => !path.startsWith('.schema/'))
  for (const path of kept)
    out.line(`  ${colors.dim(`= ${path}  ${text(say('kept as it is', 'laissé tel quel'))}`)}`)
  const repository = repositoryTexts[made.repository]
  if (repository) out.line(`  ${text(repository)}`)
  out.line()
  out.line(
    text(
      say(
        'Let this key log in as root on the PCs (/root/.ssh/authorized_keys):',
        'Autorisez cette clé à se connecter en root sur les postes (/root/.ssh/authorized_keys)\u00a0:',
      ),
    ),
  )
  out.line(`  ${publicKey}`)
  out.line()
  out.line(
    text(
      say(
        'Then describe your lycée in lycees/, and: proviseur check, proviseur plan, proviseur up',
        'Décrivez ensuite votre lycée dans lycees/, puis\u00a0: proviseur check, proviseur plan, proviseur up',
      ),
    ),
  )
}
