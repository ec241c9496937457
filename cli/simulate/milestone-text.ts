import { say, type Text } from '../../specs/text.ts'
import type { Milestone } from './milestones.ts'

export const milestoneText: Readonly<Record<Exclude<Milestone['kind'], 'opened'>, Text>> = {
  paused: say('stopped', 'interrompu'),
  resumed: say('goes on', 'repris'),
  done: say('done', 'terminé'),
  'given-up': say('taken back', 'annulé'),
  calm: say('no more faults', 'fin des pannes'),
}
