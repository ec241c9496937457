import { generateKeyPairSync, randomBytes } from 'node:crypto'

export type KeyPair = {
  /** `-----BEGIN OPENSSH PRIVATE KEY-----` …, without a passphrase. */
  readonly private: string
  /** `ssh-ed25519 AAAA… comment` */
  readonly public: string
}

const algorithm = 'ssh-ed25519'

/**
 * A new Ed25519 key in OpenSSH's own format (its PROTOCOL.key). Written here because ssh2's generator cuts leading zeros off
 * the key: about one of its keys in 256 cannot be loaded.
 */
export const createKeyPair = (comment: string): KeyPair => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const point = rawKey(publicKey.export({ format: 'jwk' }).x)
  const seed = rawKey(privateKey.export({ format: 'jwk' }).d)
  const publicBlob = Buffer.concat([string(algorithm), string(point)])
  const container = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    string('none'),
    string('none'),
    string(''),
    uint32(1),
    string(publicBlob),
    string(privateSection(point, seed, comment)),
  ])
  return {
    private: armor(container),
    public: `${algorithm} ${publicBlob.toString('base64')} ${comment}\n`,
  }
}

/** Both check numbers must agree; padded with 1, 2, 3 … to a block of 8, the size for the cipher `none`. */
const privateSection = (point: Buffer, seed: Buffer, comment: string): Buffer => {
  const check = randomBytes(4)
  const fields = Buffer.concat([
    check,
    check,
    string(algorithm),
    string(point),
    string(Buffer.concat([seed, point])),
    string(comment),
  ])
  const padding = (8 - (fields.length % 8)) % 8
  return Buffer.concat([fields, Buffer.from(Array.from({ length: padding }, (_, index) => index + 1))])
}

const rawKey = (base64url: string | undefined): Buffer => {
  const bytes = Buffer.from(base64url ?? '', 'base64url')
  if (bytes.length !== 32) throw new Error(`an Ed25519 key has 32 bytes, not ${bytes.length}`)
  return bytes
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const string = (value: string | Buffer): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** PEM's armour with OpenSSH's 70 columns. */
const armor = (container: Buffer): string => {
  const lines = container.toString('base64').match(/.{1,70}/gu) ?? []
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`
}
