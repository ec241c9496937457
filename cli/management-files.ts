import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { say } from '../specs/text.ts'
import { createKeyPair } from './management-key.ts'
import { ok, type Result, refuse } from './result.ts'

/** The private key with which machines are reached; its public half stands beside it with `.pub`. */
export const keyPath = (state: string): string => join(state, 'ssh', 'id_ed25519')
export const identityPath = (state: string): string => join(state, 'age-identity.txt')

/** Makes the key pair unless there is one. Answers the public key and whether it is new. */
export const ensureKeyPair = async (
  state: string,
): Promise<{ readonly created: boolean; readonly public: string }> => {
  const path = keyPath(state)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await chmod(dirname(path), 0o700)
  const known = await readIfThere(`${path}.pub`)
  if (known !== undefined) return { created: false, public: known }
  const pair = createKeyPair(`proviseur@${hostname()}`)
  await writeFile(path, pair.private, { mode: 0o600, flag: 'wx' })
  await writeFile(`${path}.pub`, pair.public, { mode: 0o644 })
  return { created: true, public: pair.public }
}

/** The private key's text, refused where OpenSSH would refuse it too: missing, open to others, locked by a passphrase. */
export const readPrivateKey = async (path: string): Promise<Result<string>> => {
  const mode = await modeOf(path)
  if (mode === undefined) {
    return refuse(
      'key-missing',
      say(
        `There is no SSH key ${path}. Make one with proviseur init, or name yours: --ssh-key FILE.`,
        `Pas de clé SSH ${path}. Créez-en une avec proviseur init, ou indiquez la vôtre\u00a0: --ssh-key FICHIER.`,
      ),
    )
  }
  if ((mode & 0o077) !== 0) return openToOthers('key-mode', path)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error)
  if (typeof text !== 'string') {
    return refuse(
      'key-unreadable',
      say(`The SSH key ${path} cannot be read.`, `La clé SSH ${path} ne peut pas être lue.`),
      text.message,
    )
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/u.test(text)) {
    return refuse(
      'key-not-private',
      say(
        `${path} is not a private SSH key. Give the file without .pub.`,
        `${path} n’est pas une clé SSH privée. Indiquez le fichier sans .pub.`,
      ),
    )
  }
  if (isLocked(text)) {
    return refuse(
      'key-encrypted',
      say(
        `The SSH key ${path} is locked by a passphrase, and nobody is there at night to type it. Use a key without one: ssh-keygen -p -N '' -f ${path}`,
        `La clé SSH ${path} est protégée par une phrase secrète, et personne n’est là la nuit pour la taper. Utilisez une clé sans phrase secrète\u00a0: ssh-keygen -p -N '' -f ${path}`,
      ),
    )
  }
  return ok(text)
}

/** OpenSSH's container names its cipher in clear right after the magic; PEM says so in a header. */
const isLocked = (text: string): boolean => {
  if (/Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/u.test(text)) return true
  const body = /BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/u.exec(text)?.[1]
  if (body === undefined) return false
  const bytes = Buffer.from(body.replace(/\s/gu, ''), 'base64')
  const magic = 'openssh-key-v1\0'.length
  if (bytes.length < magic + 4) return false
  const length = bytes.readUInt32BE(magic)
  return bytes.toString('latin1', magic + 4, magic + 4 + length) !== 'none'
}

/** The lines of an age identity file that hold identities. */
export const readIdentities = async (path: string): Promise<Result<readonly string[]>> => {
  const mode = await modeOf(path)
  if (mode === undefined) {
    return refuse(
      'identity-missing',
      say(
        `There is no age identity ${path}. Copy it there, or name it: --age-identity FILE.`,
        `Pas d’identité age ${path}. Copiez-la à cet endroit, ou indiquez-la\u00a0: --age-identity FICHIER.`,
      ),
    )
  }
  if ((mode & 0o077) !== 0) return openToOthers('identity-mode', path)
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim())
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (identities.length > 0 && identities.every((line) => /^AGE-SECRET-KEY-/u.test(line)))
    return ok(identities)
  return refuse(
    'identity-unreadable',
    say(
      `${path} is not an age identity: it must hold a line AGE-SECRET-KEY-1… (made by age-keygen).`,
      `${path} n’est pas une identité age\u00a0: il doit contenir une ligne AGE-SECRET-KEY-1… (créée par age-keygen).`,
    ),
  )
}

const openToOthers = (code: string, path: string) =>
  refuse(
    code,
    say(
      `${path} can be read by others: it is not used. Close it first: chmod 600 ${path}`,
      `${path} est lisible par d’autres\u00a0: il n’est pas utilisé. Fermez-le d’abord\u00a0: chmod 600 ${path}`,
    ),
  )

const modeOf = async (path: string): Promise<number | undefined> => {
  const found = await stat(path).catch(missing)
  return found?.mode
}

const readIfThere = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(missing)

const missing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
