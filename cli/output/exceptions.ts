/** What keeps machines from being as wanted, by reason. */
import { gateNames } from '../../reconciler/describe.ts'
import type { ExceptionGroup } from '../../reconciler/exceptions.ts'
import { machines as countMachines } from '../../reconciler/wording.ts'
import { say } from '../../specs/text.ts'
import { decisionMark, type Moment } from './decision.ts'
import { formatMoment } from './moment.ts'
import { some } from './some.ts'
import type { Terminal } from './terminal.ts'
import { wrap } from './width.ts'

export const printExceptions = (groups: readonly ExceptionGroup[], moment: Moment, out: Terminal): void => {
  const { colors } = out
  for (const group of groups) {
    const gate =
      group.by === undefined ? '' : `${gateNames[group.by][moment.locale]}${untilText(group, moment)}  `
    const number =
      group.machines.length === 1
        ? ''
        : `  ${colors.dim(countMachines(group.machines.length)[moment.locale])}`
    out.line()
    out.line(`${decisionMark(group.kind, colors)} ${gate}${colors.bold(some(group.machines, 5))}${number}`)
    for (const line of wrap(group.reason.message[moment.locale], out.columns() - 4)) out.line(`    ${line}`)
  }
}

const untilText = ({ until }: ExceptionGroup, { now, timezone, locale }: Moment): string =>
  until === undefined
    ? ''
    : ` ${say('until', 'jusqu’à')[locale]} ${formatMoment(until, now, timezone, locale)}`
