/** What the specs want of a machine, in lines: each value with the place and the layer that set it. */
import type { DesiredMachine, DesiredSite, Profile, SpecLayer, WantedLayout } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import {
  describeResetPolicy,
  describeWantedDisk,
  describeWantedPackage,
  describeWantedScript,
} from './describe.ts'
import type { ExplanationLine } from './explain.ts'
import type { Text } from './model/reason.ts'
import { counted } from './wording.ts'

type Written = Pick<ExplanationLine, 'origin' | 'layer'>

export function wantedLines(machine: DesiredMachine, site: DesiredSite): readonly ExplanationLine[] {
  const { profile } = machine
  const line = (text: Text, path: string): ExplanationLine => ({ text, ...written(machine, site, path) })
  const lines: ExplanationLine[] = []
  if (profile.identity.hostname) {
    lines.push({
      text: say(`host name ${machine.name}`, `nom d’hôte ${machine.name}`),
      origin: machine.origin,
      layer: layerText({ kind: 'machine' }, machine, site),
    })
  }
  const keys = profile.identity.authorizedKeys
  if (keys !== undefined) {
    lines.push(
      line(counted(keys.length, ['SSH key', 'SSH keys'], ['clé SSH', 'clés SSH']), 'identity.authorizedKeys'),
    )
  }
  for (const [text, path] of diskTexts(profile)) lines.push(line(text, path))
  for (const wanted of profile.packages.values()) {
    lines.push(line(describeWantedPackage(wanted), `packages.${wanted.name}`))
  }
  for (const wanted of profile.scripts.values()) {
    lines.push(line(describeWantedScript(wanted), `scripts.${wanted.name}`))
  }
  return lines
}

/** One for each value that a layer of its own may have set; the boot menu's defaults are nobody's wish. */
function diskTexts({ disk, reset, origins }: Profile): readonly (readonly [Text, path: string])[] {
  if (disk === undefined) return []
  const { boot } = disk
  const seconds = Math.round(boot.timeoutMs / 1000)
  const menu: readonly (readonly [Text, string])[] = [
    [
      say(`boot menu: ${boot.default} by default`, `menu de démarrage\u00a0: ${boot.default} par défaut`),
      'boot.default',
    ],
    [
      say(`boot menu: shown for ${seconds} s`, `menu de démarrage\u00a0: affiché ${seconds}\u00a0s`),
      'boot.timeout',
    ],
    [boot.resetEntries ? menuWithResets : menuWithoutResets, 'boot.reset'],
  ]
  return [
    [describeWantedDisk(disk), 'image'],
    [layoutText(disk.layout), 'layout'],
    ...menu.filter(([, path]) => origins.has(path)),
    ...(reset === undefined ? [] : ([[describeResetPolicy(reset.policy), 'reset.policy']] as const)),
    ...(reset === undefined || reset.keep.length === 0
      ? []
      : ([[keptText(reset.keep.join(', ')), 'reset.keep']] as const)),
  ]
}

const menuWithResets = say('boot menu: offers resets', 'menu de démarrage\u00a0: propose la remise en état')
const menuWithoutResets = say(
  'boot menu: offers no reset',
  'menu de démarrage\u00a0: ne propose pas la remise en état',
)

const keptText = (paths: string): Text =>
  say(`a reset keeps ${paths}`, `une remise en état conserve ${paths}`)

/** In the words of the spec: `disk layout (gpt): esp, root, cache, data (keep)`. */
function layoutText({ table, partitions }: WantedLayout): Text {
  const names = partitions
    .map(({ name, content }) => (content === 'image' || content === name ? name : `${name} (${content})`))
    .join(', ')
  return say(`disk layout (${table}): ${names}`, `organisation du disque (${table})\u00a0: ${names}`)
}

/** Where the value at a dotted path was written, and in which layer; undefined: nowhere, it is a default. */
export function written(machine: DesiredMachine, site: DesiredSite, path: string): Written | undefined {
  const { origins } = machine.profile
  // A list is replaced as a whole, so that its entries may have the list's own place.
  const origin = origins.get(path) ?? origins.get(path.split('.')[0] ?? path)
  if (origin === undefined) return undefined
  const { layer, ...at } = origin
  return layer === undefined ? { origin: at } : { origin: at, layer: layerText(layer, machine, site) }
}

function layerText(layer: SpecLayer, machine: DesiredMachine, site: DesiredSite): Text {
  switch (layer.kind) {
    case 'park':
      return say('park', 'parc')
    case 'role':
      return say(`role ${layer.name}`, `rôle ${layer.name}`)
    case 'image':
      return say(`image ${layer.name}`, `image ${layer.name}`)
    case 'lycee':
      return say(`lycée ${site.title}`, `lycée ${site.title}`)
    case 'room': {
      const name = site.rooms.get(machine.room)?.name ?? machine.room
      return say(`room ${name}`, `salle ${name}`)
    }
    case 'machine':
      return say(`machine ${machine.name}`, `poste ${machine.name}`)
  }
}
