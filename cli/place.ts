import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { say } from '../specs/text.ts'
import type { Context } from './context.ts'
import type { Given } from './given.ts'
import { ok, type Result, refuse } from './result.ts'

/** Where a park and what belongs to it are; all paths absolute. */
export type Place = {
  /** The park's folder, or a folder inside its Git repository. */
  readonly folder: string
  /** Store, keys and whatever else must survive; nothing is ever written outside of it. */
  readonly state: string
  readonly storeUrl: string
}

/**
 * Finds the park: the folder that was given, else the nearest one upwards that has a `park.yaml`.
 * `folder` is the command's own argument, for commands that have one.
 */
export const locate = async (context: Context, given: Given, folder?: string): Promise<Result<Place>> => {
  const named = folder ?? given.value('park') ?? context.env['PROVISEUR_PARK']
  const found =
    named === undefined ? await findAround(context.cwd) : await mustBeFolder(resolve(context.cwd, named))
  if (!found.ok) return found
  const state = resolve(
    context.cwd,
    given.value('state') ?? context.env['PROVISEUR_STATE'] ?? join(found.value, '.proviseur'),
  )
  const storeUrl =
    given.value('store') ?? context.env['PROVISEUR_STORE'] ?? `sqlite:${join(state, 'store.db')}`
  if (!/^(sqlite:|postgres(ql)?:\/\/)/u.test(storeUrl)) {
    return refuse(
      'store-url',
      say(
        `“${storeUrl}” is no store: use sqlite:/path/to/store.db or postgres://user@host/database.`,
        `«\u00a0${storeUrl}\u00a0» n’est pas une base\u00a0: utilisez sqlite:/chemin/store.db ou postgres://utilisateur@hôte/base.`,
      ),
    )
  }
  return ok({ folder: found.value, state, storeUrl: absoluteStore(storeUrl, context.cwd) })
}

const absoluteStore = (url: string, cwd: string): string => {
  const path = sqlitePath(url)
  return path === undefined ? url : `sqlite:${resolve(cwd, path)}`
}

/** The file of an embedded store; undefined: it is not in a file. */
export const sqlitePath = (storeUrl: string): string | undefined => {
  if (!storeUrl.startsWith('sqlite:') || storeUrl === 'sqlite::memory:') return undefined
  return storeUrl.slice('sqlite:'.length).replace(/^\/\/(?=\/)/u, '')
}

export const isPark = (folder: string): Promise<boolean> => isFile(join(folder, 'park.yaml'))

const findAround = async (start: string): Promise<Result<string>> => {
  let folder = start
  for (;;) {
    if (await isPark(folder)) return ok(folder)
    const above = dirname(folder)
    if (above === folder) break
    folder = above
  }
  return refuse(
    'park-not-found',
    say(
      `There is no park.yaml in ${start} or above it. Go into the park’s folder, name it, or start one: proviseur init my-park`,
      `Pas de park.yaml dans ${start} ni au-dessus. Allez dans le dossier du parc, indiquez-le, ou commencez-en un\u00a0: proviseur init mon-parc`,
    ),
  )
}

const mustBeFolder = async (path: string): Promise<Result<string>> => {
  const kind = await kindOf(path)
  if (kind === 'folder') return ok(path)
  return refuse(
    'park-missing',
    kind === 'missing'
      ? say(
          `There is no folder ${path}. Check the path.`,
          `Le dossier ${path} n’existe pas. Vérifiez le chemin.`,
        )
      : say(
          `${path} is a file: give the folder that holds park.yaml.`,
          `${path} est un fichier\u00a0: indiquez le dossier qui contient park.yaml.`,
        ),
  )
}

const kindOf = async (path: string): Promise<'folder' | 'file' | 'missing'> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (found === undefined) return 'missing'
  return found.isDirectory() ? 'folder' : 'file'
}

export const isFile = async (path: string): Promise<boolean> => (await kindOf(path)) === 'file'
export const isFolder = async (path: string): Promise<boolean> => (await kindOf(path)) === 'folder'
