import { formatSize } from '../../specs/size.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Context } from '../context.ts'
import { cut } from '../output/width.ts'

/** Faster is not read. */
const redrawMs = 200

const barColumns = 24

export type ByteProgress = {
  /** Bytes of one step, `done` of `total`; `added`: what they made the store grow by. */
  show(step: string, done: number, total: number, added?: number): void
  note(text: Text): void
  close(): void
}

/** On a terminal a bar in one line, redrawn; elsewhere a line when a step ends. Standard output stays free for the result. */
export const createByteProgress = (context: Context, now: () => number = Date.now): ByteProgress => {
  const { err, locale, text } = context
  const live = err.interactive && !context.json
  let drawn = false
  let drawnAt = 0
  let ended = ''
  const erase = (): void => {
    if (drawn) err.write('\r\x1b[2K')
    drawn = false
  }
  return {
    show: (step, done, total, added) => {
      const at = now()
      const complete = done >= total
      const sizes = `${formatSize(done, locale)} / ${formatSize(total, locale)}`
      const grown =
        added === undefined
          ? ''
          : text(say(`, ${formatSize(added, 'en')} new`, `, ${formatSize(added, 'fr')} de nouveau`))
      if (live && (complete || at - drawnAt >= redrawMs)) {
        drawnAt = at
        erase()
        const filled = Math.round((barColumns * done) / Math.max(1, total))
        const bar = '█'.repeat(filled) + '░'.repeat(barColumns - filled)
        err.write(cut(`  ${step}  ${bar}  ${sizes}${grown}`, err.columns() - 1))
        drawn = true
      }
      if (!complete || ended === step) return
      ended = step
      erase()
      if (!context.json) err.line(`  ${step}  ${sizes}${grown}`)
    },
    note: (told) => {
      erase()
      if (!context.json) err.line(`${err.colors.yellow('!')} ${text(told)}`)
    },
    close: erase,
  }
}
