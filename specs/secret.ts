import { armorStart, decodeArmor, encodeArmor } from './age-armor.ts'
import { findCompanion, isTooLarge } from './companion.ts'
import type { Compilation } from './compilation.ts'
import type { DesiredSecret } from './desired.ts'
import { digestOf } from './digest.ts'
import type { Spec } from './read-spec.ts'
import { placeAt } from './source-path.ts'
import { say } from './text.ts'

/** A payload is a 16-byte nonce and at least one chunk, whose tag alone takes 16 bytes. */
const leastPayloadBytes = 32

/** Checks that the file is one that age made (it is not opened), and gives it armoured. */
export function compileSecret(
  { spec, document }: Spec<'Secret'>,
  compilation: Pick<Compilation, 'files' | 'findings'>,
): DesiredSecret | undefined {
  const place = placeAt(document, ['file'])
  const companion = findCompanion(spec.file, place, compilation)
  if (!companion || isTooLarge(companion, place, compilation)) return undefined
  const bytes = unarmored(companion.bytes)
  if (!bytes || !isAgeFile(bytes)) {
    compilation.findings.error(
      place,
      'not-age-file',
      say(
        `${companion.file} is not a file encrypted with age. If it holds the secret in clear, change that secret now: it is in the history. Encrypt with “age -R recipients.txt -o ${spec.file}”.`,
        `${companion.file} n’est pas un fichier chiffré avec age. S’il contient le secret en clair, changez ce secret dès maintenant : il est dans l’historique. Chiffrez avec « age -R destinataires.txt -o ${spec.file} ».`,
      ),
    )
    return undefined
  }
  const armored = encodeArmor(bytes)
  return { name: spec.name, digest: digestOf(armored), armored }
}

function unarmored(bytes: Uint8Array): Uint8Array | undefined {
  const text = new TextDecoder('latin1').decode(bytes)
  return text.trimStart().startsWith(armorStart) ? decodeArmor(text) : bytes
}

/** The header of age-encryption.org/v1: the version line, one or more stanzas (`-> type …`), and the line with the MAC (`--- …`). */
function isAgeFile(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes)
  const header =
    /^age-encryption\.org\/v1\n(?:-> [!-~]+(?: [!-~]+)*\n(?:[A-Za-z0-9+/]*\n)+?)+--- [A-Za-z0-9+/]{43}\n/.exec(
      text,
    )
  return header !== null && bytes.length - header[0].length >= leastPayloadBytes
}
