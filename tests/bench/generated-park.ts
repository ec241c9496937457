/**
 * A park of any size, the same bytes for the same numbers: lycées of about 283 PCs (15,000 / 53), ten rooms each, four roles,
 * every PC with 40 packages and 10 scripts, one PC in twenty with a package of its own: what the reference park looks like.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export type ParkSize = {
  readonly lycees: number
  readonly machines: number
  readonly packages: number
  readonly scripts: number
}

export const referencePark = (machines: number): ParkSize => ({
  lycees: Math.max(1, Math.round((machines * 53) / 15_000)),
  machines,
  packages: 40,
  scripts: 10,
})

const ROOMS = 10
const ROLES = ['poste-eleve', 'salle-info', 'cdi', 'atelier'] as const

/** UAI: seven digits and the check letter, their number modulo 23 in an alphabet without I, O and Q. */
function uai(index: number): string {
  const digits = String(250_000 + index).padStart(7, '0')
  return `${digits}${'ABCDEFGHJKLMNPRSTUVWXYZ'[Number(digits) % 23]}`
}

function mac(index: number): string {
  const hex = index.toString(16).padStart(8, '0')
  return `52:54:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}`
}

export const packageName = (index: number): string => `logiciel-${String(index).padStart(2, '0')}`
export const scriptName = (index: number): string => `script-${String(index).padStart(2, '0')}`
/** The version that the park wants; one in four packages is only `present`. */
export const wantedVersion = (index: number): string =>
  index % 4 === 3 ? 'present' : `${1 + (index % 5)}.${index}`

/** Path → text of every file of the park. */
export function generatePark(size: ParkSize): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  files.set(
    'park.yaml',
    'kind: Park\nname: region\ntimezone: Europe/Paris\nlocale: fr\nrollout:\n  waves:\n    - { percent: 1 }\n    - { percent: 100 }\n  soak: 2h\n  failures: { pause: 2% }\n',
  )
  const names = Array.from({ length: size.packages }, (_, index) => packageName(index))
  for (const name of [...names, 'logiciel-propre'])
    files.set(`packages/${name}.yaml`, `kind: Package\nname: ${name}\ndebian: { apt: ${name} }\n`)
  for (let index = 0; index < size.scripts; index++)
    files.set(`scripts/${scriptName(index)}.yaml`, script(index))
  files.set('roles/poste-eleve.yaml', role('poste-eleve', names, size.scripts))
  for (const name of ROLES.slice(1))
    files.set(
      `roles/${name}.yaml`,
      `kind: Role\nname: ${name}\nextends: poste-eleve\npackages:\n  ${names[0]}: present\n`,
    )
  let next = 0
  for (let index = 0; index < size.lycees; index++) {
    const count = Math.floor(size.machines / size.lycees) + (index < size.machines % size.lycees ? 1 : 0)
    files.set(`lycees/lycee-${index}.yaml`, lycee(index, next, count))
    next += count
  }
  return files
}

function script(index: number): string {
  const head = `kind: Script\nname: ${scriptName(index)}\ntimeout: 2m\n`
  if (index % 3 === 0)
    return `${head}check: test -e /etc/proviseur-${index}\napply: touch /etc/proviseur-${index}\n`
  return `${head}when: ${index % 3 === 1 ? 'change' : 'once'}\napply: |\n  set -e\n  echo ${index} > /etc/proviseur-${index}\n`
}

function role(name: string, packages: readonly string[], scripts: number): string {
  const wanted = packages.map((it, index) => `  ${it}: ${wantedVersion(index)}\n`).join('')
  const list = Array.from({ length: scripts }, (_, index) => scriptName(index)).join(', ')
  return `kind: Role\nname: ${name}\npackages:\n${wanted}scripts: [${list}]\nreset: { policy: on-demand, by: [teacher] }\n`
}

function lycee(index: number, first: number, count: number): string {
  const subnet = `10.${Math.floor(index / 64) + 1}.${(index % 64) * 4}`
  let text = `kind: Lycee\nname: lycee-${index}\ntitle: Lycée ${index}\nuai: ${uai(index)}\ncity: Besançon\n`
  text += `network: { subnet: ${subnet}.0/22, uplink: 100Mbit/s, domain: lycee-${index}.example }\ncapacity: { actions: 8 }\nrole: poste-eleve\nrooms:\n`
  const perRoom = Math.ceil(count / ROOMS)
  for (let room = 0; room * perRoom < count; room++) {
    text += `  b${room}:\n    role: ${ROLES[room % ROLES.length]}\n    machines:\n`
    for (let seat = 0; seat < perRoom && room * perRoom + seat < count; seat++) {
      const machine = first + room * perRoom + seat
      const name = `b${room}-${String(seat + 1).padStart(2, '0')}`
      const own =
        machine % 20 === 0 ? `{ mac: ${mac(machine)}, packages: { logiciel-propre: present } }` : mac(machine)
      text += `      ${name}: ${own}\n`
    }
  }
  return text
}

export async function writePark(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
}
