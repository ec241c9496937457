import { say } from '../../specs/text.ts'
import type { Group } from './entry.ts'
import {
  directory,
  done,
  everywhere,
  failed,
  machineHelp,
  parkOption,
  plainExits,
  revOption,
  scopeHelp,
  stateOption,
  storeOption,
  usage,
} from './options.ts'

/** Commands that bring machines to what is wanted, and tell how far they are. */
export const keepGroup: Group = {
  title: say('Keep it so', 'Tenir le parc'),
  entries: [
    {
      name: 'up',
      summary: say(
        'put every machine right, and keep it right',
        'met chaque poste en conformité, et l’y maintient',
      ),
      description: say(
        'Observes the machines over SSH, makes what differs as the park says, and goes on: on every change of the park, and at an interval for what drifted. Runs until Ctrl-C; a second Ctrl-C ends at once. What was started on a machine is finished there, and found again at the next start.',
        'Observe les postes par SSH, corrige ce qui diffère du parc, et continue\u00a0: à chaque modification du parc, et à intervalle régulier pour ce qui a dérivé. Tourne jusqu’à Ctrl-C\u00a0; un second Ctrl-C arrête aussitôt. Ce qui est commencé sur un poste s’y termine, et sera retrouvé au prochain démarrage.',
      ),
      arguments: [directory],
      options: [
        {
          ...revOption,
          help: say(
            'follow this Git branch instead of the folder as it is',
            'suit cette branche Git au lieu du dossier tel qu’il est',
          ),
        },
        {
          long: 'once',
          help: say(
            'end when every machine is as wanted, or nothing more can be done now; images that are being fetched are waited for, 6 hours at the most',
            's’arrête quand chaque poste est conforme, ou qu’il n’y a plus rien à faire pour l’instant\u00a0; attend les images en cours de récupération, 6 heures au plus',
          ),
        },
        {
          long: 'interval',
          value: say('duration', 'durée'),
          help: say(
            'look at every machine at least this often (5m)',
            'regarde chaque poste au moins à cet intervalle (5m)',
          ),
        },
        {
          long: 'concurrency',
          value: say('count', 'nombre'),
          help: say('machines observed at the same time (32)', 'postes observés en même temps (32)'),
        },
        {
          long: 'site',
          value: say('lycée', 'lycée'),
          help: say(
            'be the site server (images, netboot, resets) of this lycée; default: of those whose server address this machine has',
            'être le serveur d’établissement (images disque, démarrage réseau, remises en état) de ce lycée ; par défaut : de ceux dont cette machine possède l’adresse de serveur',
          ),
        },
        {
          long: 'images-from',
          value: say('url', 'url'),
          help: say(
            'fetch the images that are wanted ahead from this server, over half of the lycée’s `uplink` at most',
            'récupère à l’avance les images voulues depuis ce serveur, sur la moitié au plus de l’`uplink` du lycée',
          ),
        },
        {
          long: 'ssh-key',
          value: say('file', 'fichier'),
          help: say(
            'private key to reach the machines with; default: the one that init made, in the state folder',
            'clé privée pour joindre les postes\u00a0; par défaut\u00a0: celle créée par init, dans le dossier d’état',
          ),
        },
        {
          long: 'age-identity',
          value: say('file', 'fichier'),
          help: say(
            'age identity that opens the park’s secrets; default: age-identity.txt in the state folder',
            'identité age qui ouvre les secrets du parc\u00a0; par défaut\u00a0: age-identity.txt dans le dossier d’état',
          ),
        },
        stateOption,
        storeOption,
        ...everywhere,
      ],
      exits: [
        {
          code: 0,
          meaning: say(
            'ended as asked; with --once: every machine is as wanted',
            'terminé comme demandé\u00a0; avec --once\u00a0: chaque poste est conforme',
          ),
        },
        failed,
        {
          code: 3,
          meaning: say(
            'with --once: nothing more can be done now',
            'avec --once\u00a0: plus rien n’est possible pour l’instant',
          ),
        },
        usage,
        {
          code: 130,
          meaning: say('ended at once by a second Ctrl-C', 'arrêté aussitôt par un second Ctrl-C'),
        },
      ],
      examples: [
        {
          line: 'proviseur up --once',
          meaning: say('until every machine is as wanted', 'jusqu’à ce que chaque poste soit conforme'),
        },
        {
          line: 'proviseur up /srv/park.git --rev main',
          meaning: say('follow a branch', 'suivre une branche'),
        },
      ],
      load: () => import('../commands/up.ts'),
    },
    {
      name: 'status',
      summary: say('how the park is doing', 'où en est le parc'),
      description: say(
        'Counts per lycée or room, and every machine that is not as wanted, with the reason.',
        'Les comptes par lycée ou par salle, et chaque poste qui n’est pas conforme, avec la raison.',
      ),
      arguments: [directory, { name: say('scope', 'périmètre'), required: false, help: scopeHelp }],
      options: [parkOption, stateOption, storeOption, ...everywhere],
      exits: plainExits,
      examples: [{ line: 'proviseur status victor-hugo', meaning: say('one lycée', 'un lycée') }],
      load: () => import('../commands/status.ts'),
    },
    {
      name: 'explain',
      summary: say('tell all about one machine', 'dit tout d’un poste'),
      description: say(
        'What it is, what is wanted and in which file and line each value was written, what differs, what holds it and until when, what failed last and what the PC said.',
        'Ce qu’il est, ce qui est voulu et à quel fichier et quelle ligne chaque valeur a été écrite, ce qui diffère, ce qui le retient et jusqu’à quand, le dernier échec et ce que le poste a répondu.',
      ),
      arguments: [{ name: say('machine', 'poste'), required: true, help: machineHelp }],
      options: [parkOption, stateOption, storeOption, ...everywhere],
      exits: [done, failed, usage],
      examples: [{ line: 'proviseur explain b204-01', meaning: say('one machine', 'un poste') }],
      load: () => import('../commands/explain.ts'),
    },
    {
      name: 'log',
      summary: say('show what happened', 'montre ce qui s’est passé'),
      description: say(
        'The audit log: every decision, action and intervention, with who or what caused it.',
        'Le journal d’audit\u00a0: chaque décision, action et intervention, et qui ou quoi en est la cause.',
      ),
      arguments: [],
      options: [
        {
          long: 'machine',
          value: say('machine', 'poste'),
          help: say('of this machine only', 'de ce poste seulement'),
        },
        {
          long: 'limit',
          value: say('count', 'nombre'),
          help: say('how many, the newest (50)', 'combien, les plus récents (50)'),
        },
        {
          long: 'follow',
          short: 'f',
          help: say('go on showing what happens', 'continue d’afficher ce qui se passe'),
        },
        parkOption,
        stateOption,
        storeOption,
        ...everywhere,
      ],
      exits: plainExits,
      examples: [
        {
          line: 'proviseur log --machine b204-01 -f',
          meaning: say('one machine, live', 'un poste, en direct'),
        },
      ],
      load: () => import('../commands/log.ts'),
    },
  ],
}
