/** One range of a file as a client asks for it (RFC 9110, 14.1.2). */
export type ByteRange =
  | { readonly kind: 'whole' }
  /** `last` is included. */
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'unsatisfiable' }

/** Several ranges, and what is no range of bytes, are answered with the whole file, as the standard allows. */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  const [, from = '', to = ''] = match ?? []
  if (match === null || (from === '' && to === '')) return { kind: 'whole' }
  if (from === '') {
    const length = Math.min(Number(to), sizeBytes)
    return length === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', first: sizeBytes - length, last: sizeBytes - 1 }
  }
  const first = Number(from)
  const last = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1)
  if (to !== '' && Number(to) < first) return { kind: 'whole' }
  return first >= sizeBytes ? { kind: 'unsatisfiable' } : { kind: 'part', first, last }
}
