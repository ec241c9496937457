/** What must hold of a run, whatever goes wrong in it; each is watched from the side of the PCs. */
import type { Happened } from '../../../providers/simulated/witness.ts'
import type { LoopProgress } from '../../../reconciler/loop/progress.ts'
import type { Instant, MachineId } from '../../../reconciler/model/ids.ts'
import type { Action } from '../../../reconciler/model/plan.ts'
import { say, type Text } from '../../../specs/text.ts'

export const rules = [
  'window',
  'occupied',
  'fence',
  'twice',
  'paused',
  'early',
  'budget',
  'unknown-success',
  'deferred-holds',
  'lost',
  'not-converged',
] as const

export type Rule = (typeof rules)[number]

export const ruleText: Readonly<Record<Rule, Text>> = {
  window: say('something started outside a maintenance window', 'une opération a commencé hors fenêtre'),
  occupied: say(
    'something started on a PC in use',
    'une opération a commencé sur un poste en cours d’utilisation',
  ),
  fence: say('an order of an older target landed', 'un ordre d’une cible plus ancienne a abouti'),
  twice: say('something was done twice', 'une opération a été faite deux fois'),
  paused: say('something started in a paused scope', 'une opération a commencé dans un périmètre suspendu'),
  early: say(
    'a PC got the revision before its wave opened',
    'un poste a reçu la révision avant l’ouverture de sa vague',
  ),
  budget: say(
    'more was started although too much had failed',
    'de nouvelles opérations ont commencé alors que trop avaient échoué',
  ),
  'unknown-success': say(
    'a PC counted as well that nobody had seen well',
    'un poste a été compté sain sans avoir été vu sain',
  ),
  'deferred-holds': say('a wave waits for PCs that are off', 'une vague attend des postes éteints'),
  lost: say('a managed PC was forgotten', 'un poste géré a été oublié'),
  'not-converged': say(
    'once nothing went wrong any more, not all became as wanted',
    'une fois les pannes terminées, tout n’est pas devenu conforme',
  ),
}

export type Violation = {
  readonly rule: Rule
  readonly at: Instant
  readonly machine?: MachineId
  /** What was seen, for whoever looks into it. */
  readonly detail: string
}

export type Report = (rule: Rule, machine: MachineId | undefined, detail: string) => void

/** One or more rules that are watched together. */
export type Watch = {
  saw?(happened: Happened): void
  /** What the loop tells: of use only to be compared with what really happened. */
  told?(progress: LoopProgress): void
}

export const isWake = (happened: Extract<Happened, { action: unknown }>): boolean => isWaking(happened.action)

export const isWaking = ({ changes }: Action): boolean =>
  changes.some((change) => change.facet === 'power' && change.item === 'wake')
