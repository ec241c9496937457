/** Wishes, changes and decisions in a few words. */
import type { WantedDisk, WantedPackage, WantedReset, WantedScript } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { missingKeys } from './identity-diff.ts'
import type {
  Change,
  DiskChange,
  IdentityChange,
  PackageChange,
  PowerChange,
  ResetChange,
  ScriptChange,
} from './model/change.ts'
import type { Decision, GateName } from './model/plan.ts'
import type { Text } from './model/reason.ts'
import { counted, shortDigest } from './wording.ts'

/** `install geogebra 6.0.850`: what will be done, with nothing in it that differs from one machine to the next without need. */
export function describeChange(change: Change): Text {
  switch (change.facet) {
    case 'disk':
      return describeDisk(change)
    case 'reset':
      return describeReset(change)
    case 'packages':
      return describePackage(change)
    case 'scripts':
      return describeScript(change)
    case 'identity':
      return describeIdentity(change)
    case 'power':
      return describePower(change)
  }
}

export function describeDecision(decision: Decision): Text {
  switch (decision.kind) {
    case 'converged':
      return decision.reported.length === 0
        ? say('as wanted', 'conforme')
        : say('as wanted, with drift that is only reported', 'conforme, avec des écarts seulement signalés')
    case 'act':
      return say('to be put right now', 'à mettre en conformité maintenant')
    case 'held': {
      const gate = gateNames[decision.by]
      return say(`held (${gate.en})`, `retenu (${gate.fr})`)
    }
    case 'unknown':
      return say('unknown', 'état inconnu')
    case 'stalled':
      return say('blocked: needs somebody', 'bloqué\u00a0: intervention nécessaire')
  }
}

export const gateNames: Readonly<Record<GateName, Text>> = {
  suspended: say('paused', 'suspendu'),
  'in-flight': say('action under way', 'opération en cours'),
  fresh: say('to be looked at again', 'à réexaminer'),
  backoff: say('waiting for the next try', 'en attente du prochain essai'),
  image: say('image not here yet', 'image pas encore disponible'),
  wave: say('not yet its wave', 'vague pas encore atteinte'),
  budget: say('failure budget', 'budget d’échecs'),
  power: say('off', 'éteint'),
  window: say('maintenance window', 'fenêtre de maintenance'),
  occupied: say('session open', 'session ouverte'),
  capacity: say('waiting for its turn', 'en attente de son tour'),
}

function describeDisk({ operation, image, wipes }: DiskChange): Text {
  const { en, fr } = diskText(operation, image)
  if (wipes === undefined) return say(`${en} (${lossUnknown.en})`, `${fr} (${lossUnknown.fr})`)
  if (wipes.length === 0) return say(en, fr)
  const lost = wipes.join(', ')
  return say(`${en} (lost: ${lost})`, `${fr} (perdu\u00a0: ${lost})`)
}

/** Of a disk whose own system was read alone, or nothing at all. */
export const lossUnknown = say(
  'what is on it was not read: all but what the layout keeps may be lost',
  'contenu actuel non examiné\u00a0: tout peut être perdu, sauf ce que conserve le partitionnement',
)

function diskText(operation: DiskChange['operation'], image: string): Text {
  switch (operation) {
    case 'restore':
      return say(`write image ${image} to the disk`, `écrire l’image ${image} sur le disque`)
    case 'upgrade':
      return say(`bring the disk to image ${image}`, `mettre le disque à niveau vers l’image ${image}`)
    case 'repair':
      return say(`make the disk equal to image ${image} again`, `rétablir le disque selon l’image ${image}`)
    case 'settings':
      return say(
        'renew the boot menu and the reset settings',
        'renouveler le menu de démarrage et les réglages de remise en état',
      )
    case 'verify':
      return say(`compare the disk with image ${image}`, `comparer le disque à l’image ${image}`)
    case 'capture':
      return say(`read the disk into image ${image}`, `capturer le disque dans l’image ${image}`)
  }
}

function describeReset({ cause, image }: ResetChange): Text {
  return cause === 'nightly'
    ? say(`nightly reset to image ${image}`, `remise en état nocturne selon l’image ${image}`)
    : say(`reset to image ${image}, as asked`, `remise en état demandée selon l’image ${image}`)
}

