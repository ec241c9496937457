import { say } from '../../specs/text.ts'
import type { Entry, Group } from './entry.ts'
import { machineHelp, placed, plainExits, targets, whoOption, yesOption } from './options.ts'

/** Belongs to the images, and is asked for like a reset: the loop carries it out. */
export const captureEntry: Entry = {
  name: 'image capture',
  summary: say('make an image version of a machine’s disk', 'fait du disque d’un poste une version d’image'),
  description: say(
    'Asks for it: a running proviseur up restarts the machine into the imager, which uploads only what the store lacks. The disk is read, never written. The machine must have an image in its spec, whose layout tells which partitions are read; its version need not have a digest yet.',
    'En fait la demande\u00a0: un proviseur up en cours redémarre le poste dans l’imageur, qui n’envoie que ce qui manque au dépôt. Le disque est lu, jamais écrit. Le poste doit avoir une image dans sa spécification, dont l’organisation dit quelles partitions lire\u00a0; sa version peut ne pas encore avoir d’empreinte.',
  ),
  arguments: [
    { name: say('machine', 'poste'), required: true, help: machineHelp },
    {
      name: say('name@version', 'nom@version'),
      required: true,
      help: say(
        'the image version to be made, such as debian-edu@2026.09',
        'la version d’image à créer, par exemple debian-edu@2026.09',
      ),
    },
  ],
  options: [yesOption, whoOption, ...placed],
  exits: plainExits,
  examples: [
    {
      line: 'proviseur image capture b204-01 debian-edu@2026.09',
      meaning: say('the disk of b204-01', 'le disque de b204-01'),
    },
  ],
  load: () => import('../commands/image-capture.ts'),
}

/** What a technician does with the disks of machines. */
export const diskGroup: Group = {
  title: say('Disks of machines', 'Disques des postes'),
  entries: [
    {
      name: 'reset',
      summary: say('put machines back to their image', 'remet des postes en état selon leur image'),
      description: say(
        'Asks for it: a running proviseur up restarts the machines into the imager and makes their disks equal to the image that they have. It does so at once, without waiting for a maintenance window or the end of a session; kept folders and partitions survive. A machine whose spec says `reset: { policy: never }` is refused.',
        'En fait la demande\u00a0: un proviseur up en cours redémarre les postes dans l’imageur et rétablit leur disque selon l’image qu’ils ont. Cela se fait aussitôt, sans attendre de fenêtre de maintenance ni la fin d’une session\u00a0; dossiers et partitions conservés survivent. Un poste dont la spécification indique `reset: { policy: never }` est refusé.',
      ),
      arguments: [{ name: say('target', 'cible'), required: true, help: targets }],
      options: [yesOption, whoOption, ...placed],
      exits: plainExits,
      examples: [{ line: 'proviseur reset victor-hugo/b204', meaning: say('one room', 'une salle') }],
      load: () => import('../commands/reset.ts'),
    },
    {
      name: 'verify',
      summary: say(
        'compare the disks of machines with their image',
        'compare les disques de postes à leur image',
      ),
      description: say(
        'Asks for it: a running proviseur up restarts the machines into the imager, which compares every used block with the image and writes nothing. explain shows what differs. A system in use always differs somewhere; by default that is only told; with `drift: { disk: enforce }` it is made equal in the next window.',
        'En fait la demande\u00a0: un proviseur up en cours redémarre les postes dans l’imageur, qui compare chaque bloc utilisé à l’image sans rien écrire. explain montre les écarts. Un système en service diffère toujours quelque part\u00a0; par défaut, l’écart est seulement signalé\u00a0; avec `drift: { disk: enforce }`, il est corrigé dans la prochaine fenêtre.',
      ),
      arguments: [{ name: say('target', 'cible'), required: true, help: targets }],
      options: [yesOption, whoOption, ...placed],
      exits: plainExits,
      examples: [{ line: 'proviseur verify b204-01', meaning: say('one machine', 'un poste') }],
      load: () => import('../commands/verify.ts'),
    },
    {
      name: 'discovered',
      summary: say('show PCs that are in no spec', 'montre les postes absents des specs'),
      description: say(
        'PCs that started from the network and that no spec names: their hardware, and the line to paste into a lycée’s file. Nothing is ever written to their disks.',
        'Les postes qui ont démarré par le réseau et qu’aucune spécification ne nomme\u00a0: leur matériel, et la ligne à coller dans le fichier d’un lycée. Rien n’est jamais écrit sur leur disque.',
      ),
      arguments: [],
      options: placed,
      exits: plainExits,
      examples: [],
      load: () => import('../commands/discovered.ts'),
    },
  ],
}
