/** Ed25519 (RFC 8032) over bytes as they are, base64. The park's key signs manifests, a site's key signs jobs. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

export type SigningKey = {
  /** PKCS #8, `-----BEGIN PRIVATE KEY-----`. */
  readonly privateKeyPem: string
  /** SPKI, `-----BEGIN PUBLIC KEY-----`. */
  readonly publicKeyPem: string
}

/** SPKI's DER before the 32 bytes of an Ed25519 key (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

export const createSigningKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** Undefined: no private Ed25519 key. */
export const publicKeyOf = (privateKeyPem: string): string | undefined => {
  const key = readKey(() => createPrivateKey(privateKeyPem))
  return key && createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
}

/** SPKI PEM of an Ed25519 key. */
export const isPublicKey = (publicKeyPem: string): boolean =>
  readKey(() => createPublicKey(publicKeyPem)) !== undefined

/** Base64. The key must be a private Ed25519 key: `publicKeyOf` says so beforehand. */
export const signBytes = (privateKeyPem: string, bytes: Uint8Array): string =>
  sign(null, bytes, createPrivateKey(privateKeyPem)).toString('base64')

/** `publicKey`: SPKI PEM, or the key's 32 bytes. False for whatever is not a valid signature, or no key. */
export const verifyBytes = (
  publicKey: string | Uint8Array,
  bytes: Uint8Array,
  signature: string,
): boolean => {
  const key = readKey(() =>
    typeof publicKey === 'string'
      ? createPublicKey(publicKey)
      : createPublicKey({ key: Buffer.concat([spkiHead, publicKey]), format: 'der', type: 'spki' }),
  )
  const text = signature.trim()
  if (key === undefined || !/^[A-Za-z0-9+/]{86}==$/u.test(text)) return false
  return verify(null, bytes, key, Buffer.from(text, 'base64'))
}

const readKey = (read: () => KeyObject): KeyObject | undefined => {
  try {
    const key = read()
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
