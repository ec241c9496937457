import { say, type Text } from '../../specs/text.ts'

/** What may go wrong, by name. */
export const misfortunes = [
  'no-wake',
  'pupils',
  'disk-full',
  'wrong-clock',
  'duplicate-mac',
  'messages',
  'cut-lycee',
  'killed',
  'restored-hub',
  'bad-image',
  'bad-package',
  'bad-script',
] as const

export type Misfortune = (typeof misfortunes)[number]

export const misfortuneText: Readonly<Record<Misfortune, Text>> = {
  'no-wake': say('some PCs cannot be woken', 'certains postes ne se réveillent pas'),
  pupils: say(
    'pupils switch PCs off in the middle of work',
    'des élèves éteignent des postes en pleine opération',
  ),
  'disk-full': say('some disks are full', 'certains disques sont pleins'),
  'wrong-clock': say('some clocks are wrong', 'certaines horloges sont fausses'),
  'duplicate-mac': say('two PCs have one MAC address', 'deux postes ont la même adresse MAC'),
  messages: say(
    'orders are lost, doubled, late; answers are slow',
    'des ordres sont perdus, doublés, en retard\u00a0; des réponses tardent',
  ),
  'cut-lycee': say('a lycée is cut off for two days', 'un lycée est coupé du réseau pendant deux jours'),
  killed: say('the process is killed at any instant', 'le processus est tué à n’importe quel instant'),
  'restored-hub': say(
    'the store is restored from yesterday’s backup',
    'la base est restaurée depuis la sauvegarde de la veille',
  ),
  'bad-image': say(
    'the new image does not boot on one model',
    'la nouvelle image ne démarre pas sur un modèle',
  ),
  'bad-package': say('a package fails everywhere', 'un paquet échoue partout'),
  'bad-script': say('a script fails everywhere', 'un script échoue partout'),
}

/** Sets of them: what a school year brings by itself, and everything at once. */
export const faultSets: Readonly<Record<string, readonly Misfortune[]>> = {
  none: [],
  school: ['no-wake', 'pupils', 'disk-full', 'wrong-clock', 'duplicate-mac', 'messages'],
  storm: misfortunes,
}

/** A set's name, or names with commas between them; undefined: one of them is none. */
export const parseFaults = (text: string): readonly Misfortune[] | undefined => {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const found: Misfortune[] = []
  for (const name of names) {
    const set = faultSets[name] ?? misfortunes.filter((one) => one === name)
    if (faultSets[name] === undefined && set.length === 0) return undefined
    found.push(...set)
  }
  return misfortunes.filter((one) => found.includes(one))
}
