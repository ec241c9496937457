import type { Scope } from '../reconciler/model/plan.ts'
import { lycees, machines } from '../reconciler/wording.ts'
import type { Desired, DesiredMachine } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { nearest } from './nearest.ts'
import { didYouMean } from './output/suggestion.ts'
import { ok, type Result, refuse } from './result.ts'

/** A machine as a technician names it: `b204-01`, `victor-hugo/b204-01`, or a MAC address in any common writing. */
export const findMachine = (desired: Desired, word: string): Result<DesiredMachine> => {
  const found = machinesCalled(desired, word)
  const [first] = found
  if (first !== undefined && found.length === 1) return ok(first)
  if (first !== undefined)
    return ambiguous(
      word,
      found.map((machine) => machine.id),
    )
  return unknown(
    desired,
    word,
    say(`The park has no machine “${word}”.`, `Le parc n’a pas de poste «\u00a0${word}\u00a0».`),
    word.includes('/') ? ids(desired) : names(desired),
  )
}

/** A part of the park: everything, a lycée, a room or a machine. */
export const findScope = (desired: Desired, word: string): Result<Scope> => {
  if (/^(park|parc)$/iu.test(word)) return ok({ kind: 'park' })
  const rooms: string[] = []
  for (const site of desired.sites.values()) {
    if (site.id === word) return ok({ kind: 'lycee', id: site.id })
    for (const room of site.rooms.values()) if (room.id === word || room.name === word) rooms.push(room.id)
  }
  const found = [
    ...rooms.map((id): Scope => ({ kind: 'room', id })),
    ...machinesCalled(desired, word).map(({ id }): Scope => ({ kind: 'machine', id })),
  ]
  const [first] = found
  if (first !== undefined && found.length === 1) return ok(first)
  if (first !== undefined) return ambiguous(word, found.map(scopeName))
  return unknown(
    desired,
    word,
    say(
      `The park has no lycée, room or machine “${word}”.`,
      `Le parc n’a ni lycée, ni salle, ni poste «\u00a0${word}\u00a0».`,
    ),
    word.includes('/')
      ? [...roomIds(desired), ...ids(desired)]
      : [...desired.sites.keys(), ...names(desired)],
  )
}

export const machinesIn = (desired: Desired, scope: Scope): readonly DesiredMachine[] =>
  [...desired.machines.values()].filter((machine) => isIn(machine, scope))

export const isIn = (machine: DesiredMachine, scope: Scope): boolean => {
  switch (scope.kind) {
    case 'park':
      return true
    case 'lycee':
      return machine.site === scope.id
    case 'room':
      return machine.room === scope.id
    case 'machine':
      return machine.id === scope.id
  }
}

export const scopeName = (scope: Scope): string => (scope.kind === 'park' ? 'park' : scope.id)

const machinesCalled = (desired: Desired, word: string): readonly DesiredMachine[] => {
  const mac = normalMac(word)
  return [...desired.machines.values()].filter(
    (machine) => machine.id === word || machine.name === word || (mac !== undefined && machine.mac === mac),
  )
}

/** `52-54-00-25-02-01`, `5254.0025.0201` and `525400250201` are what labels and switches show. */
const normalMac = (word: string): string | undefined => {
  const digits = word.toLowerCase().replace(/[:.-]/gu, '')
  if (!/^[0-9a-f]{12}$/u.test(digits)) return undefined
  return digits.match(/../gu)?.join(':')
}

const ids = (desired: Desired): readonly string[] => [...desired.machines.keys()]
const names = (desired: Desired): readonly string[] => [
  ...new Set([...desired.machines.values()].map((machine) => machine.name)),
]
const roomIds = (desired: Desired): readonly string[] =>
  [...desired.sites.values()].flatMap((site) => [...site.rooms.keys()])

const ambiguous = (word: string, found: readonly string[]) => {
  const shown = found.slice(0, 5).join(', ') + (found.length > 5 ? ', …' : '')
  return refuse(
    'ambiguous-name',
    say(
      `“${word}” is the name of ${found.length}: ${shown}. Say which one.`,
      `«\u00a0${word}\u00a0» en désigne ${found.length}\u00a0: ${shown}. Précisez lequel.`,
    ),
  )
}

const unknown = (
  desired: Desired,
  word: string,
  message: { readonly en: string; readonly fr: string },
  candidates: readonly string[],
) => {
  const near = didYouMean(nearest(word, candidates))
  const [sites, pcs] = [lycees(desired.sites.size), machines(desired.machines.size)]
  const hint =
    near.en === ''
      ? say(
          ` It has ${sites.en} and ${pcs.en}; proviseur status lists them.`,
          ` Il compte ${sites.fr} et ${pcs.fr}\u00a0; proviseur status les liste.`,
        )
      : near
  return refuse('unknown-name', say(message.en + hint.en, message.fr + hint.fr))
}
