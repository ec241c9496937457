import * as z from 'zod'
import { say } from '../text.ts'
import { name } from './name.ts'
import { duration, percentage } from './quantity.ts'
import { about, fields, scalar } from './scalar.ts'
import { settings } from './settings.ts'
import { timezone } from './time.ts'
import { oneOf, yesOrNo } from './words.ts'

/** 1..100, with or without the sign. */
const percentOfPark = () =>
  scalar<number>({
    expects: say('a percentage between 1 and 100', 'un pourcentage entre 1 et 100'),
    json: { type: ['integer', 'string'], minimum: 1, maximum: 100 },
    parse: (text) => {
      const value = Number(/^(\d{1,3}) ?%?$/.exec(text)?.[1])
      return value >= 1 && value <= 100 ? value : undefined
    },
  })

const wave = fields({
  lycees: about(z.array(name()), 'Lycées that take part.', 'Les lycées concernés.').optional(),
  rooms: about(
    z.array(name()),
    'Rooms that take part, in those lycées.',
    'Les salles concernées, dans ces lycées.',
  ).optional(),
  labels: about(
    z.array(name()),
    'Machines with one of these labels.',
    'Les machines portant une de ces étiquettes.',
  ).optional(),
  percent: about(
    percentOfPark(),
    'Share of all machines, the waves before included.',
    'Part de toutes les machines, vagues précédentes comprises.',
  ).optional(),
  soak: about(
    duration(),
    'For this wave instead of the rollout’s.',
    'Pour cette vague, à la place de celle du déploiement.',
  ).optional(),
  approval: about(
    yesOrNo(),
    'Whether a person approves before this wave; over the rollout’s.',
    'Demande l’approbation d’une personne avant cette vague ; prime sur celle du déploiement.',
  ).optional(),
})

export const park = about(
  fields({
    kind: about(z.literal('Park'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(name(), 'The park’s short name.', 'Le nom court du parc.'),
    timezone: about(
      timezone(),
      'Of the lycées that do not have their own.',
      'Celui des lycées qui n’en ont pas d’autre.',
      { default: 'Europe/Paris' },
    ).optional(),
    locale: about(oneOf(['fr', 'en']), 'The language of messages.', 'La langue des messages.', {
      default: 'fr',
    }).optional(),
    removalLimit: about(
      percentage(),
      'Share of the machines that one commit may stop managing without approval.',
      'Part des machines qu’un commit peut cesser de gérer sans approbation.',
      { default: '10%' },
    ).optional(),
    defaults: about(
      settings,
      'The lowest layer: settings of every machine.',
      'La couche la plus basse : les réglages de toutes les machines.',
    ).optional(),
    rollout: about(
      fields({
        waves: about(
          z.array(wave),
          'Who gets a new revision, in this order.',
          'Qui reçoit une nouvelle révision, dans cet ordre.',
        ),
        soak: about(
          duration(),
          'How long each wave must stay well before the next.',
          'Combien de temps chaque vague doit rester saine avant la suivante.',
          { default: '1h' },
        ).optional(),
        failures: about(
          fields({
            pause: about(
              percentage(),
              'Share of failures from which the rollout pauses.',
              'Part d’échecs à partir de laquelle le déploiement s’interrompt.',
              { default: '5%' },
            ).optional(),
            lycee: about(
              percentage(),
              'Share of failures (two at least) from which one lycée is held by itself.',
              'Part d’échecs (deux au moins) à partir de laquelle un lycée est retenu à lui seul.',
              { default: '20%' },
            ).optional(),
          }),
          'When to stop: shares of the machines on which it was tried.',
          'Quand s’arrêter : parts des machines sur lesquelles un essai a eu lieu.',
        ).optional(),
        success: about(
          percentage(),
          'Share of successes that a wave needs, of the machines on which it was tried.',
          'Part de réussites qu’une vague doit atteindre, parmi les machines essayées.',
          { default: '90%' },
        ).optional(),
        approval: about(
          yesOrNo(),
          'Whether a person approves each wave but the first.',
          'Demande l’approbation d’une personne avant chaque vague, sauf la première.',
          { default: 'false' },
        ).optional(),
        deadline: about(
          duration(),
          'How long a wave waits for machines that stay off or out of reach; later they follow by themselves.',
          'Combien de temps une vague attend les machines éteintes ou injoignables ; ensuite elles suivent d’elles-mêmes.',
          { default: '3d' },
        ).optional(),
        health: about(
          duration(),
          'How soon after its change a machine must have been seen well, else it counts as failed.',
          'Dans quel délai après sa modification une machine doit avoir été vue saine, faute de quoi elle compte comme échec.',
          { default: '30m' },
        ).optional(),
        rollback: about(
          oneOf(['never', 'quiet']),
          'Whether a rollout that stops itself goes back by itself: only if all that it changes is quiet.',
          'Si un déploiement qui s’interrompt revient de lui-même en arrière : seulement si tout ce qu’il change est discret.',
          { default: 'never' },
        ).optional(),
      }),
      'How a new revision reaches the park.',
      'Comment une nouvelle révision gagne le parc.',
    ).optional(),
  }),
  'The park itself: exactly one document.',
  'Le parc lui-même : exactement un document.',
)
export type ParkSpec = z.output<typeof park>
