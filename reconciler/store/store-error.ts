/**
 * What can go wrong with a store through no fault of the program. The loop reports it, waits and goes on; everything else
 * that a database throws is a bug and stays what it is.
 */
import { say, type Text } from '../../specs/text.ts'

export type StoreErrorCode =
  | 'store-full'
  | 'store-locked'
  | 'store-unreachable'
  | 'store-unreadable'
  | 'store-damaged'
  | 'store-newer'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly text: Text

  constructor(code: StoreErrorCode, detail: string, cause?: unknown) {
    const text = explain(code, detail)
    super(text.en, { cause })
    this.code = code
    this.text = text
  }
}

const explain = (code: StoreErrorCode, detail: string): Text => {
  switch (code) {
    case 'store-full':
      return say(
        `The store cannot be written: its disk is full (${detail}). Free some space; work goes on by itself.`,
        `Impossible d’écrire dans la base : son disque est plein (${detail}). Libérez de l’espace ; le travail reprendra de lui-même.`,
      )
    case 'store-locked':
      return say(
        `The store is locked by another process (${detail}). It will be tried again.`,
        `La base est verrouillée par un autre processus (${detail}). Une nouvelle tentative aura lieu.`,
      )
    case 'store-unreachable':
      return say(
        `The database does not answer (${detail}). Check that it runs and that its address is right.`,
        `La base de données ne répond pas (${detail}). Vérifiez qu’elle fonctionne et que son adresse est la bonne.`,
      )
    case 'store-unreadable':
      return say(
        `The store cannot be opened, read or written (${detail}). Check the path, the disk, and the rights on the file and its folder.`,
        `Impossible d’ouvrir, de lire ou d’écrire la base (${detail}). Vérifiez le chemin, le disque, ainsi que les droits sur le fichier et son dossier.`,
      )
    case 'store-damaged':
      return say(
        `The store is damaged (${detail}). Put back a backup, or delete the file: the PCs will be observed anew.`,
        `La base est endommagée (${detail}). Restaurez une sauvegarde, ou supprimez le fichier : les postes seront observés à nouveau.`,
      )
    case 'store-newer':
      return say(
        `The store was written by a newer version of Proviseur (${detail}). Use that version, or another store.`,
        `La base a été écrite par une version plus récente de Proviseur (${detail}). Utilisez cette version, ou une autre base.`,
      )
  }
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html); an extended code has them in its low byte. */
const sqliteCodes: ReadonlyMap<number, StoreErrorCode> = new Map([
  [5, 'store-locked'],
  [6, 'store-locked'],
  [8, 'store-unreadable'],
  [10, 'store-unreadable'],
  [11, 'store-damaged'],
  [13, 'store-full'],
  [14, 'store-unreadable'],
  [26, 'store-damaged'],
])

/** PostgreSQL's SQLSTATE classes and codes (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const postgresCodes: readonly (readonly [prefix: string, code: StoreErrorCode])[] = [
  ['08', 'store-unreachable'],
  ['57P', 'store-unreachable'],
  ['28', 'store-unreachable'],
  ['3D000', 'store-unreachable'],
  ['53300', 'store-unreachable'],
  ['53', 'store-full'],
  ['40', 'store-locked'],
  ['55P03', 'store-locked'],
  // A shared body was collected between finding it there and referring to it: done again, it is written again.
  ['23503', 'store-locked'],
  ['57014', 'store-locked'],
  ['XX001', 'store-damaged'],
  ['XX002', 'store-damaged'],
]

/** Errors of `pg` and of Node's sockets that have no SQLSTATE. */
const connectionTrouble =
  /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)|Connection terminated|timeout exceeded|not queryable|Cannot use a pool/

/** The typed error for what a driver threw, or the thing itself if it is none of those: then it is a bug. */
export const storeError = (thrown: unknown): unknown => {
  if (!(thrown instanceof Error) || thrown instanceof StoreError) return thrown
  if ('errcode' in thrown && typeof thrown.errcode === 'number') {
    const code = sqliteCodes.get(thrown.errcode & 0xff)
    return code === undefined ? thrown : new StoreError(code, thrown.message, thrown)
  }
  const sqlState = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const known = postgresCodes.find(([prefix]) => sqlState.startsWith(prefix))
  if (known && /^[0-9A-Z]{5}$/.test(sqlState)) return new StoreError(known[1], thrown.message, thrown)
  if (connectionTrouble.test(sqlState) || connectionTrouble.test(thrown.message))
    return new StoreError('store-unreachable', thrown.message || sqlState, thrown)
  return thrown
}
