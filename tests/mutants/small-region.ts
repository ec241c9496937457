/** Two small lycées as they stand, and the commit that goes through them: compiled from text, as anybody's park is. */
import { compile } from '../../specs/compile.ts'
import type { Desired } from '../../specs/desired.ts'

const park = `kind: Park
name: essai
defaults:
  inUse: wait
  windows:
    - { days: [mon-sun], from: "19:00", to: "06:30" }
    - { days: [mon-fri], from: "08:00", to: "18:00", allow: quiet }
rollout:
  waves:
    - { lycees: [hugo], rooms: [b1] }
    - { percent: 50 }
    - { percent: 100 }
  soak: 2m
  success: 80%
  failures: { pause: 10%, lycee: 40% }
  deadline: 1d
  health: 40m
`

const role = (packages: string, scripts: string): string => `kind: Role
name: poste
packages: { ${packages} }
scripts: [${scripts}]
`

const lycee = (name: string, number: number, rooms: readonly string[], perRoom: number): string => {
  const lines = [`kind: Lycee`, `name: ${name}`, 'role: poste', 'capacity: { actions: 3 }', 'rooms:']
  for (const [at, room] of rooms.entries()) {
    lines.push(`  ${room}:`, '    machines:')
    for (let index = 1; index <= perRoom; index += 1) {
      const two = String(index).padStart(2, '0')
      lines.push(`      ${room}-${two}: 52:54:00:0${number}:0${at}:${two}`)
    }
  }
  return `${lines.join('\n')}\n`
}

const script = (name: string, check: string): string => `kind: Script
name: ${name}
${check}apply: "true"
`

const shared: Readonly<Record<string, string>> = {
  'park.yaml': park,
  'lycees/hugo.yaml': lycee('hugo', 1, ['b1', 'b2'], 6),
  'lycees/zola.yaml': lycee('zola', 2, ['c1', 'c2'], 6),
  'packages/geogebra.yaml': 'kind: Package\nname: geogebra\ndebian: { apt: geogebra }\n',
  'packages/blender.yaml': 'kind: Package\nname: blender\ndebian: { apt: blender }\n',
  'packages/noyau.yaml':
    'kind: Package\nname: noyau\ndebian: { apt: linux-image-amd64 }\neffect: disruptive\n',
  'scripts/proxy.yaml': script('proxy', 'check: "true"\n'),
  'scripts/accueil.yaml': script('accueil', ''),
}

export const before = (): Desired =>
  compiled({ ...shared, 'roles/poste.yaml': role('geogebra: present', 'proxy') })

export const next = (): Desired =>
  compiled({
    ...shared,
    'roles/poste.yaml': role('geogebra: present, blender: present, noyau: present', 'proxy, accueil'),
  })

function compiled(texts: Readonly<Record<string, string>>): Desired {
  const encoder = new TextEncoder()
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, encoder.encode(text)]))
  const { desired, diagnostics } = compile(files)
  if (desired === undefined) throw new Error(diagnostics.map(({ message }) => message.en).join('\n'))
  return desired
}
