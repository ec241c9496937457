import type { Reason } from '../../reconciler/model/reason.ts'
import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import { say } from '../../specs/text.ts'
import { abbreviate } from './revision.ts'
import { endText } from './rollout.ts'

export const whyMissing = (kind: RolloutOrder['kind']): Reason => ({
  code: 'why-missing',
  message: say(
    `Say why, for those who find the rollout so: proviseur rollout ${kind} --why "printers fail in b204".`,
    `Indiquez le motif, pour ceux qui trouveront le déploiement ainsi\u00a0: proviseur rollout ${kind} --why "les imprimantes échouent en b204".`,
  ),
})

export const noRollout: Reason = {
  code: 'no-rollout',
  message: say(
    'Nothing was ever rolled out in this park: proviseur up begins with its first revision.',
    'Rien n’a encore été déployé dans ce parc\u00a0: proviseur up commence par sa première révision.',
  ),
}

export const rolloutOver = (rollout: Rollout): Reason => {
  const revision = abbreviate(rollout.revision)
  const end = endText(rollout)
  return {
    code: 'rollout-over',
    message: say(
      `No rollout is under way; that of ${revision} is over (${end.en}). To go back now, revert the commit in Git: that is a new revision.`,
      `Aucun déploiement n’est en cours\u00a0; celui de ${revision} est fini (${end.fr}). Pour revenir en arrière, annulez le commit dans Git\u00a0: ce sera une nouvelle révision.`,
    ),
  }
}
