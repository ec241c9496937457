/** The two files of a lycée: what holds for it and its rooms, and its PCs as a spreadsheet would export them. */
import { uaiKey } from '../../../specs/schema/uai.ts'
import { exceptions } from './exceptions.ts'
import { departements, type Lycee } from './lycees.ts'
import { type Room, roomsOf } from './rooms.ts'

export type Place = {
  /** From 0 over the whole park: the third byte of its subnets and the fourth of its MACs. */
  readonly index: number
  /** From 1 in its département. */
  readonly number: number
}

/** Path → text. */
export function lyceeFiles(lycee: Lycee, place: Place): ReadonlyMap<string, string> {
  const rooms = roomsOf(lycee)
  return new Map([
    [`lycees/${lycee.name}.yaml`, specOf(lycee, place, rooms)],
    [`lycees/${lycee.name}.csv`, tableOf(place, rooms)],
  ])
}

const kinds = {
  general: 'Lycée',
  technologique: 'Lycée technologique',
  polyvalent: 'Lycée polyvalent',
  professionnel: 'Lycée professionnel',
  agricole: 'Lycée agricole',
} as const

function specOf(lycee: Lycee, { number }: Place, rooms: readonly Room[]): string {
  const { name, teaching, departement } = lycee
  const network = `10.${departements[departement].number}.${number * 4}`
  const lines = [
    '# yaml-language-server: $schema=../../../docs/schema/lycee.json',
    `# Écrit par generate.ts. Les postes sont dans ${name}.csv, un par ligne.`,
    'kind: Lycee',
    `name: ${name}`,
    `title: ${kinds[teaching]} ${lycee.title}`,
    `uai: ${uaiOf(lycee, number)}`,
    `city: ${lycee.city}`,
    `labels: [${[departement, teaching, ...lycee.labels].join(', ')}]`,
    `network: { subnet: ${network}.0/22, domain: ${name}.lycees.example, uplink: ${lycee.uplinkMbit}Mbit/s }`,
    `server: { address: ${network}.2 }`,
    ...(exceptions[name]?.lines ?? []),
    ...capacityOf(lycee),
    'role: poste-eleve # des salles qui n’en disent pas d’autre',
    'rooms:',
    ...rooms.map((room) => roomLine(room, exceptions[name]?.rooms?.[room.name])),
    `machines: { csv: ${name}.csv }`,
  ]
  return `${lines.join('\n')}\n`
}

/** Invented numbers, with the check letter that they would have. */
function uaiOf({ departement }: Lycee, number: number): string {
  const digits = `0${departements[departement].number}9${String(number).padStart(3, '0')}`
  return `${digits}${uaiKey(digits)}`
}

function capacityOf({ name, machines }: Lycee): readonly string[] {
  const own = exceptions[name]?.lines?.some((line) => line.startsWith('capacity:')) ?? false
  if (own || machines >= 170) return []
  return ['capacity: { actions: 12, images: 6 } # un petit serveur']
}

function roomLine({ name, title, role, labels }: Room, own: string | undefined): string {
  const fields = [
    `title: ${/[,:]/.test(title) ? `"${title}"` : title}`,
    ...(role === undefined ? [] : [`role: ${role}`]),
    ...(labels.length === 0 ? [] : [`labels: [${labels.join(', ')}]`]),
    ...(own === undefined ? [] : [own]),
  ]
  return `  ${name}: { ${fields.join(', ')} }`
}

function tableOf({ index }: Place, rooms: readonly Room[]): string {
  const lines = ['nom;mac;salle;rôle;étiquettes']
  for (const room of rooms) {
    for (const { name, role = '', label = '' } of room.seats)
      lines.push(`${name};${macOf(index, lines.length)};${room.name};${role};${label}`)
  }
  return `${lines.join('\n')}\n`
}

/** Locally administered, as virtual machines have them: no real card has such an address. */
function macOf(lycee: number, machine: number): string {
  const bytes = [0x52, 0x54, 0x00, lycee + 1, machine >> 8, machine & 0xff]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
