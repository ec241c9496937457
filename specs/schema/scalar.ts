import * as z from 'zod'
import type { ErrorCode } from '../diagnostic-codes.ts'
import { say, type Text } from '../text.ts'

/** Why a value was not accepted, when there is more to say than what was expected. */
export class Rejection {
  readonly code: ErrorCode
  readonly message: Text
  readonly suggestion: string | undefined

  constructor(code: ErrorCode, message: Text, suggestion?: string) {
    this.code = code
    this.message = message
    this.suggestion = suggestion
  }
}

export type ScalarFormat<T> = {
  /** Completes “Expected …” / « Attendu : … ». */
  readonly expects: Text
  /** What editors check, where JSON Schema can say it. */
  readonly json: Readonly<Record<string, unknown>>
  /** The value, undefined (not as expected), or a rejection that says more. */
  readonly parse: (text: string) => T | Rejection | undefined
}

/** What our own schemas put into zod's custom issues; `issues.ts` reads it back. */
export type IssueParams = {
  readonly code: ErrorCode
  readonly message: Text
  readonly suggestion?: string | undefined
  /** Of a value of the wrong shape: what was wanted, so that alternatives can be told in one sentence. */
  readonly expects?: Text
}

export type ScalarInput = string | number | boolean

const isScalarInput = (input: unknown): input is ScalarInput =>
  typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean'

export const expected = (expects: Text): Text => say(`Expected ${expects.en}.`, `Attendu : ${expects.fr}.`)

/**
 * A value written as one word or text. YAML files give its source text; JSON (the API, code) may give a number or a boolean.
 * Everything goes through one parser, so that all three agree.
 */
export const scalar = <T>(format: ScalarFormat<T>) =>
  z
    .custom<ScalarInput>(isScalarInput, {
      params: {
        code: 'wrong-type',
        message: expected(format.expects),
        expects: format.expects,
      } satisfies IssueParams,
    })
    .transform((input, context): T => {
      const parsed = format.parse(String(input))
      if (parsed instanceof Rejection) {
        const { code, message, suggestion } = parsed
        context.issues.push({ code: 'custom', input, params: { code, message, suggestion } })
        return z.NEVER
      }
      if (parsed === undefined) {
        const params: IssueParams = { code: 'bad-value', message: expected(format.expects) }
        context.issues.push({ code: 'custom', input, params })
        return z.NEVER
      }
      return parsed
    })
    .meta({ json: format.json })

/** Adds what a field is for, in both languages; the JSON Schema and the reference are made from it. */
export const about = <S extends z.ZodType>(
  schema: S,
  en: string,
  fr: string,
  more: { default?: string } = {},
): S =>
  schema.meta({
    ...(more.default === undefined ? {} : { byDefault: more.default }),
    description: en,
    fr,
  }) as S

/** A mapping with exactly these fields. Zod's issue for an unknown field carries the known names in its message: see `issues.ts`. */
export const fields = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => {
  const known = Object.keys(shape).join(' ')
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : undefined) })
}
