/** The keys with which images and imager jobs are signed: `<state>/keys/<name>`, its public half beside it with `.pub`, both PEM. */
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createSigningKey, isPublicKey, publicKeyOf, type SigningKey } from '../imaging/signature.ts'
import { say } from '../specs/text.ts'
import { ok, type Result, refuse } from './result.ts'

/** `image-signing`: the park's, for manifests. `site-signing`: the site server's, for jobs. */
export type SigningKeyName = 'image-signing' | 'site-signing'

export const signingKeyPath = (state: string, name: SigningKeyName): string => join(state, 'keys', name)

/** `privateKeyPem` is missing on a site server that was given the public half alone: it checks images, and makes none. */
export type ImageKey = { readonly publicKeyPem: string; readonly privateKeyPem?: string }

/** The park's key: the private one, made unless there is one; or the public half that was copied here. */
export const ensureImageKey = async (state: string): Promise<Result<ImageKey>> => {
  const path = signingKeyPath(state, 'image-signing')
  if ((await stat(path).catch(missing)) !== undefined) return ensureSigningKey(state, 'image-signing')
  const publicKeyPem = await readFile(`${path}.pub`, 'utf8').catch(missing)
  if (publicKeyPem === undefined) return ensureSigningKey(state, 'image-signing')
  return isPublicKey(publicKeyPem) ? ok({ publicKeyPem }) : notAKey(`${path}.pub`)
}

/** Makes the key unless there is one. Refused where others can read it, where it is no key, or where only its public half is. */
export const ensureSigningKey = async (state: string, name: SigningKeyName): Promise<Result<SigningKey>> => {
  const path = signingKeyPath(state, name)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await chmod(dirname(path), 0o700)
  const known = await stat(path).catch(missing)
  const told = await readFile(`${path}.pub`, 'utf8').catch(missing)
  // Another key in its place would sign what nobody trusts.
  if (known === undefined && told !== undefined) return publicHalfOnly(path)
  if (known === undefined) await makeKey(path)
  else if ((known.mode & 0o077) !== 0) return openToOthers(path)
  const privateKeyPem = await readFile(path, 'utf8')
  const publicKeyPem = publicKeyOf(privateKeyPem)
  if (publicKeyPem === undefined) return notAKey(path)
  if (told !== publicKeyPem) await writeFile(`${path}.pub`, publicKeyPem, { mode: 0o644 })
  return ok({ privateKeyPem, publicKeyPem })
}

/** Whole or not at all, and of two processes that begin at once the first one's. */
const makeKey = async (path: string): Promise<void> => {
  const own = `${path}.${process.pid}.tmp`
  await writeFile(own, createSigningKey().privateKeyPem, { mode: 0o600 })
  await link(own, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(own)
}

const notAKey = (path: string) =>
  refuse(
    'signing-key-unreadable',
    say(
      `${path} is not a signing key (Ed25519, PEM). Restore it from your backup: PCs trust this very key.`,
      `${path} n’est pas une clé de signature (Ed25519, PEM). Restaurez-la depuis votre sauvegarde\u00a0: les postes font confiance à cette clé précise.`,
    ),
  )

const publicHalfOnly = (path: string) =>
  refuse(
    'signing-key-public-only',
    say(
      `Only the public half of the signing key is here (${path}.pub): images are made where the private one is. Make it there and fetch it (proviseur image pull), or bring ${path} here from your backup.`,
      `Seule la moitié publique de la clé de signature est ici (${path}.pub)\u00a0: les images se font là où se trouve la clé privée. Faites l’image là-bas et récupérez-la (proviseur image pull), ou apportez ${path} depuis votre sauvegarde.`,
    ),
  )

const openToOthers = (path: string) =>
  refuse(
    'signing-key-mode',
    say(
      `${path} can be read by others: it is not used. Close it first: chmod 600 ${path}`,
      `${path} est lisible par d’autres\u00a0: il n’est pas utilisé. Fermez-le d’abord\u00a0: chmod 600 ${path}`,
    ),
  )

const missing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error
}
