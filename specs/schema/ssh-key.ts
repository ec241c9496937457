import { say } from '../text.ts'
import { Rejection, scalar } from './scalar.ts'

const keyTypes: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
])

/**
 * A public key on one line: type, base64 blob, comment. The blob must begin with the type's own name (RFC 4253, 6.6), which
 * shows cut or mixed-up keys. Options before the type (`command=…`) are refused: what a key may do is not written here.
 */
export const publicKey = () =>
  scalar<string>({
    expects: say(
      'an SSH public key on one line, such as `ssh-ed25519 AAAA… comment`',
      'une clé publique SSH sur une ligne, comme `ssh-ed25519 AAAA… commentaire`',
    ),
    json: { type: 'string', pattern: '^(ssh|ecdsa|sk)-[^ ]+ [A-Za-z0-9+/]+=* ?.*$' },
    parse: (text) => {
      const [type = '', blob = '', ...comment] = text.trim().split(/ +/)
      if (/PRIVATE KEY/.test(text)) {
        return new Rejection(
          'private-key',
          say(
            'This is a private key: it must never be in the specs. Replace that key pair, and write the `.pub` half here.',
            'C’est une clé privée : elle ne doit jamais se trouver dans les spécifications. Remplacez cette paire de clés et écrivez ici la partie `.pub`.',
          ),
        )
      }
      if (!keyTypes.has(type) || /\p{Cc}/u.test(text) || text.length > 4000) return badKey()
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) return badKey()
      return blobType(blob) === type ? [type, blob, ...comment].join(' ') : badKey()
    },
  })

const badKey = (): Rejection =>
  new Rejection(
    'bad-public-key',
    say(
      'This is not an SSH public key: expected one whole line such as `ssh-ed25519 AAAA… comment`, copied from a `.pub` file.',
      'Ce n’est pas une clé publique SSH : attendu une ligne entière comme `ssh-ed25519 AAAA… commentaire`, copiée depuis un fichier `.pub`.',
    ),
  )

/** The type that the blob itself names: a length of four bytes, then that many characters. */
function blobType(blob: string): string | undefined {
  const bytes = atob(blob)
  const length =
    bytes.charCodeAt(0) * 2 ** 24 +
    bytes.charCodeAt(1) * 2 ** 16 +
    bytes.charCodeAt(2) * 256 +
    bytes.charCodeAt(3)
  return length + 4 < bytes.length ? bytes.slice(4, 4 + length) : undefined
}
