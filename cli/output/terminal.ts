import { createColors } from 'picocolors'
import type { Environment } from '../locale.ts'

export type Colors = ReturnType<typeof createColors>

/** Where text goes: standard output or standard error, with what it can show. */
export type Terminal = {
  readonly colors: Colors
  /** A person watches it, and it can move its cursor. */
  readonly interactive: boolean
  columns(): number
  rows(): number
  write(text: string): void
  line(text?: string): void
}

/** What a terminal needs of standard output or standard error; all but `write` is there only if a person watches. */
export type Stream = {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** NO_COLOR (https://no-color.org) wins over FORCE_COLOR, and both over what the terminal says. */
const wantsColor = (stream: Stream, env: Environment): boolean => {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

export const openTerminal = (stream: Stream, env: Environment): Terminal => ({
  colors: createColors(wantsColor(stream, env)),
  interactive: stream.isTTY === true && env['TERM'] !== 'dumb' && !env['CI'],
  columns: () => (stream.isTTY && stream.columns) || Number(env['COLUMNS']) || 100,
  rows: () => stream.rows || 24,
  write: (text) => {
    stream.write(text)
  },
  line: (text = '') => {
    stream.write(`${text}\n`)
  },
})

/** The reader closed the pipe (`proviseur log | head`): there is nobody left to write to, so it is the end, not an error. */
export const endWhenNobodyReads = (streams: readonly NodeJS.WriteStream[], end: () => void): void => {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') end()
      else throw error
    })
  }
}
