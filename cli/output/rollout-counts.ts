import { machinesIn, type Tally } from '../../reconciler/rollout-tally.ts'
import { formatCount } from '../../reconciler/wording.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import type { Column } from './table.ts'
import type { Terminal } from './terminal.ts'

/** A column of what a rollout counts. */
export type ShownCount = {
  readonly title: Text
  readonly of: (tally: Tally) => number
  readonly tint?: 'green' | 'red' | 'yellow'
}

const all: ShownCount = { title: say('machines', 'postes'), of: machinesIn }
const well: ShownCount = {
  title: say('well', 'sains'),
  of: ({ succeeded, unneeded }) => succeeded + unneeded,
  tint: 'green',
}
const failed: ShownCount = { title: say('failed', 'échecs'), of: (tally) => tally.failed, tint: 'red' }
const accepted: ShownCount = {
  title: say('accepted', 'acceptés'),
  of: (tally) => tally.accepted,
  tint: 'yellow',
}
const underWay: ShownCount = { title: say('under way', 'en cours'), of: ({ attempted }) => attempted }
const toCome: ShownCount = {
  title: say('to come', 'à venir'),
  of: ({ waiting, pending }) => waiting + pending,
}
const later: ShownCount = { title: say('later', 'plus tard'), of: ({ deferred }) => deferred }

/** The first is the sum of the others. Accepted failures are rare: their column comes with the first. */
export const countsShown = (total: Tally): readonly ShownCount[] => [
  all,
  well,
  failed,
  ...(total.accepted === 0 ? [] : [accepted]),
  underWay,
  toCome,
  later,
]

export const countCells = (
  tally: Tally,
  shown: readonly ShownCount[],
  locale: Locale,
  { colors }: Terminal,
): readonly string[] =>
  shown.map(({ of, tint }) => {
    const number = of(tally)
    if (number === 0) return colors.dim('·')
    const text = formatCount(number, locale)
    return tint === undefined ? text : colors[tint](text)
  })

export const countColumns = (shown: readonly ShownCount[], locale: Locale): readonly Column[] =>
  shown.map(({ title }): Column => ({ title: title[locale], align: 'right' }))
