import { say } from '../../specs/text.ts'
import type { Entry, Group, OptionEntry } from './entry.ts'
import { placed, plainExits, whoOption } from './options.ts'

const whyOption: OptionEntry = {
  long: 'why',
  value: say('reason', 'motif'),
  help: say('the reason; always asked for', 'le motif\u00a0; toujours demandé'),
}

const whyIfAny: OptionEntry = {
  long: 'why',
  value: say('reason', 'motif'),
  help: say('the reason, for the log', 'le motif, pour le journal'),
}

const entry = (of: Pick<Entry, 'name' | 'summary' | 'description' | 'load'> & Partial<Entry>): Entry => ({
  arguments: [],
  options: [whyOption, whoOption, ...placed],
  exits: plainExits,
  examples: [],
  ...of,
})

/** The way of a revision through the park. The orders only go into the store: a running `up` takes them up at once. */
export const rolloutGroup: Group = {
  title: say('Roll out', 'Déployer'),
  entries: [
    entry({
      name: 'rollout status',
      summary: say('how far the newest revision has come', 'jusqu’où est arrivée la dernière révision'),
      description: say(
        'The rollout under way, or the last one: its waves in numbers, the lycées and machines where it failed and why, what it waits for, and what to do next.',
        'Le déploiement en cours, ou le dernier\u00a0: ses vagues en chiffres, les lycées et les postes en échec et pourquoi, ce qu’il attend, et ce qu’il y a à faire.',
      ),
      options: placed,
      load: () => import('../commands/rollout-status.ts'),
    }),
    entry({
      name: 'rollout history',
      summary: say('past rollouts, and how each ended', 'les déploiements passés, et comment chacun a fini'),
      options: [
        {
          long: 'limit',
          value: say('count', 'nombre'),
          help: say('how many, the newest (20)', 'combien, les plus récents (20)'),
        },
        ...placed,
      ],
      load: () => import('../commands/rollout-history.ts'),
    }),
    entry({
      name: 'rollout approve',
      summary: say('open the wave that waits for it', 'ouvre la vague qui attend l’approbation'),
      description: say(
        'Opens the wave that asks for an approval, or goes on after one in which no machine could be reached.',
        'Ouvre la vague qui demande une approbation, ou passe outre celle dont aucun poste n’a pu être atteint.',
      ),
      options: [whyIfAny, whoOption, ...placed],
      load: () => import('../commands/rollout-approve.ts'),
    }),
    entry({
      name: 'rollout pause',
      summary: say('start it on no more machines', 'ne le lance plus sur d’autres postes'),
      description: say(
        'What was begun on a machine is brought to an end; what was wanted before goes on being kept everywhere. The pause of a room or a lycée is proviseur pause.',
        'Ce qui est commencé sur un poste s’achève\u00a0; ce qui était voulu avant reste tenu partout. Pour suspendre une salle ou un lycée\u00a0: proviseur pause.',
      ),
      examples: [
        {
          line: 'proviseur rollout pause --why "exam week"',
          meaning: say('until resume', 'jusqu’à resume'),
        },
      ],
      load: () => import('../commands/rollout-pause.ts'),
    }),
    entry({
      name: 'rollout resume',
      summary: say('let it go on', 'le reprend'),
      description: say(
        'Ends a pause, also one that it made itself, and lets lycées go on that were held by their failures. What has failed until now counts no more.',
        'Met fin à une suspension, même automatique, et relance les lycées retenus par leurs échecs. Les échecs survenus jusqu’ici ne comptent plus.',
      ),
      load: () => import('../commands/rollout-resume.ts'),
    }),
    entry({
      name: 'rollout abort',
      summary: say('end it where it is', 'l’arrête là où il en est'),
      description: say(
        'Machines on which the revision was tried keep it, all others stay as they are. It is not begun again: commit a correction.',
        'Les postes sur lesquels la révision a été essayée la gardent, les autres restent en l’état. Elle ne recommence pas\u00a0: validez une correction.',
      ),
      load: () => import('../commands/rollout-abort.ts'),
    }),
    entry({
      name: 'rollout rollback',
      summary: say('go back to what was before', 'revient à ce qui était avant'),
      description: say(
        'Machines on which the revision was tried return to the one before, all at once, in their windows. Where it wrote a disk, that means writing the disk again.',
        'Les postes sur lesquels la révision a été essayée reviennent à la précédente, tous à la fois, dans leurs fenêtres. Si elle a écrit un disque, il sera réécrit.',
      ),
      examples: [
        {
          line: 'proviseur rollout rollback --why "no login on HP 400"',
          meaning: say('everybody back', 'retour pour tous'),
        },
      ],
      load: () => import('../commands/rollout-rollback.ts'),
    }),
  ],
}
