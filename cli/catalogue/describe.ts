import { say } from '../../specs/text.ts'
import type { Group } from './entry.ts'
import {
  directory,
  done,
  everywhere,
  failed,
  plainExits,
  revOption,
  stateOption,
  storeOption,
  usage,
} from './options.ts'
import { simulateEntry } from './simulate.ts'

/** Commands for the specs themselves. */
export const describeGroup: Group = {
  title: say('Describe the park', 'Décrire le parc'),
  entries: [
    {
      name: 'init',
      summary: say('start a park in a folder', 'commence un parc dans un dossier'),
      description: say(
        'Writes a small park to start from, a management SSH key, and what an editor needs to complete and check spec files. Nothing that is already there is overwritten.',
        'Écrit un petit parc de départ, une clé SSH de gestion et ce qu’il faut à un éditeur pour compléter et vérifier les fichiers. Rien de ce qui existe déjà n’est écrasé.',
      ),
      arguments: [
        {
          name: say('dir', 'dossier'),
          required: false,
          help: say('where; default: the current folder', 'où\u00a0; par défaut\u00a0: le dossier courant'),
        },
      ],
      options: [stateOption, ...everywhere],
      exits: plainExits,
      examples: [
        {
          line: 'proviseur init my-park',
          meaning: say('a new folder my-park', 'un nouveau dossier my-park'),
        },
      ],
      load: () => import('../commands/init.ts'),
    },
    {
      name: 'check',
      summary: say('check the park’s files', 'vérifie les fichiers du parc'),
      description: say(
        'Reads every file of the park and reports all that is wrong in one go: file, line, what was expected, and what was probably meant. Touches no machine.',
        'Lit tous les fichiers du parc et signale d’un coup tout ce qui ne va pas\u00a0: fichier, ligne, ce qui était attendu et ce qui était sans doute voulu. Ne touche à aucun poste.',
      ),
      arguments: [directory],
      options: [revOption, ...everywhere],
      exits: [
        { code: 0, meaning: say('no errors', 'aucune erreur') },
        {
          code: 1,
          meaning: say('errors, or the park cannot be read', 'des erreurs, ou le parc est illisible'),
        },
        usage,
      ],
      examples: [
        {
          line: 'proviseur check --rev HEAD --json',
          meaning: say(
            'the last commit, in continuous integration',
            'le dernier commit, en intégration continue',
          ),
        },
      ],
      load: () => import('../commands/check.ts'),
    },
    {
      name: 'plan',
      summary: say('show what would be done', 'montre ce qui serait fait'),
      description: say(
        'Compares what the park says with what was last seen of each machine, and shows what would be done, machine by machine, what holds it, and when it could be done at the earliest. Reads only: no machine is touched, nothing is stored.',
        'Compare ce que dit le parc à ce qui a été vu en dernier de chaque poste, et montre ce qui serait fait, poste par poste, ce qui le retient, et quand ce pourrait être fait au plus tôt. Lecture seule\u00a0: aucun poste n’est touché, rien n’est enregistré.',
      ),
      arguments: [directory],
      options: [
        revOption,
        {
          long: 'base',
          value: say('revision', 'révision'),
          help: say(
            'compare with this Git revision, as for a pull request',
            'compare à cette révision Git, comme pour une demande de fusion',
          ),
        },
        {
          long: 'format',
          value: say('format', 'format'),
          choices: ['text', 'json', 'markdown'],
          help: say('how to print it', 'forme de l’affichage'),
        },
        stateOption,
        storeOption,
        ...everywhere,
      ],
      exits: [
        {
          code: 0,
          meaning: say(
            'nothing to do; with --base: both say the same',
            'rien à faire\u00a0; avec --base\u00a0: les deux disent la même chose',
          ),
        },
        failed,
        {
          code: 2,
          meaning: say(
            'there are changes to make, or machines that were never seen',
            'il y a des changements à faire, ou des postes jamais vus',
          ),
        },
        usage,
      ],
      examples: [
        {
          line: 'proviseur plan --base origin/main --rev HEAD --format markdown',
          meaning: say('for a pull request', 'pour une demande de fusion'),
        },
      ],
      load: () => import('../commands/plan.ts'),
    },
    simulateEntry,
    {
      name: 'schema',
      summary: say('print the JSON Schema of spec files', 'affiche le schéma JSON des fichiers'),
      description: say(
        'Editors complete and check spec files by these schemas. Without a kind: the one for any file of a park.',
        'Les éditeurs complètent et vérifient les fichiers grâce à ces schémas. Sans type\u00a0: celui qui vaut pour tout fichier d’un parc.',
      ),
      arguments: [
        {
          name: say('kind', 'type'),
          required: false,
          help: say('Park, Role, Lycee, Package, Script…', 'Park, Role, Lycee, Package, Script…'),
        },
      ],
      options: [
        {
          long: 'out',
          value: say('folder', 'dossier'),
          help: say('write all of them into this folder', 'les écrit tous dans ce dossier'),
        },
        ...everywhere,
      ],
      exits: [done, failed, usage],
      examples: [],
      load: () => import('../commands/schema.ts'),
    },
  ],
}
