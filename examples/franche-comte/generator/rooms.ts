/** The rooms of a lycée: how its PCs are shared out over what is taught there. */
import { drawsOf } from './draw.ts'
import type { Lycee, Teaching } from './lycees.ts'

export type Seat = {
  readonly name: string
  /** In place of the room's. */
  readonly role?: string
  readonly label?: string
}

export type Room = {
  readonly name: string
  readonly title: string
  /** Left out where it is the lycée's own, `poste-eleve`. */
  readonly role?: string
  readonly labels: readonly string[]
  readonly seats: readonly Seat[]
}

/** A sort of room: its name from its number (from 0), and how many PCs stand in one. */
type Sort = {
  readonly role?: string
  readonly perRoom: number
  readonly name: (index: number) => string
  readonly title: (name: string) => string
  readonly label?: string
  /** One PC of the room that is unlike the others. */
  readonly special?: Seat
}

/** `b` → b201…b208, b301…b308, and so on: eight rooms a floor. */
const numbered =
  (building: string, floor: number) =>
  (index: number): string =>
    `${building}${floor + Math.floor(index / 8)}0${(index % 8) + 1}`

const single = (name: string, index: number): string => (index === 0 ? name : `${name}-${index + 1}`)

const sorts = {
  info: {
    role: 'salle-info',
    perRoom: 18,
    name: numbered('b', 2),
    title: (name) => `Salle informatique ${name.toUpperCase()}`,
    special: { name: 'prof', role: 'prof-info' },
  },
  cours: {
    role: 'salle-de-cours',
    perRoom: 28,
    name: (index) => `cours-${String.fromCharCode(97 + index)}`,
    title: (name) => `Salles de cours, bâtiment ${name.slice(-1).toUpperCase()}`,
  },
  labo: {
    role: 'labo',
    perRoom: 10,
    name: numbered('c', 1),
    title: (name) => `Laboratoire de sciences ${name.toUpperCase()}`,
  },
  langues: {
    role: 'labo-langues',
    perRoom: 16,
    name: numbered('l', 1),
    title: (name) => `Laboratoire de langues ${name.toUpperCase()}`,
  },
  cao: {
    role: 'atelier-cao',
    perRoom: 16,
    name: numbered('t', 1),
    title: (name) => `Atelier de CAO ${name.toUpperCase()}`,
  },
  metiers: {
    role: 'atelier-metiers',
    perRoom: 8,
    name: (index) => `atelier-${index + 1}`,
    title: (name) => `Atelier professionnel ${name.slice(8)}`,
  },
  sig: {
    role: 'salle-sig',
    perRoom: 16,
    name: numbered('g', 1),
    title: (name) => `Salle de cartographie ${name.toUpperCase()}`,
  },
  exploitation: {
    role: 'exploitation',
    perRoom: 8,
    name: (index) => single('exploitation', index),
    title: () => 'Exploitation agricole',
  },
  portable: {
    role: 'portable',
    perRoom: 15,
    name: (index) => `chariot-${index + 1}`,
    title: (name) => `Chariot de portables ${name.slice(8)}`,
    label: 'portable',
  },
  internat: {
    role: 'internat',
    perRoom: 12,
    name: (index) => single('internat', index),
    title: () => 'Internat, salle d’étude',
  },
  cdi: {
    role: 'cdi',
    perRoom: 30,
    name: (index) => single('cdi', index),
    title: () => 'Centre de documentation et d’information',
    label: 'public',
    special: { name: 'acces', role: 'cdi-accessible', label: 'accessible' },
  },
  profs: {
    role: 'prof',
    perRoom: 24,
    name: (index) => single('profs', index),
    title: () => 'Salle des professeurs',
  },
  vie: {
    role: 'vie-scolaire',
    perRoom: 12,
    name: (index) => single('vie', index),
    title: () => 'Vie scolaire',
  },
} as const satisfies Record<string, Sort>
type SortName = keyof typeof sorts

const everywhere = { vie: 2, profs: 4, cdi: 5 } as const

/** Percent of the PCs; what remains stands in computer rooms. */
const shares: Readonly<Record<Teaching, Readonly<Partial<Record<SortName, number>>>>> = {
  general: { ...everywhere, cours: 17, labo: 16, langues: 7, portable: 8, internat: 3 },
  technologique: { ...everywhere, cours: 12, labo: 10, cao: 22, portable: 4, internat: 3 },
  polyvalent: { ...everywhere, cours: 14, labo: 12, langues: 4, cao: 12, metiers: 5, portable: 6 },
  professionnel: { ...everywhere, cours: 11, cao: 12, metiers: 22, portable: 8 },
  agricole: { ...everywhere, cours: 12, labo: 12, sig: 20, exploitation: 4, internat: 6, portable: 8 },
}

/** As many PCs as the lycée has, to the last one. */
export function roomsOf(lycee: Lycee): readonly Room[] {
  const draw = drawsOf(lycee.name)
  const counts = Object.entries(shares[lycee.teaching]).map(
    ([sort, percent]) => [sort as SortName, Math.round((lycee.machines * percent) / 100)] as const,
  )
  const rest = lycee.machines - counts.reduce((sum, [, count]) => sum + count, 0)
  return [['info', rest] as const, ...counts].flatMap(([sort, count]) =>
    roomsOfSort(sorts[sort], count, draw),
  )
}

function roomsOfSort(sort: Sort, machines: number, draw: () => number): readonly Room[] {
  const count = Math.max(1, Math.round(machines / sort.perRoom))
  return Array.from({ length: count }, (_, index): Room => {
    const size = Math.floor(machines / count) + (index < machines % count ? 1 : 0)
    const name = sort.name(index)
    // Rooms are equipped at once, so their PCs grow old together.
    const old = draw() < 0.15
    return {
      name,
      title: sort.title(name),
      ...(sort.role === undefined ? {} : { role: sort.role }),
      labels: [...(sort.label === undefined ? [] : [sort.label]), ...(old ? ['ancien'] : [])],
      seats: seatsOf(sort, name, size),
    }
  })
}

function seatsOf({ special }: Sort, room: string, size: number): readonly Seat[] {
  const usual = Array.from({ length: special === undefined ? size : size - 1 }, (_, index) => ({
    name: `${room}-${String(index + 1).padStart(2, '0')}`,
  }))
  return special === undefined ? usual : [{ ...special, name: `${room}-${special.name}` }, ...usual]
}
