import { Temporal } from 'temporal-polyfill'
import type { Instant } from '../reconciler/model/ids.ts'
import { parseDuration } from '../specs/duration.ts'
import { say } from '../specs/text.ts'
import type { Given } from './given.ts'
import { ok, type Result, refuse } from './result.ts'

/**
 * The end of a pause from `--until` (local time of the park: `2026-06-19`, `2026-06-19T18:00`, `18:00`) or `--for` (`2h`).
 * Undefined: until somebody resumes. A date alone means its very beginning; a time alone means its next occurrence.
 */
export const readEnd = (given: Given, now: Instant, timezone: string): Result<Instant | undefined> => {
  const until = given.value('until')
  const duration = given.value('for')
  if (until !== undefined && duration !== undefined) {
    return refuse(
      'until-and-for',
      say('Give --until or --for, not both.', 'Donnez --until ou --for, pas les deux.'),
    )
  }
  if (duration !== undefined) {
    const ms = parseDuration(duration)
    return ms === undefined ? wrongDuration('for', duration) : ok(now + ms)
  }
  if (until === undefined) return ok(undefined)
  const end = readLocal(until.trim(), now, timezone)
  if (end === undefined) {
    return refuse(
      'wrong-time',
      say(
        `--until ${until} is no time: write 2026-06-19, 2026-06-19T18:00 or 18:00.`,
        `--until ${until} n’est pas une date\u00a0: écrivez 2026-06-19, 2026-06-19T18:00 ou 18:00.`,
      ),
    )
  }
  if (end > now) return ok(end)
  return refuse('time-passed', say(`--until ${until} is in the past.`, `--until ${until} est déjà passé.`))
}

export const wrongDuration = (option: string, value: string) =>
  refuse(
    'wrong-duration',
    say(
      `--${option} ${value} is no duration: write 90s, 20m, 2h or 3d.`,
      `--${option} ${value} n’est pas une durée\u00a0: écrivez 90s, 20m, 2h ou 3d.`,
    ),
  )

const readLocal = (value: string, now: Instant, timezone: string): Instant | undefined => {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone)
  if (/^\d{1,2}:\d{2}$/u.test(value)) {
    const time = attempt(() => Temporal.PlainTime.from(value.padStart(5, '0')))
    if (time === undefined) return undefined
    const at = today.withPlainTime(time).epochMilliseconds
    return at > now ? at : today.add({ days: 1 }).withPlainTime(time).epochMilliseconds
  }
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$/u.test(value)) return undefined
  return attempt(
    () =>
      Temporal.PlainDateTime.from(value, { overflow: 'reject' }).toZonedDateTime(timezone).epochMilliseconds,
  )
}

/** Temporal tells of a date that does not exist (31 June) by a RangeError. */
const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
