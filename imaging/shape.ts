/**
 * Strict reading of JSON that came over a network or off a disk: each shape says what is expected, an unknown or missing field is
 * a fault, and so is a number, a text or a list beyond its bounds. Written here, in the imager's size: it runs in a ramdisk.
 */
import { say, type Text } from '../specs/text.ts'

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  /** `at`: where in the document, `disks[0].sizeBytes`; empty: the document itself. */
  | { readonly ok: false; readonly at: string; readonly expected: string }

export type Shape<T> = (value: unknown, at: string) => Decoded<T>

type Optional<T> = { readonly optional: Shape<T> }

/** One shape a field; an optional field of `T` needs `optional(…)`, so that neither is forgotten. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Shape<T[K]>
}

const fault = (at: string, expected: string) => ({ ok: false, at, expected }) as const
const right = <T>(value: T): Decoded<T> => ({ ok: true, value })

export const optional = <T>(shape: Shape<T>): Optional<T> => ({ optional: shape })

export const object =
  <T extends object>(fields: Fields<T>): Shape<T> =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault(at, 'an object')
    const known = new Map<string, Shape<unknown> | Optional<unknown>>(Object.entries(fields))
    const surplus = Object.keys(value).find((name) => !known.has(name))
    if (surplus !== undefined) return fault(under(at, surplus), 'no such field')
    const given = new Map<string, unknown>(Object.entries(value))
    const decoded: [string, unknown][] = []
    for (const [name, field] of known) {
      const isOptional = typeof field !== 'function'
      if (!given.has(name)) {
        if (isOptional) continue
        return fault(under(at, name), 'a value')
      }
      const shape = isOptional ? field.optional : field
      const part = shape(given.get(name), under(at, name))
      if (!part.ok) return part
      decoded.push([name, part.value])
    }
    // Each field of T was read by the shape that its type demands.
    return right(Object.fromEntries(decoded) as T)
  }

/** A union told apart by the field `kind` (or another): one shape a value of it. */
export const variants =
  <T extends object>(field: keyof T & string, shapes: Readonly<Record<string, Shape<T>>>): Shape<T> =>
  (value, at) => {
    if (typeof value !== 'object' || value === null) return fault(at, 'an object')
    const kind: unknown = Object.entries(value).find(([name]) => name === field)?.[1]
    const shape = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined
    return shape === undefined
      ? fault(under(at, field), `one of ${Object.keys(shapes).join(', ')}`)
      : shape(value, at)
  }

export const list =
  <T>(of: Shape<T>, { min = 0, max }: { readonly min?: number; readonly max: number }): Shape<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return fault(at, `a list of ${min} to ${max} entries`)
    }
    const decoded: T[] = []
    for (const [index, entry] of value.entries()) {
      const part = of(entry, `${at}[${index}]`)
      if (!part.ok) return part
      decoded.push(part.value)
    }
    return right(decoded)
  }

/** Whole and not negative, and within what a double counts exactly. */
export const integer =
  (max: number = Number.MAX_SAFE_INTEGER, min = 0): Shape<number> =>
  (value, at) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? right(value)
      : fault(at, `a whole number from ${min} to ${max}`)

/** Finite and not negative. */
export const amount: Shape<number> = (value, at) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? right(value)
    : fault(at, 'a number that is not negative')

export const boolean: Shape<boolean> = (value, at) =>
  typeof value === 'boolean' ? right(value) : fault(at, 'true or false')

/** Whatever JSON can say; who takes it on reads it strictly. */
export const anything: Shape<unknown> = (value) => right(value)

export const text =
  (maxLength = 512): Shape<string> =>
  (value, at) =>
    typeof value === 'string' && value.length <= maxLength
      ? right(value)
      : fault(at, `a text of at most ${maxLength} characters`)

export const matching =
  (pattern: RegExp, expected: string): Shape<string> =>
  (value, at) =>
    typeof value === 'string' && pattern.test(value) ? right(value) : fault(at, expected)

export const oneOf =
  <const T extends string>(...words: readonly T[]): Shape<T> =>
  (value, at) => {
    const found = words.find((word) => word === value)
    return found === undefined ? fault(at, words.join(' | ')) : right(found)
  }

export const either =
  <A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> =>
  (value, at) => {
    const a = first(value, at)
    if (a.ok) return a
    const b = second(value, at)
    return b.ok ? b : fault(at, `${a.expected} or ${b.expected}`)
  }

const under = (at: string, name: string): string => (at === '' ? name : `${at}.${name}`)

/** What a document of ours could not be read as. `code` is `<what>-malformed`. */
export type Malformed = { readonly ok: false; readonly code: string; readonly message: Text }

export type Parsed<T> = { readonly ok: true; readonly value: T } | Malformed

/** Reads UTF-8 JSON; `what` names the document in the code and to the reader, in both languages. */
export function parseJson<T>(
  bytes: Uint8Array | string,
  shape: Shape<T>,
  what: Text & { readonly code: string },
): Parsed<T> {
  const malformed = (en: string, fr: string): Malformed => ({
    ok: false,
    code: `${what.code}-malformed`,
    message: say(`${what.en} cannot be used: ${en}.`, `${what.fr} est inutilisable\u00a0: ${fr}.`),
  })
  let value: unknown
  try {
    value = JSON.parse(typeof bytes === 'string' ? bytes : utf8.decode(bytes))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
    return malformed('it is not JSON', 'ce n’est pas du JSON')
  }
  const decoded = shape(value, '')
  if (decoded.ok) return decoded
  const where = decoded.at === '' ? '' : `\`${decoded.at}\``
  return malformed(
    where === '' ? `expected ${decoded.expected}` : `at ${where}, expected ${decoded.expected}`,
    where === '' ? `attendu\u00a0: ${decoded.expected}` : `en ${where}, attendu\u00a0: ${decoded.expected}`,
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
