import { describeChange, gateNames } from '../../reconciler/describe.ts'
import type { Change } from '../../reconciler/model/change.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Outcome, StepResult } from '../../reconciler/model/outcome.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import { machines } from '../../reconciler/wording.ts'
import { say, type Text } from '../../specs/text.ts'
import { abbreviate } from '../output/revision.ts'
import { diskProgressText } from './disk-progress.ts'
import type { Happening } from './happening.ts'

/** One line of what happened; the weight tells how it is marked. `detail`: what the PC itself said. */
export type Sentence = {
  readonly weight: 'good' | 'bad' | 'wait' | 'work' | 'plain'
  readonly machine?: string
  readonly text: Text
  readonly detail?: string
}

/** What a log says of a happening. Undefined: nothing that a log should hold. */
export const tell = (happening: Happening): Sentence | undefined => {
  switch (happening.kind) {
    case 'started':
      return {
        weight: 'plain',
        text: say(
          `Watching ${happening.source}, stored in ${happening.store}`,
          `Suivi de ${happening.source}, base ${happening.store}`,
        ),
      }
    case 'revision':
      return { weight: 'plain', text: revisionText(happening) }
    case 'revision-refused': {
      const name = abbreviate(happening.revision)
      return {
        weight: 'bad',
        text: say(`${name}: ${happening.reason.message.en}`, `${name}\u00a0: ${happening.reason.message.fr}`),
        ...detailOf(happening.reason.detail),
      }
    }
    case 'rollout':
      return rolloutSentence(happening)
    case 'observed':
      return undefined
    case 'decided':
      return decisionSentence(happening.machine, happening.decision)
    case 'acting': {
      const changes = listChanges(happening.action.changes)
      return { weight: 'work', machine: happening.action.machine, text: changes }
    }
    case 'progress':
      return undefined
    case 'imaging':
      return happening.isNewPhase
        ? { weight: 'work', machine: happening.machine, text: diskProgressText(happening.progress) }
        : undefined
    case 'ended':
      return {
        machine: happening.action.machine,
        ...outcomeSentence(happening.action.changes, happening.outcome),
      }
    case 'trouble':
      return { weight: 'bad', text: happening.reason.message, ...detailOf(happening.reason.detail) }
    case 'waiting': {
      const { en, fr } = happening.reason.message
      const hours = Math.ceil(happening.atMostMs / 3_600_000)
      return {
        weight: 'wait',
        text: say(
          `Waiting, ${hours} h at the most: ${en}`,
          `En attente, ${hours}\u00a0h au plus\u00a0: ${fr}`,
        ),
      }
    }
    case 'stopping':
      return {
        weight: 'plain',
        text: say(
          'Stopping. What runs on machines goes on there; Ctrl-C again ends at once.',
          'Arrêt en cours. Ce qui tourne sur les postes s’y poursuit\u00a0; Ctrl-C à nouveau arrête aussitôt.',
        ),
      }
    case 'finished':
      return finishedSentence(happening)
  }
}

const revisionText = ({ revision, machines: number }: Extract<Happening, { kind: 'revision' }>): Text => {
  const name = abbreviate(revision)
  const count = machines(number)
  return say(`Revision ${name}: ${count.en}`, `Révision ${name}\u00a0: ${count.fr}`)
}

const rolloutSentence = ({ revision, news, message }: Extract<Happening, { kind: 'rollout' }>): Sentence => {
  const name = abbreviate(revision)
  return {
    weight: rolloutWeights[news] ?? 'plain',
    text: say(`Rollout of ${name}: ${message.en}`, `Déploiement de ${name}\u00a0: ${message.fr}`),
  }
}

const rolloutWeights: Readonly<Partial<Record<string, Sentence['weight']>>> = {
  'wave-opened': 'work',
  'wave-passed': 'good',
  'wave-awaits-approval': 'wait',
  'rollout-paused': 'bad',
  'lycee-held': 'bad',
}

const finishedSentence = (happening: Extract<Happening, { kind: 'finished' }>): Sentence => {
  const { result, converged } = happening
  const all = machines(happening.machines)
  switch (result) {
    case 'converged':
      return { weight: 'good', text: say(`All as wanted: ${all.en}.`, `Tout est conforme\u00a0: ${all.fr}.`) }
    case 'blocked':
      return {
        weight: 'wait',
        text: say(
          `Nothing more can be done now: ${converged} of ${all.en} as wanted. proviseur status tells what holds the others.`,
          `Plus rien n’est possible pour l’instant\u00a0: ${converged} conformes sur ${all.fr}. proviseur status dit ce qui retient les autres.`,
        ),
      }
    case 'stopped':
      return { weight: 'plain', text: say('Stopped.', 'Arrêté.') }
  }
}

const decisionSentence = (machine: string, decision: Decision): Sentence | undefined => {
  switch (decision.kind) {
    case 'act':
      return undefined
    case 'converged':
      return { weight: 'good', machine, text: say('as wanted', 'conforme') }
    case 'held': {
      // The loop's own breath: looking, acting and taking turns are told when they bring something.
      if (['fresh', 'in-flight', 'capacity'].includes(decision.by)) return undefined
      const gate = gateNames[decision.by]
      const { message } = decision.reason
      return {
        weight: 'wait',
        machine,
        text: say(`${gate.en}: ${message.en}`, `${gate.fr}\u00a0: ${message.fr}`),
      }
    }
    case 'unknown':
      return { weight: 'wait', machine, text: decision.reason.message }
    case 'stalled':
      return { weight: 'bad', machine, text: decision.reason.message, ...detailOf(decision.reason.detail) }
  }
}

const outcomeSentence = (
  changes: readonly Change[],
  outcome: Outcome,
): { readonly weight: Sentence['weight']; readonly text: Text; readonly detail?: string } => {
  switch (outcome.kind) {
    case 'complete': {
      const text = listChanges(changes)
      return { weight: 'good', text: say(`done: ${text.en}`, `fait\u00a0: ${text.fr}`) }
    }
    case 'wrong-precondition':
    case 'refused':
      return { weight: 'wait', text: outcome.reason.message }
    case 'failed': {
      const said = outcome.reason.detail ?? outcome.results.find(({ ok }: StepResult) => !ok)?.output
      const weight = outcome.class === 'wait' ? 'wait' : 'bad'
      return { weight, text: outcome.reason.message, ...detailOf(said) }
    }
  }
}

/** The end of what a PC said is where the reason stands. */
const detailOf = (output: string | undefined): { readonly detail?: string } => {
  const lines = output?.trimEnd().split('\n') ?? []
  const end = lines.slice(-8).join('\n')
  return end.trim() === '' ? {} : { detail: end }
}

const listChanges = (changes: readonly Change[]): Text => {
  const texts = changes.map(describeChange)
  return say(texts.map(({ en }) => en).join(', '), texts.map(({ fr }) => fr).join(', '))
}

/** In a few words, what the last look found. */
export const reachText = ({ reach, errors }: Observed): Text => {
  switch (reach) {
    case 'up':
      return say('observed', 'observé')
    case 'off':
      return say('off', 'éteint')
    case 'imager':
      return say('in the imaging system', 'dans le système de déploiement d’images')
    case 'silent':
      return errors[0]?.message ?? say('on, but not readable', 'allumé, mais illisible')
  }
}
