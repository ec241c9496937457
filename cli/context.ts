import { hostname, userInfo } from 'node:os'
import type { Reason } from '../reconciler/model/reason.ts'
import type { Clock } from '../reconciler/ports.ts'
import type { Locale, Text } from '../specs/text.ts'
import { systemClock } from './clock.ts'
import { type ExitCode, exitCode } from './exit.ts'
import type { Environment } from './locale.ts'
import { renderReason } from './output/reason.ts'
import type { Terminal } from './output/terminal.ts'

/** What every command works with; made once by the composition root. */
export type Context = {
  readonly locale: Locale
  /** Standard output holds JSON and nothing else. */
  readonly json: boolean
  readonly out: Terminal
  readonly err: Terminal
  readonly env: Environment
  readonly cwd: string
  readonly clock: Clock
  /** Who is asking, for the audit log: `login@host`, of the person behind sudo if there is one. */
  readonly who: string
  text(text: Text): string
  /** Prints a value as JSON, indented: small enough to read, and made to be piped. */
  writeJson(value: unknown): void
  /** Tells why it cannot be done, in the form that was asked for. */
  fail(reason: Reason, code?: ExitCode): ExitCode
}

export type ContextParts = {
  readonly locale: Locale
  readonly json: boolean
  readonly out: Terminal
  readonly err: Terminal
  readonly env: Environment
  readonly cwd: string
}

export const createContext = (parts: ContextParts): Context => {
  const text = (both: Text): string => both[parts.locale]
  const writeJson = (value: unknown): void => parts.out.line(JSON.stringify(value, null, 2))
  return {
    ...parts,
    clock: systemClock,
    who: whoAsks(parts.env),
    text,
    writeJson,
    fail: (reason, code = exitCode.failed) => {
      if (parts.json) writeJson({ error: { ...reason, message: text(reason.message) } })
      else parts.err.line(renderReason(reason, parts.locale, parts.err))
      return code
    },
  }
}

const whoAsks = (env: Environment): string => {
  const login = env['SUDO_USER'] || env['USER'] || env['LOGNAME'] || userInfo().username
  return `${login}@${hostname()}`
}
