/** One word of POSIX shell that stands for exactly `text`, whatever is in it. NUL cannot stand in a shell word: a bug if it does. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold NUL')
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** A here-document that writes any bytes to a file; `file` is shell text, already quoted as it must be. */
export function writeFile(file: string, bytes: Uint8Array): string {
  const encoded = Buffer.from(bytes).toString('base64')
  // 76 columns: base64(1) of every implementation takes them, and no line outgrows a pipe's buffer.
  const lines = encoded.match(/.{1,76}/g) ?? []
  return [`base64 -d > ${file} <<'PROVISEUR_END' || return 1`, ...lines, 'PROVISEUR_END'].join('\n')
}
