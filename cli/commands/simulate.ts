import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import { faultSets, misfortunes, parseFaults } from '../../providers/simulated/misfortune.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { readPark } from '../desired.ts'
import { type ExitCode, exitCode } from '../exit.ts'
import type { Given } from '../given.ts'
import { printSimulation } from '../output/simulation.ts'
import { simulationJson } from '../output/simulation-json.ts'
import { locate, type Place } from '../place.ts'
import { ok, type Result, refuse } from '../result.ts'
import { againLine } from '../simulate/again.ts'
import { keepHeapLean } from '../simulate/lean-heap.ts'
import { drawWaves } from '../simulate/picture.ts'
import { type Named, type Simulation, simulate } from '../simulate/simulate.ts'

export const run: Run = async (context, given) => {
  const place = await locate(context, given, given.argument(0))
  if (!place.ok) return context.fail(place.reason)
  const head = await readPark(context, place.value, given.value('rev'))
  if (!head.ok) return context.fail(head.reason)
  const rev = given.value('base')
  const base = rev === undefined ? undefined : await readPark(context, place.value, rev)
  if (base !== undefined && !base.ok) return context.fail(base.reason)
  const settings = readSettings(given, context.clock.now(), head.value.desired.park.timezone)
  if (!settings.ok) return context.fail(settings.reason, exitCode.usage)

  const next: Named = head.value
  const tell = progressOf(context, settings.value.days)
  const svg = given.value('svg')
  const picture = svg === undefined ? undefined : resolve(context.cwd, svg)
  // Now rather than after the minutes that a region takes.
  if (picture !== undefined) await access(dirname(picture), constants.W_OK)
  keepHeapLean()
  const simulation = await simulate({
    ...settings.value,
    next,
    base: base?.value,
    knownImages: await knownSizes(place.value, [next, ...(base ? [base.value] : [])]),
    told: tell,
  })
  const again = againLine(given, { ...settings.value, start: settings.value.startText })
  if (context.json) context.writeJson(simulationJson(simulation, again, context.locale))
  else printSimulation(simulation, again, context.locale, context.out)
  // Last: a disk that is full must not take the result with it.
  if (picture !== undefined) await writeFile(picture, drawWaves(simulation, context.locale))
  return endOf(simulation)
}

const endOf = ({ violations, asWanted, machines }: Simulation): ExitCode => {
  if (violations.length > 0) return exitCode.violated
  return asWanted === machines ? exitCode.done : exitCode.blocked
}

type Settings = {
  readonly seed: number
  readonly days: number
  readonly calmDays: number
  readonly faults: NonNullable<ReturnType<typeof parseFaults>>
  readonly start: Instant
  readonly startText: string
}

const readSettings = (given: Given, now: Instant, timezone: string): Result<Settings> => {
  const seed = readCount(given, 'seed', 1, 2 ** 31 - 1)
  if (!seed.ok) return seed
  const days = readCount(given, 'days', 7, 60)
  if (!days.ok) return days
  const calmDays = readCount(given, 'calm', 7, 60, 0)
  if (!calmDays.ok) return calmDays
  const named = given.value('faults') ?? 'school'
  const faults = parseFaults(named)
  if (faults === undefined) return refuse('wrong-faults', wrongFaults(named))
  const startText = given.value('start') ?? nextMonday(now, timezone)
  const start = readStart(startText, timezone)
  if (start === undefined) {
    return refuse(
      'wrong-time',
      say(
        `--start ${startText} is no time: write 2026-09-07T12:00.`,
        `--start ${startText} n’est pas une date\u00a0: écrivez 2026-09-07T12:00.`,
      ),
    )
  }
  return ok({ seed: seed.value, days: days.value, calmDays: calmDays.value, faults, start, startText })
}

const readCount = (given: Given, option: string, usual: number, most: number, least = 1): Result<number> => {
  const value = Number(given.value(option) ?? usual)
  if (Number.isInteger(value) && value >= least && value <= most) return ok(value)
  return refuse(
    `wrong-${option}`,
    say(
      `--${option} is a whole number from ${least} to ${most}.`,
      `--${option} est un nombre entier de ${least} à ${most}.`,
    ),
  )
}

const wrongFaults = (named: string) => {
  const sets = Object.keys(faultSets).join(', ')
  const kinds = misfortunes.join(', ')
  return say(
    `--faults ${named}: a set (${sets}), or some of these with commas between them: ${kinds}.`,
    `--faults ${named}\u00a0: un jeu (${sets}), ou certaines de celles-ci séparées par des virgules\u00a0: ${kinds}.`,
  )
}

/** A week is rehearsed from a Monday on. */
const nextMonday = (now: Instant, timezone: string): string => {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone).toPlainDate()
  return `${today.add({ days: 8 - today.dayOfWeek }).toString()}T12:00`
}

const readStart = (text: string, timezone: string): Instant | undefined => {
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2})?$/u.test(text)) return undefined
  try {
    return Temporal.PlainDateTime.from(text, { overflow: 'reject' }).toZonedDateTime(timezone)
      .epochMilliseconds
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}

/** Of the images that this computer has; the others are assumed to be as images are. */
const knownSizes = async ({ state }: Place, revisions: readonly Named[]) => {
  const wanted = revisions.some(({ desired }) =>
    [...desired.machines.values()].some(({ profile }) => profile.disk !== undefined),
  )
  if (!wanted) return new Map()
  const [{ openFolderStore }, { createKnownImages }] = await Promise.all([
    import('../../imaging/folder-store.ts'),
    import('../site/known-images.ts'),
  ])
  const known = createKnownImages(openFolderStore(join(state, 'images')))
  await known.refresh()
  return known.all()
}

/** A line a day, for whoever waits. */
const progressOf = (context: Context, days: number) => {
  let day = 0
  return (happening: 'day' | 'calm'): void => {
    if (context.json || !context.err.interactive) return
    if (happening === 'day') day += 1
    const text =
      happening === 'calm'
        ? say('nothing goes wrong any more', 'plus rien ne va de travers')
        : say(`day ${day} of ${Math.max(day, days)}`, `jour ${day} sur ${Math.max(day, days)}`)
    context.err.line(context.err.colors.dim(context.text(text)))
  }
}
