import { say } from '../../specs/text.ts'
import type { ArgumentEntry, ExitEntry, OptionEntry } from './entry.ts'

export const langOption: OptionEntry = {
  long: 'lang',
  value: say('language', 'langue'),
  choices: ['en', 'fr'],
  help: say(
    'language of the messages; default: PROVISEUR_LOCALE, else the system’s',
    'langue des messages\u00a0; par défaut\u00a0: PROVISEUR_LOCALE, sinon celle du système',
  ),
}

export const jsonOption: OptionEntry = {
  long: 'json',
  help: say('print JSON, for programs', 'affiche du JSON, pour les programmes'),
}

/** On every command. */
export const everywhere: readonly OptionEntry[] = [jsonOption, langOption]

export const stateOption: OptionEntry = {
  long: 'state',
  value: say('folder', 'dossier'),
  help: say(
    'where the store and the management key are kept; default: .proviseur in the park',
    'où sont gardées la base et la clé de gestion\u00a0; par défaut\u00a0: .proviseur dans le parc',
  ),
}

export const storeOption: OptionEntry = {
  long: 'store',
  value: say('url', 'url'),
  help: say(
    'store to use: sqlite:/path or postgres://…; default: PROVISEUR_STORE, else SQLite in the state folder',
    'base à utiliser\u00a0: sqlite:/chemin ou postgres://…\u00a0; par défaut\u00a0: PROVISEUR_STORE, sinon SQLite dans le dossier d’état',
  ),
}

export const parkOption: OptionEntry = {
  long: 'park',
  short: 'C',
  value: say('folder', 'dossier'),
  help: say(
    'the park’s folder; default: the one around the current folder',
    'le dossier du parc\u00a0; par défaut\u00a0: celui qui contient le dossier courant',
  ),
}

export const revOption: OptionEntry = {
  long: 'rev',
  value: say('revision', 'révision'),
  help: say(
    'read this Git revision (branch, tag or commit) instead of the folder as it is',
    'lit cette révision Git (branche, étiquette ou commit) au lieu du dossier tel qu’il est',
  ),
}

export const directory: ArgumentEntry = {
  name: say('dir', 'dossier'),
  required: false,
  help: say(
    'the park’s folder; default: the one around the current folder',
    'le dossier du parc\u00a0; par défaut\u00a0: celui qui contient le dossier courant',
  ),
}

export const scopeHelp = say(
  'a lycée, a room (lycée/room), a machine (its name, lycée/machine or its MAC address), or “park” for all',
  'un lycée, une salle (lycée/salle), un poste (son nom, lycée/poste ou son adresse MAC), ou «\u00a0parc\u00a0» pour tout',
)

export const targets = say(
  'a machine, a room (lycée/room) or a lycée',
  'un poste, une salle (lycée/salle) ou un lycée',
)

export const machineHelp = say(
  'its name, lycée/machine where the name is used twice, or its MAC address',
  'son nom, lycée/poste si plusieurs le portent, ou son adresse MAC',
)

export const whoOption: OptionEntry = {
  long: 'who',
  value: say('name', 'nom'),
  help: say(
    'who asks for it; default: your login',
    'qui le demande\u00a0; par défaut\u00a0: votre identifiant',
  ),
}

export const yesOption: OptionEntry = {
  long: 'yes',
  short: 'y',
  help: say('do not ask', 'ne demande pas de confirmation'),
}

/** Of commands that work on a park's machines and store. */
export const placed: readonly OptionEntry[] = [parkOption, stateOption, storeOption, ...everywhere]

export const failed: ExitEntry = {
  code: 1,
  meaning: say(
    'it could not be done; the reason is printed',
    'cela n’a pas pu se faire\u00a0; la raison est affichée',
  ),
}

export const usage: ExitEntry = {
  code: 64,
  meaning: say('the command line is wrong', 'la ligne de commande est incorrecte'),
}

export const done: ExitEntry = { code: 0, meaning: say('done', 'c’est fait') }
export const plainExits: readonly ExitEntry[] = [done, failed, usage]
