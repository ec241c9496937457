import { say } from '../../specs/text.ts'
import type { Group } from './entry.ts'
import { machineHelp, placed, plainExits, scopeHelp, targets, whoOption, yesOption } from './options.ts'

/** What a technician does by hand; each leaves a line in the audit log. */
export const interveneGroup: Group = {
  title: say('Step in', 'Intervenir'),
  entries: [
    {
      name: 'pause',
      summary: say('stop changing a part of the park', 'suspend les changements sur une partie du parc'),
      description: say(
        'Machines in the scope are still observed, but nothing is changed on them until the time given, or until resume.',
        'Les postes du périmètre restent observés, mais rien n’y est changé jusqu’à l’heure donnée, ou jusqu’à resume.',
      ),
      arguments: [{ name: say('scope', 'périmètre'), required: true, help: scopeHelp }],
      options: [
        {
          long: 'why',
          value: say('reason', 'motif'),
          help: say('the reason; always asked for', 'le motif\u00a0; toujours demandé'),
        },
        {
          long: 'until',
          value: say('time', 'date'),
          help: say(
            'end at this local time: 2026-06-19, 2026-06-19T18:00 or 18:00',
            'se termine à cette heure locale\u00a0: 2026-06-19, 2026-06-19T18:00 ou 18:00',
          ),
        },
        {
          long: 'for',
          value: say('duration', 'durée'),
          help: say('end after this long: 90m, 2h, 3d', 'se termine après cette durée\u00a0: 90m, 2h, 3d'),
        },
        whoOption,
        ...placed,
      ],
      exits: plainExits,
      examples: [
        {
          line: 'proviseur pause victor-hugo/b204 --for 2h --why "exam"',
          meaning: say('one room, two hours', 'une salle, deux heures'),
        },
      ],
      load: () => import('../commands/pause.ts'),
    },
    {
      name: 'resume',
      summary: say('end a pause', 'met fin à une suspension'),
      description: say(
        'Ends the pause of just this scope. A pause of a larger part, which covers it too, stays and is shown.',
        'Met fin à la suspension de ce périmètre précis. Une suspension plus large, qui le couvre aussi, demeure et est affichée.',
      ),
      arguments: [{ name: say('scope', 'périmètre'), required: true, help: scopeHelp }],
      options: [whoOption, ...placed],
      exits: plainExits,
      examples: [],
      load: () => import('../commands/resume.ts'),
    },
    {
      name: 'wake',
      summary: say('turn machines on', 'allume des postes'),
      description: say(
        'Sends Wake-on-LAN packets on the lycée’s network. The PC must allow it in its firmware, and the packets must reach its network.',
        'Envoie des paquets Wake-on-LAN sur le réseau du lycée. Le poste doit l’autoriser dans son micrologiciel, et les paquets doivent atteindre son réseau.',
      ),
      arguments: [{ name: say('target', 'cible'), required: true, help: targets }],
      options: [whoOption, ...placed],
      exits: plainExits,
      examples: [{ line: 'proviseur wake victor-hugo/b204', meaning: say('one room', 'une salle') }],
      load: () => import('../commands/wake.ts'),
    },
    {
      name: 'trust',
      summary: say('accept the host keys of machines', 'accepte les clés d’hôte de postes'),
      description: say(
        'Shows the SSH host key that each machine presents and, once you agree, pins it: from then on only that key is accepted. Compare it with what the PC itself shows (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub).',
        'Montre la clé d’hôte SSH que présente chaque poste et, avec votre accord, l’épingle\u00a0: dès lors, seule cette clé est acceptée. Comparez-la à celle qu’affiche le poste lui-même (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub).',
      ),
      arguments: [{ name: say('target', 'cible'), required: true, help: targets }],
      options: [yesOption, whoOption, ...placed],
      exits: plainExits,
      examples: [],
      load: () => import('../commands/trust.ts'),
    },
    {
      name: 'retry',
      summary: say('try again at once what failed', 'réessaie aussitôt ce qui a échoué'),
      description: say(
        'Forgets the failures of a machine: what waited to be tried again, or was given up, is tried again at the next pass.',
        'Oublie les échecs d’un poste\u00a0: ce qui attendait d’être réessayé, ou avait été abandonné, est réessayé au prochain passage.',
      ),
      arguments: [{ name: say('machine', 'poste'), required: true, help: machineHelp }],
      options: [whoOption, ...placed],
      exits: plainExits,
      examples: [],
      load: () => import('../commands/retry.ts'),
    },
    {
      name: 'approve',
      summary: say('let a held revision through', 'laisse passer une révision retenue'),
      description: say(
        'A commit that would stop managing a large part of the park is held until somebody approves it by its revision.',
        'Un commit qui cesserait de gérer une grande partie du parc est retenu jusqu’à ce que quelqu’un l’approuve par sa révision.',
      ),
      arguments: [
        {
          name: say('revision', 'révision'),
          required: true,
          help: say(
            'as log and status show it; its beginning is enough',
            'telle que log et status l’affichent\u00a0; le début suffit',
          ),
        },
      ],
      options: [whoOption, ...placed],
      exits: plainExits,
      examples: [],
      load: () => import('../commands/approve.ts'),
    },
    {
      name: 'new-epoch',
      summary: say(
        'take the park back after the store was lost',
        'reprend le parc en main après la perte de la base',
      ),
      description: say(
        'PCs refuse a target that is older than one they have obeyed (fence-older), as that of a lost or restored store is. This raises the target above all that went before, as often as it is needed. First make sure that no other Proviseur manages these PCs.',
        'Les postes refusent une cible plus ancienne que celle qu’ils ont déjà suivie (fence-older), ce qui arrive après la perte ou la restauration de la base. Cette commande place la cible au-dessus de toutes les précédentes, autant de fois qu’il le faut. Assurez-vous d’abord qu’aucun autre Proviseur ne gère ces postes.',
      ),
      arguments: [],
      options: [
        {
          long: 'why',
          value: say('reason', 'motif'),
          help: say('the reason; always asked for', 'le motif\u00a0; toujours demandé'),
        },
        whoOption,
        ...placed,
      ],
      exits: plainExits,
      examples: [
        {
          line: 'proviseur new-epoch --why "store restored from Monday"',
          meaning: say('after a restoration', 'après une restauration'),
        },
      ],
      load: () => import('../commands/new-epoch.ts'),
    },
  ],
}