export const describeWantedDisk = ({ name, version, manifest }: WantedDisk): Text =>
  manifest === undefined
    ? say(
        `disk image ${name}@${version}, not imported yet`,
        `image disque ${name}@${version}, pas encore importée`,
      )
    : say(
        `disk image ${name}@${version} (${shortDigest(manifest)})`,
        `image disque ${name}@${version} (${shortDigest(manifest)})`,
      )

export const describeResetPolicy = (policy: WantedReset['policy']): Text => resetPolicies[policy]

const resetPolicies: Readonly<Record<WantedReset['policy'], Text>> = {
  never: say('never reset', 'jamais de remise en état'),
  'on-demand': say('reset on demand', 'remise en état sur demande'),
  nightly: say('reset each night', 'remise en état chaque nuit'),
  'at-boot': say('reset at each start', 'remise en état à chaque démarrage'),
}

function describePackage(change: PackageChange): Text {
  const { item, from, to } = change
  const version = to === null || to === 'present' || to === 'latest' ? undefined : to
  switch (change.operation) {
    case 'install': {
      const named = version === undefined ? item : `${item} ${version}`
      return from === null
        ? say(`install ${named}`, `installer ${named}`)
        : say(`repair ${named}`, `réparer ${named}`)
    }
    case 'upgrade': {
      const target = say(version ?? 'the latest version', version ?? 'la dernière version')
      return say(
        `upgrade ${item} from ${from} to ${target.en}`,
        version === undefined
          ? `mettre à niveau ${item} de ${from} vers ${target.fr}`
          : `mettre à niveau ${item} de ${from} à ${target.fr}`,
      )
    }
    case 'downgrade':
      return say(
        `downgrade ${item} from ${from} to ${version}`,
        `rétrograder ${item} de ${from} à ${version}`,
      )
    case 'remove':
      return say(`remove ${item}`, `supprimer ${item}`)
    case 'hold':
      return say(`hold ${item} at its version`, `figer la version de ${item}`)
    case 'unhold':
      return say(`let ${item} be upgraded again`, `ne plus figer la version de ${item}`)
  }
}

function describeScript({ item, cause }: ScriptChange): Text {
  const because = scriptCauses[cause]
  return say(`run script ${item} (${because.en})`, `exécuter le script ${item} (${because.fr})`)
}

const scriptCauses: Readonly<Record<ScriptChange['cause'], Text>> = {
  'never-run': say('never run', 'jamais exécuté'),
  changed: say('changed', 'modifié'),
  'new-boot': say('new boot', 'nouveau démarrage'),
  'check-failed': say('its check says no', 'sa vérification échoue'),
  'failed-before': say('failed before', 'échec précédent'),
}

function describeIdentity(change: IdentityChange): Text {
  if (change.item === 'hostname') {
    return say(`rename from ${change.from} to ${change.to}`, `renommer de ${change.from} en ${change.to}`)
  }
  const added = counted(
    missingKeys(change.from, change.to).length,
    ['SSH key', 'SSH keys'],
    ['clé SSH', 'clés SSH'],
  )
  return say(`accept ${added.en}`, `autoriser ${added.fr}`)
}

function describePower({ item }: PowerChange): Text {
  return item === 'wake' ? say('wake', 'réveiller') : say('restart', 'redémarrer')
}

export function describeWantedPackage({ name, want, hold }: WantedPackage): Text {
  const held = hold === true ? say(', held', ', figé') : say('', '')
  switch (want.kind) {
    case 'present':
      return say(`package ${name}${held.en}`, `paquet ${name}${held.fr}`)
    case 'latest':
      return say(`package ${name}, latest${held.en}`, `paquet ${name}, dernière version${held.fr}`)
    case 'absent':
      return say(`no package ${name}`, `pas de paquet ${name}`)
    case 'version':
      return say(`package ${name} ${want.version}${held.en}`, `paquet ${name} ${want.version}${held.fr}`)
  }
}

export function describeWantedScript({ name, trigger, digest }: WantedScript): Text {
  const when = triggers[trigger.kind]
  return say(
    `script ${name} (${when.en}, ${shortDigest(digest)})`,
    `script ${name} (${when.fr}, ${shortDigest(digest)})`,
  )
}

const triggers: Readonly<Record<WantedScript['trigger']['kind'], Text>> = {
  check: say('whenever its check says no', 'dès que sa vérification échoue'),
  change: say('when it changes', 'à chaque modification'),
  boot: say('at each boot', 'à chaque démarrage'),
  once: say('once', 'une seule fois'),
}
