/** What a revision asks for that another did not: what a reviewer must know before merging it, without any PC being asked. */
import type { Desired, DesiredMachine, Profile, WantedPackage, WantedScript } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { removedMachines } from './admit.ts'
import { type ChangeGroup, type Described, groupChanges } from './change-group.ts'
import { imageName } from './disk-diff.ts'
import type { MachineId } from './model/ids.ts'
import type { Text } from './model/reason.ts'

export type ParkComparison = {
  readonly machinesBefore: number
  readonly machinesAfter: number
  /** New in the head, renamed ones left out. */
  readonly added: readonly MachineId[]
  /** Managed no longer, and left as they are. */
  readonly removed: readonly MachineId[]
  /** The same PC, known by its MAC, under another name. */
  readonly renamed: readonly { readonly from: MachineId; readonly to: MachineId }[]
  readonly changes: readonly ChangeGroup[]
  /** Of the changes: those that rewrite disks. */
  readonly wiped: readonly MachineId[]
}

export function comparePark(base: Desired, head: Desired): ParkComparison {
  const beforeByMac = new Map([...base.machines.values()].map((machine) => [machine.mac as string, machine]))
  const known = new Map<string, readonly Described[]>()
  const added: MachineId[] = []
  const renamed: { from: MachineId; to: MachineId }[] = []
  const changed: [MachineId, readonly Described[]][] = []
  for (const after of head.machines.values()) {
    const before = base.machines.get(after.id) ?? renamedFrom(beforeByMac.get(after.mac), head)
    if (before === undefined) {
      added.push(after.id)
      continue
    }
    if (before.id !== after.id) renamed.push({ from: before.id, to: after.id })
    if (before.profile.digest === after.profile.digest) continue
    const key = `${before.profile.digest} ${after.profile.digest}`
    const changes = known.get(key) ?? compareProfiles(before.profile, after.profile)
    known.set(key, changes)
    if (changes.length > 0) changed.push([after.id, changes])
  }
  const changes = groupChanges(head, changed)
  const wiped = new Set(changes.filter((one) => one.effect === 'destructive').flatMap((one) => one.machines))
  return {
    machinesBefore: base.machines.size,
    machinesAfter: head.machines.size,
    added: added.sort(),
    removed: removedMachines(base, head),
    renamed: renamed.sort((a, b) => (a.to < b.to ? -1 : 1)),
    changes,
    wiped: [...wiped].sort(),
  }
}

/** A MAC that another machine of the head still has under its old name is no renaming. */
const renamedFrom = (before: DesiredMachine | undefined, head: Desired): DesiredMachine | undefined =>
  before !== undefined && !head.machines.has(before.id) ? before : undefined

function compareProfiles(before: Profile, after: Profile): readonly Described[] {
  const changes = [
    ...compareDisk(before, after),
    ...comparePackages(before, after),
    ...compareScripts(before, after),
    ...compareSettings(before, after),
  ]
  // The digests differ, so something does; what has no words of its own is not passed over.
  return changes.length > 0 ? changes : [quiet(say('other settings', 'autres réglages'))]
}

function compareDisk({ disk: before }: Profile, { disk: after }: Profile): readonly Described[] {
  if (after === undefined) {
    return before === undefined ? [] : [quiet(say('image managed no longer', 'image plus gérée'))]
  }
  const to = imageName(after)
  const known = before !== undefined && imageName(before) !== to ? `${imageName(before)} → ${to}` : to
  const isOther =
    before === undefined ||
    imageName(after) !== imageName(before) ||
    after.manifest !== before.manifest ||
    after.layoutDigest !== before.layoutDigest
  if (isOther && after.manifest === undefined) {
    const text = say(
      `image ${known}, not imported yet: nothing is written`,
      `image ${known}, pas encore importée\u00a0: rien n’est écrit`,
    )
    return [quiet(text)]
  }
  if (isOther) {
    const isLayout = before !== undefined && before.manifest === after.manifest
    const text = isLayout
      ? say(`disk layout of image ${to}`, `organisation du disque de l’image ${to}`)
      : say(`image ${known}`, `image ${known}`)
    return [{ text, effect: 'destructive' }]
  }
  if (before.settingsDigest === after.settingsDigest || after.manifest === undefined) return []
  const text = say(
    'boot menu and reset settings, by a restart into the imager',
    'menu de démarrage et réglages de remise en état, par un redémarrage dans l’imageur',
  )
  return [{ text, effect: 'disruptive' }]
}

