/** Where one machine is on the way to a new revision. */
import { say } from '../specs/text.ts'
import type { ExplanationLine } from './explain.ts'
import type { MachineId, SiteId } from './model/ids.ts'
import { siteOf } from './model/machine-id.ts'
import type { Text } from './model/reason.ts'
import type { MachineStanding, Rollout, Steering } from './model/rollout.ts'
import { isOpen } from './rollout.ts'
import { countedWaves } from './rollout-news.ts'
import { lyceeHeld } from './rollout-reasons.ts'
import type { RolloutTally } from './rollout-tally.ts'
import { shortRevision } from './wording.ts'

/** Nothing of a machine that the revision does not change, and nothing of a rollout that is over. */
export function rolloutLines(
  { rollout, waveOf, attempts }: Steering,
  { standings }: RolloutTally,
  machine: MachineId,
): readonly ExplanationLine[] {
  const index = waveOf.get(machine)
  const standing = standings.get(machine)
  if (index === undefined || standing === undefined || !isOpen(rollout)) return []
  const revision = shortRevision(rollout.revision)
  const total = countedWaves(rollout.waves)
  const isAccepted = standing === 'failed' && rollout.accepted.includes(machine)
  const is = isAccepted ? acceptedFailure : standingTexts[standing]
  const at = attempts.get(machine)?.lastAt ?? rollout.waves[index]?.openedAt ?? rollout.startedAt
  return [
    {
      text: say(
        `rollout of ${revision}, wave ${index + 1} of ${total}: ${is.en}`,
        `déploiement de ${revision}, vague ${index + 1} sur ${total}\u00a0: ${is.fr}`,
      ),
      at,
    },
    ...(standing === 'waiting' ? standstillLines(rollout, siteOf(machine)) : []),
  ]
}

/** Whose turn it is not yet is told by its decision; why nobody's turn comes, here. */
function standstillLines({ phase, heldSites }: Rollout, site: SiteId): readonly ExplanationLine[] {
  if (phase.kind === 'paused') return [{ text: phase.reason.message, at: phase.at }]
  const heldAt = heldSites[site]
  return heldAt === undefined ? [] : [{ text: lyceeHeld.message, at: heldAt }]
}

const acceptedFailure = say(
  'it failed; a person has accepted that, and it counts no more',
  'échec ; une personne l’a accepté, il ne compte plus',
)

const standingTexts: Readonly<Record<MachineStanding, Text>> = {
  waiting: say('its wave is not open yet', 'sa vague n’est pas encore ouverte'),
  pending: say('its wave is open, nothing was tried yet', 'sa vague est ouverte, rien n’a encore été tenté'),
  attempted: say('tried, and not seen well yet', 'essayé, pas encore revu sain'),
  succeeded: say('tried, and seen well', 'essayé, et revu sain'),
  failed: say('it failed', 'échec'),
  unneeded: say('it was as wanted already', 'il était déjà conforme'),
  deferred: say(
    'not reached in time; it follows when it is on',
    'pas atteint à temps\u00a0; il suivra une fois allumé',
  ),
}
