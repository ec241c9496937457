/** A small park and a commit to it, drawn by a seed: as specs, which are compiled as any others. */
import { createRandom } from '../../providers/simulated/random.ts'
import { compile } from '../../specs/compile.ts'
import type { Desired } from '../../specs/desired.ts'

export type SmallPark = { readonly base: Desired; readonly next: Desired }

const programs = ['geogebra', 'blender', 'inkscape', 'audacity', 'scratch', 'thonny', 'gimp', 'minetest']

export const smallPark = (seed: number): SmallPark => {
  const random = createRandom(seed ^ 0x2545f491)
  const pick = <Value>(values: readonly Value[]): Value => {
    const value = values[Math.floor(random() * values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
  const shape: Shape = {
    lycees: 1 + Math.floor(random() * 3),
    rooms: 1 + Math.floor(random() * 3),
    seats: 3 + Math.floor(random() * 6),
    inUse: pick(['wait', 'quiet', '{ warn: 10m }']),
    windows: pick([nights, nights, weekends, nightsAndNoon]),
    rollout: pick(rollouts),
    hasImage: random() < 0.5,
  }
  const wants = (version: string): Content => ({
    version,
    packages: programs.map((name) => `${name}: ${pick(['present', 'present', version, 'absent'])}`),
    script: version,
    image: version === '1.0' || random() < 0.7 ? version : '1.0',
  })
  const [before, after] = [wants('1.0'), wants('2.0')]
  return { base: compiled(files(shape, before)), next: compiled(files(shape, after)) }
}

type Shape = {
  readonly lycees: number
  readonly rooms: number
  readonly seats: number
  readonly inUse: string
  readonly windows: string
  readonly rollout: string
  readonly hasImage: boolean
}

type Content = {
  readonly version: string
  readonly packages: readonly string[]
  readonly script: string
  readonly image: string
}

const nights = '    - { days: [mon-fri], from: "19:00", to: "06:30" }\n    - { days: [sat, sun] }\n'
const weekends = '    - { days: [sat, sun] }\n    - { days: [wed], from: "18:00", to: "07:00" }\n'
const nightsAndNoon = `${nights}    - { days: [mon-fri], from: "12:00", to: "13:30", allow: quiet }\n    - { days: [tue], from: "19:00", to: "23:00", deny: true }\n`

const rollouts = [
  'rollout:\n  waves:\n    - { lycees: [l0], rooms: [r0] }\n    - { percent: 50 }\n    - { percent: 100 }\n  soak: 2h\n  deadline: 1d\n',
  'rollout:\n  waves:\n    - { percent: 10, approval: true }\n    - { percent: 100 }\n  soak: 1h\n  deadline: 2d\n  failures: { pause: 10% }\n',
  'rollout:\n  waves:\n    - { labels: [pilote] }\n    - { percent: 100, soak: 1m }\n  soak: 30m\n  deadline: 1d\n  rollback: quiet\n',
  '',
]

const digests: Readonly<Record<string, string>> = { '1.0': 'a'.repeat(64), '2.0': 'b'.repeat(64) }

const files = (shape: Shape, content: Content): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  const { inUse, windows, rollout, hasImage } = shape
  all.set(
    'park.yaml',
    `kind: Park\nname: petit\ntimezone: Europe/Paris\nlocale: fr\n${rollout}defaults:\n  inUse: ${inUse}\n  retry: { attempts: 4, base: 1m, cap: 1h }\n  windows:\n${windows}`,
  )
  for (const name of programs)
    all.set(`packages/${name}.yaml`, `kind: Package\nname: ${name}\ndebian: { apt: ${name} }\n`)
  all.set(
    'scripts/proxy.yaml',
    script('proxy', `check: test -e /etc/p\napply: echo ${content.script} > /etc/p\n`),
  )
  all.set('scripts/imprimante.yaml', script('imprimante', `when: change\napply: echo ${content.script}\n`))
  all.set('scripts/inscription.yaml', script('inscription', 'when: once\napply: echo ok\n'))
  if (hasImage) all.set('images/debian.yaml', image)
  const disk = hasImage ? `image: debian@${content.image}\n` : ''
  all.set(
    'roles/poste.yaml',
    `kind: Role\nname: poste\n${disk}packages:\n${content.packages.map((line) => `  ${line}\n`).join('')}scripts: [proxy, imprimante, inscription]\n`,
  )
  for (let index = 0; index < shape.lycees; index += 1) all.set(`lycees/l${index}.yaml`, lycee(shape, index))
  return all
}

const script = (name: string, body: string): string => `kind: Script\nname: ${name}\ntimeout: 2m\n${body}`

const image = `kind: Image\nname: debian\nos: debian\nversions:\n  "1.0": { digest: "sha256:${digests['1.0']}", size: 4GiB }\n  "2.0": { digest: "sha256:${digests['2.0']}", size: 4GiB }\ndisk:\n  table: gpt\n  partitions:\n    - { name: esp, type: esp, size: 256MiB, content: image }\n    - { name: root, type: linux, size: 20GiB, content: image }\n`

const lycee = (shape: Shape, index: number): string => {
  const server = shape.hasImage ? `server: { address: 10.${index}.0.2 }\n` : ''
  let text = `kind: Lycee\nname: l${index}\nnetwork: { subnet: 10.${index}.0.0/22, uplink: 50Mbit/s, domain: l${index}.example }\n${server}role: poste\nrooms:\n`
  for (let room = 0; room < shape.rooms; room += 1) {
    text += `  r${room}:\n    machines:\n`
    for (let seat = 0; seat < shape.seats; seat += 1) {
      const mac = `52:54:00:0${index}:0${room}:0${seat}`
      const label = room === 0 && seat < 2 ? ', labels: [pilote]' : ''
      text += `      l${index}r${room}-${seat}: { mac: ${mac}${label} }\n`
    }
  }
  return text
}

const compiled = (texts: ReadonlyMap<string, string>): Desired => {
  const encoder = new TextEncoder()
  const bytes = new Map([...texts].map(([path, text]) => [path, encoder.encode(text)]))
  const { desired, diagnostics } = compile(bytes)
  if (desired === undefined) throw new Error(JSON.stringify(diagnostics.slice(0, 3)))
  return desired
}
