import { say } from '../../specs/text.ts'
import type { Entry } from './entry.ts'
import { directory, everywhere, failed, revOption, stateOption, usage } from './options.ts'

export const simulateEntry: Entry = {
  name: 'simulate',
  summary: say('rehearse a commit on simulated PCs', 'répète un commit sur des postes simulés'),
  description: say(
    'Plays days and nights of the whole park, faster than they pass: the real planner, rollouts and loop, on simulated PCs, networks and people, with what may go wrong. With --base the park stands as it says, and the other revision is merged an hour later. Prints a table of the nights and what is not right at the end. Touches no machine. The same seed gives the same run. How long it takes and what it shows: docs/simulation.md.',
    'Joue des jours et des nuits de tout le parc, plus vite qu’ils ne passent\u00a0: le vrai planificateur, les vrais déploiements, la vraie boucle, sur des postes, des réseaux et des personnes simulés, avec ce qui peut aller de travers. Avec --base, le parc est dans cet état, et l’autre révision est fusionnée une heure après. Affiche un tableau des nuits et ce qui ne va pas à la fin. Ne touche à aucun poste. La même graine donne la même répétition. Durée et portée\u00a0: docs/simulation.md.',
  ),
  arguments: [directory],
  options: [
    revOption,
    {
      long: 'base',
      value: say('revision', 'révision'),
      help: say(
        'the Git revision that PCs are as at the beginning; default: PCs that nobody has looked after yet',
        'la révision Git à laquelle les postes sont conformes au début\u00a0; par défaut\u00a0: des postes dont personne ne s’est encore occupé',
      ),
    },
    {
      long: 'seed',
      value: say('number', 'nombre'),
      help: say('draws hardware, people and faults (1)', 'tire le matériel, les personnes et les pannes (1)'),
    },
    {
      long: 'days',
      value: say('count', 'nombre'),
      help: say('how many days with faults (7)', 'nombre de jours avec des pannes (7)'),
    },
    {
      long: 'calm',
      value: say('count', 'nombre'),
      help: say(
        'afterwards, at most so many days without faults, until all is as wanted (7); 0: none',
        'ensuite, au plus ce nombre de jours sans panne, jusqu’à ce que tout soit conforme (7)\u00a0; 0\u00a0: aucun',
      ),
    },
    {
      long: 'faults',
      value: say('set', 'jeu'),
      help: say(
        'what goes wrong: none, school (the default: what a school year brings), storm (everything), or names with commas between them',
        'ce qui va de travers\u00a0: none (rien), school (par défaut\u00a0: ce qu’apporte une année scolaire), storm (tout), ou des noms séparés par des virgules',
      ),
    },
    {
      long: 'start',
      value: say('time', 'date'),
      help: say(
        'when it begins, in the park’s time: 2026-09-07T12:00; default: next Monday at noon',
        'quand cela commence, à l’heure du parc\u00a0: 2026-09-07T12:00\u00a0; par défaut\u00a0: lundi prochain à midi',
      ),
    },
    {
      long: 'svg',
      value: say('file', 'fichier'),
      help: say(
        'write a picture of the waves over time here',
        'écrit ici une image des vagues au fil du temps',
      ),
    },
    stateOption,
    ...everywhere,
  ],
  exits: [
    { code: 0, meaning: say('at the end all is as wanted', 'à la fin, tout est conforme') },
    failed,
    {
      code: 3,
      meaning: say('at the end not all is as wanted', 'à la fin, tout n’est pas conforme'),
    },
    {
      code: 4,
      meaning: say(
        'a rule of Proviseur itself was broken; the line that plays it again is printed',
        'une règle de Proviseur lui-même a été enfreinte\u00a0; la ligne qui la rejoue est affichée',
      ),
    },
    usage,
  ],
  examples: [
    {
      line: 'proviseur simulate --base main --rev rentree --svg waves.svg',
      meaning: say('what merging this branch would bring', 'ce que donnerait la fusion de cette branche'),
    },
  ],
  load: () => import('../commands/simulate.ts'),
}
