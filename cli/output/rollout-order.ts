import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import { counted } from '../../reconciler/wording.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Context } from '../context.ts'
import type { Answer } from '../rollout-order.ts'
import { abbreviate } from './revision.ts'
import { orderJson, rolloutJson } from './rollout-json.ts'

/** What came of an order; `before` is the rollout as it was when it was given. */
export const printOrder = (
  context: Context,
  order: RolloutOrder,
  before: Rollout,
  answer: Exclude<Answer, { kind: 'refused' }>,
): void => {
  const now = answer.kind === 'taken-up' ? answer.rollout : before
  if (context.json) {
    const takenUp = answer.kind === 'taken-up'
    context.writeJson({ ordered: orderJson(order), takenUp, ...rolloutJson(now, context.locale) })
    return
  }
  const { out, text } = context
  if (answer.kind === 'waiting') out.line(`${out.colors.yellow('○')} ${text(nobodyYet)}`)
  else out.line(`${out.colors.green('✓')} ${text(doneText(order, before, now))}`)
}

const nobodyYet = say(
  'Ordered. No proviseur up has taken it up yet: it is as soon as one runs; proviseur rollout status shows it.',
  'Ordre enregistré. Aucun proviseur up ne l’a encore pris en compte\u00a0: ce sera fait dès que l’un tourne\u00a0; proviseur rollout status le montre.',
)

const doneText = ({ kind }: RolloutOrder, before: Rollout, now: Rollout): Text => {
  const revision = abbreviate(now.revision)
  switch (kind) {
    case 'pause':
      return say(
        `The rollout of ${revision} is paused: nothing more of it is started; what was begun is brought to an end.`,
        `Le déploiement de ${revision} est suspendu\u00a0: rien de plus n’en est lancé\u00a0; ce qui est commencé s’achève.`,
      )
    case 'resume':
      return resumed(revision, now.accepted.length - before.accepted.length)
    case 'approve':
      return say(
        `Approved: the rollout of ${revision} goes on.`,
        `Approuvé\u00a0: le déploiement de ${revision} se poursuit.`,
      )
    case 'abort':
      return say(
        `The rollout of ${revision} is aborted: machines on which it was tried keep it, the others stay as they are.`,
        `Le déploiement de ${revision} est arrêté\u00a0: les postes essayés le gardent, les autres restent en l’état.`,
      )
    case 'rollback': {
      const base = now.base === null ? '' : abbreviate(now.base.revision)
      return say(
        `${revision} is taken back: machines on which it was tried return to ${base}.`,
        `${revision} est annulée\u00a0: les postes essayés reviennent à ${base}.`,
      )
    }
  }
}

const resumed = (revision: string, accepted: number): Text => {
  const failures = counted(
    accepted,
    ['failure counts no more', 'failures count no more'],
    ['échec ne compte plus', 'échecs ne comptent plus'],
  )
  return say(
    `The rollout of ${revision} goes on${accepted === 0 ? '' : `; ${failures.en}`}.`,
    `Le déploiement de ${revision} reprend${accepted === 0 ? '' : `\u00a0; ${failures.fr}`}.`,
  )
}
