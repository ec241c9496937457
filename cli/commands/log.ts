import type { Event } from '../../reconciler/model/event.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import { say } from '../../specs/text.ts'
import { findMachine } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { currentDesired } from '../desired.ts'
import { exitCode } from '../exit.ts'
import { iso } from '../output/instant.ts'
import { formatMoment } from '../output/moment.ts'
import { abbreviate } from '../output/revision.ts'
import { printable } from '../output/width.ts'
import { stopOnSignals } from '../stopping.ts'
import { withStoreInUse } from '../store-in-use.ts'

/** The store tells nobody of a new event; once a second is soon enough for a person who watches. */
const followEveryMs = 1000
const batch = 500

export const run: Run = async (context, given) => {
  const limit = Number(given.value('limit') ?? 50)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000_000) {
    const message = say('--limit is a number from 1 on.', '--limit est un nombre à partir de 1.')
    return context.fail({ code: 'wrong-limit', message }, exitCode.usage)
  }
  return withStoreInUse(context, given, async (store, place) => {
    let machine: MachineId | undefined
    let timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
    const word = given.value('machine')
    if (word !== undefined || !context.json) {
      const desired = await currentDesired(context, place, store)
      if (desired.ok) timezone = desired.value.park.timezone
      if (word !== undefined) {
        const found = desired.ok ? findMachine(desired.value, word) : desired
        if (!found.ok) return context.fail(found.reason)
        machine = found.value.id
      }
    }
    const query = machine === undefined ? {} : { machine }
    const print = (event: Event): void => printEvent(event, timezone, context)
    const events = await store.events({ ...query, limit })
    for (const event of events) print(event)
    if (!given.flag('follow')) return exitCode.done

    let after = events.at(-1)?.seq ?? 0
    const stopping = stopOnSignals()
    while (!stopping.signal.aborted) {
      await context.clock.sleep(followEveryMs, stopping.signal)
      const newer = await store.events({ ...query, after, limit: batch })
      for (const event of newer) print(event)
      after = newer.at(-1)?.seq ?? after
    }
    stopping.release()
    return exitCode.done
  })
}

/** One line an event; with --json one JSON object a line, so that a log of any length can be read as it comes. */
const printEvent = (event: Event, timezone: string, context: Context): void => {
  const { out, locale } = context
  if (context.json) {
    out.line(JSON.stringify({ ...event, at: iso(event.at), message: event.message[locale] }))
    return
  }
  const { colors } = out
  const when = formatMoment(event.at, context.clock.now(), timezone, locale)
  const what = event.machine ?? (event.revision === undefined ? '' : abbreviate(event.revision))
  const text = printable(event.message[locale]).replace(/\n/gu, ' ')
  out.line(
    `${colors.dim(when)}  ${what === '' ? '' : `${colors.bold(what)}  `}${text}  ${colors.dim(event.actor)}`,
  )
}
