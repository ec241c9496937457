/**
 * The text form of age files: a strict subset of PEM with lines of 64 characters (https://age-encryption.org/v1, "ASCII armor").
 * By hand, because the library that opens such files brings all its cryptography along, which costs each command 60 ms.
 */

export const armorStart = '-----BEGIN AGE ENCRYPTED FILE-----'
const armorEnd = '-----END AGE ENCRYPTED FILE-----'

/** The file as text, with a newline at its end. */
export function encodeArmor(file: Uint8Array): string {
  const lines =
    Buffer.from(file)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [armorStart, ...lines, armorEnd, ''].join('\n')
}

/** Undefined: not armour, or not in the one form that a file can have in it (but for space around it, and CRLF line ends). */
export function decodeArmor(text: string): Uint8Array | undefined {
  const canonical = `${text.trim().replaceAll('\r\n', '\n')}\n`
  if (!canonical.startsWith(armorStart) || !canonical.endsWith(`${armorEnd}\n`)) return undefined
  const body = canonical.slice(armorStart.length, -armorEnd.length - 1)
  const file = new Uint8Array(Buffer.from(body, 'base64'))
  return encodeArmor(file) === canonical ? file : undefined
}
