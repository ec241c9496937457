import { gateNames } from '../../reconciler/describe.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import { formatAgo, formatMoment } from './moment.ts'
import type { Colors } from './terminal.ts'

export type Moment = { readonly now: Instant; readonly timezone: string; readonly locale: Locale }

/** One character a decision, so that a column of them can be read at a glance; told by its shape where there is no colour. */
export const decisionMark = (kind: Decision['kind'], colors: Colors): string => {
  switch (kind) {
    case 'converged':
      return colors.green('✓')
    case 'act':
      return colors.cyan('▸')
    case 'held':
      return colors.yellow('○')
    case 'unknown':
      return colors.dim('?')
    case 'stalled':
      return colors.red('✗')
  }
}

/** Why a machine is as it is, in one line, without its changes. Empty where there is nothing to say. */
export const decisionReason = (decision: Decision, moment: Moment): string => {
  const { now, timezone, locale } = moment
  switch (decision.kind) {
    case 'converged':
      if (decision.lastSeen === undefined) return ''
      return say(
        `off; as wanted when last seen, ${formatAgo(decision.lastSeen, now, 'en')}`,
        `éteint\u00a0; conforme à la dernière observation, ${formatAgo(decision.lastSeen, now, 'fr')}`,
      )[locale]
    case 'act':
      return ''
    case 'held': {
      const until =
        decision.until === undefined
          ? ''
          : untilText(formatMoment(decision.until, now, timezone, locale))[locale]
      return `${gateNames[decision.by][locale]}${until}: ${decision.reason.message[locale]}`
    }
    case 'unknown':
    case 'stalled':
      return decision.reason.message[locale]
  }
}

const untilText = (moment: string): Text => say(` until ${moment}`, ` jusqu’à ${moment}`)