function comparePackages(before: Profile, after: Profile): readonly Described[] {
  const changes: Described[] = []
  for (const [name, wanted] of after.packages) {
    const old = before.packages.get(name)
    const now = wantedText(wanted)
    if (old === undefined) {
      changes.push({ text: now, effect: wanted.effect })
    } else if (JSON.stringify(old) !== JSON.stringify(wanted)) {
      const was = wishText(old)
      const text = say(`${now.en} (was: ${was.en})`, `${now.fr} (auparavant\u00a0: ${was.fr})`)
      changes.push({ text, effect: wanted.effect })
    }
  }
  for (const name of before.packages.keys()) {
    if (after.packages.has(name)) continue
    changes.push(
      quiet(
        say(`package ${name} managed no longer, left as it is`, `paquet ${name} plus géré, laissé tel quel`),
      ),
    )
  }
  return changes
}

function compareScripts(before: Profile, after: Profile): readonly Described[] {
  const changes: Described[] = []
  for (const [name, wanted] of after.scripts) {
    const text = scriptText(before.scripts.get(name), wanted)
    if (text !== undefined) changes.push({ text, effect: wanted.effect })
  }
  for (const name of before.scripts.keys()) {
    if (!after.scripts.has(name)) changes.push(quiet(say(`script ${name} dropped`, `script ${name} retiré`)))
  }
  return changes
}

function scriptText(before: WantedScript | undefined, after: WantedScript): Text | undefined {
  if (before === undefined) return say(`script ${after.name} added`, `script ${after.name} ajouté`)
  if (before.digest !== after.digest)
    return say(`script ${after.name} changed`, `script ${after.name} modifié`)
  return undefined
}

/** What no PC needs an action for, or what has another facet's driver: named, not detailed. */
function compareSettings(before: Profile, after: Profile): readonly Described[] {
  const named: readonly (readonly [keyof Profile, Text])[] = [
    ['os', say('operating system', 'système d’exploitation')],
    ['identity', say('identity (host name, SSH keys)', 'identité (nom d’hôte, clés SSH)')],
    ['reset', say('reset policy', 'politique de remise en état')],
    ['userData', say('users’ data', 'données des utilisateurs')],
    ['windows', say('maintenance windows', 'fenêtres de maintenance')],
    ['drift', say('drift policy', 'politique de dérive')],
    ['inUse', say('policy while in use', 'politique pendant l’utilisation')],
    ['power', say('power policy', 'politique d’alimentation')],
    ['ssh', say('SSH access', 'accès SSH')],
    ['retry', say('retry policy', 'politique de nouvel essai')],
    ['roles', say('roles', 'rôles')],
  ]
  return named
    .filter(([field]) => withoutOrigins(before[field]) !== withoutOrigins(after[field]))
    .map(([, text]) => quiet(say(`${text.en} changed`, `modification\u00a0: ${text.fr}`)))
}

const withoutOrigins = (value: unknown): string | undefined =>
  JSON.stringify(value, (key, inner) => (key === 'origin' ? undefined : inner))

function wantedText(wanted: WantedPackage): Text {
  const wish = wishText(wanted)
  return say(`package ${wanted.name}: ${wish.en}`, `paquet ${wanted.name}\u00a0: ${wish.fr}`)
}

function wishText({ want, hold }: WantedPackage): Text {
  const held = hold === true ? say(', held', ', figé') : say('', '')
  switch (want.kind) {
    case 'present':
      return say(`present${held.en}`, `présent${held.fr}`)
    case 'latest':
      return say(`latest${held.en}`, `dernière version${held.fr}`)
    case 'absent':
      return say('absent', 'absent')
    case 'version':
      return say(`${want.version}${held.en}`, `${want.version}${held.fr}`)
  }
}

const quiet = (text: Text): Described => ({ text, effect: 'quiet' })
