/** What is told of PCs that wait their turn. */
import { say } from '../specs/text.ts'
import type { Load } from './capacity-use.ts'
import type { Reason } from './model/reason.ts'

export function atCapacity(use: keyof Load, limit: number): Reason {
  switch (use) {
    case 'actions':
      return {
        code: 'actions-at-capacity',
        message: say(
          `The lycée already works on as many machines at once as it may (${limit}); this one takes its turn.`,
          `Le lycée traite déjà autant de postes à la fois qu’il est permis (${limit})\u00a0; celui-ci attend son tour.`,
        ),
      }
    case 'images':
      return {
        code: 'images-at-capacity',
        message: say(
          `The lycée already writes as many disks at once as it may and as its network carries (${limit}); this one takes its turn.`,
          `Le lycée écrit déjà autant de disques à la fois qu’il est permis et que son réseau le supporte (${limit})\u00a0; celui-ci attend son tour.`,
        ),
      }
    case 'packages':
      return {
        code: 'packages-at-capacity',
        message: say(
          `Packages are already installed on as many machines at once as the lycée’s uplink is wide enough for (${limit}); this one takes its turn.`,
          `Des paquets sont déjà en cours d’installation sur autant de postes que le permet le débit vers le lycée (${limit})\u00a0; celui-ci attend son tour.`,
        ),
      }
  }
}

export const roomAtCapacity = (limit: number): Reason => ({
  code: 'room-at-capacity',
  message: say(
    `As many machines of this room as may be (${limit}) are being worked on, or have not come back from it: the others stay usable, and this one takes its turn.`,
    `Autant de postes de cette salle qu’il est permis (${limit}) sont en cours d’opération ou n’en sont pas revenus\u00a0: les autres restent utilisables, et celui-ci attend son tour.`,
  ),
})

export const tooManyWakes = (limit: number): Reason => ({
  code: 'wakes-at-capacity',
  message: say(
    `As many machines as may be (${limit}) were woken here within the last ten seconds; this one follows in a moment, so that switching on together trips no breaker.`,
    `Autant de postes qu’il est permis (${limit}) ont été réveillés ici dans les dix dernières secondes\u00a0; celui-ci suivra dans un instant, pour qu’un allumage simultané ne fasse pas disjoncter l’installation.`,
  ),
})
