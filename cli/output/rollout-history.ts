import type { Rollout } from '../../reconciler/model/rollout.ts'
import { formatCount } from '../../reconciler/wording.ts'
import { say } from '../../specs/text.ts'
import type { Moment } from './decision.ts'
import { formatMoment } from './moment.ts'
import { abbreviate } from './revision.ts'
import { endText } from './rollout.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** One line a rollout, the newest first. */
export const printRolloutHistory = (rollouts: readonly Rollout[], moment: Moment, out: Terminal): void => {
  const { now, timezone, locale } = moment
  const columns: readonly Column[] = [
    { title: say('begun', 'commencé')[locale] },
    { title: say('ended', 'terminé')[locale] },
    { title: say('revision', 'révision')[locale] },
    { title: say('machines', 'postes')[locale], align: 'right' },
    { title: say('how', 'comment')[locale] },
  ]
  const rows = rollouts.map((rollout) => {
    const { startedAt, revision, waves, isRollback, phase } = rollout
    const machines = waves.reduce((sum, wave) => sum + wave.machines, 0)
    const back = isRollback ? `${say('going back', 'retour en arrière')[locale]}, ` : ''
    const isOver = phase.kind !== 'running' && phase.kind !== 'paused' && phase.kind !== 'closing'
    return [
      formatMoment(startedAt, now, timezone, locale),
      isOver ? formatMoment(phase.at, now, timezone, locale) : '',
      abbreviate(revision),
      formatCount(machines, locale),
      `${back}${endText(rollout)[locale]}`,
    ]
  })
  for (const line of table(columns, rows, out.colors.dim)) out.line(line)
}
