/** What a PC said on its serial line, as text, and waiting for what it will say. */

export type SerialLog = {
  /** All since the log was begun, without terminal sequences. */
  readonly text: string
  readonly write: (chunk: Buffer) => void
  /** No more will come: whoever still waits is told so. */
  readonly end: (why: string) => void
  /** The first match at or after `from` (a position in `text`). Rejects after `timeoutMs`, and at the end of the line. */
  readonly waitFor: (
    pattern: RegExp,
    options: { readonly timeoutMs: number; readonly from?: number },
  ) => Promise<RegExpExecArray>
}

const ESCAPE = String.fromCharCode(27)
const SEQUENCE = new RegExp(`${ESCAPE}(\\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[=>78DMc])`, 'g')
const UNFINISHED = new RegExp(`${ESCAPE}(\\[[0-9;?=]*|[()])?$`)
/** A PC that prints without end must not fill our memory. */
const LIMIT = 4_000_000
const SHOWN_ON_FAILURE = 4_000

export function serialLog(name: string): SerialLog {
  let text = ''
  let held = ''
  let ended: string | undefined
  const watchers = new Set<() => void>()
  const tellAll = (): void => {
    for (const watcher of [...watchers]) watcher()
  }
  return {
    get text() {
      return text
    },
    write: (chunk) => {
      const raw = held + chunk.toString('latin1')
      const cut = raw.search(UNFINISHED)
      held = cut < 0 ? '' : raw.slice(cut)
      if (text.length < LIMIT)
        text += (cut < 0 ? raw : raw.slice(0, cut)).replaceAll(SEQUENCE, '').replaceAll('\r', '')
      tellAll()
    },
    end: (why) => {
      ended = why
      tellAll()
    },
    waitFor: (pattern, { timeoutMs, from = 0 }) =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => {
          settle(() =>
            reject(
              new Error(
                `${name}: ${why}: ${pattern}\n${text.replaceAll(/ {8,}/g, '  ').slice(-SHOWN_ON_FAILURE)}`,
              ),
            ),
          )
        }
        const settle = (end: () => void): void => {
          clearTimeout(timer)
          watchers.delete(check)
          end()
        }
        const check = (): void => {
          const match = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')).exec(
            text.slice(from),
          )
          if (match !== null) settle(() => resolve(match))
          else if (ended !== undefined) fail(`${ended} before it said`)
        }
        const timer = setTimeout(() => fail(`in ${timeoutMs} ms it did not say`), timeoutMs)
        watchers.add(check)
        check()
      }),
  }
}
