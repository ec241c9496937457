import { say } from '../../specs/text.ts'
import type { Entry } from './entry.ts'
import { directory, everywhere, plainExits, stateOption } from './options.ts'

/** The small Linux that PCs start from the network to have their disks written. */
export const imagerBuild: Entry = {
  name: 'imager build',
  summary: say(
    'build the imager, which PCs start from the network',
    'construit l’imageur, que les postes démarrent par le réseau',
  ),
  description: say(
    'Fetches Debian’s signed kernel and boot programs, puts the imager together with this park’s keys in it, and writes all that a site server hands to PCs to boot/ in the state folder. Nothing is installed on this machine. Run it again after an update of Proviseur, and for Debian’s security updates: what has not changed is not made again.',
    'Récupère le noyau et les programmes de démarrage signés de Debian, assemble l’imageur avec les clés de ce parc, et écrit dans boot/, dans le dossier d’état, tout ce que le serveur d’établissement remet aux postes. Rien n’est installé sur cette machine. À relancer après une mise à jour de Proviseur, et pour les mises à jour de sécurité de Debian\u00a0: ce qui n’a pas changé n’est pas refait.',
  ),
  arguments: [directory],
  options: [
    {
      long: 'offline',
      help: say(
        'use the packages that were fetched the last time, without a network',
        'utilise les paquets récupérés la dernière fois, sans réseau',
      ),
    },
    {
      long: 'cache',
      value: say('folder', 'dossier'),
      help: say(
        'where fetched packages are kept, some 500 MB; several parks may share it; default: cache/imager in the state folder',
        'où garder les paquets récupérés, environ 500 Mo\u00a0; plusieurs parcs peuvent le partager\u00a0; par défaut\u00a0: cache/imager dans le dossier d’état',
      ),
    },
    stateOption,
    ...everywhere,
  ],
  exits: plainExits,
  examples: [
    {
      line: 'proviseur imager build',
      meaning: say(
        'a minute the first time, then seconds',
        'une minute la première fois, puis quelques secondes',
      ),
    },
  ],
  load: () => import('../commands/imager-build.ts'),
}
