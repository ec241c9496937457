/** What a machine's bucket and its differences make of it: how it was found decides what is asked of the gates. */
import type { DesiredMachine } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import type { Wish } from './bid.ts'
import { type Difference, diff } from './diff.ts'
import { diskNeverObserved } from './disk-reasons.ts'
import { type DiskWork, diskWork } from './disk-work.ts'
import { managedDisk } from './managed-disk.ts'
import type { Change } from './model/change.ts'
import type { Observed } from './model/observed.ts'
import type { Decision } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { appliedTo, type Pass, siteOf } from './pass.ts'
import { type RolloutHold, rolloutHold } from './rollout-gate.ts'
import { nothing, notRead, type WalkTerms, walk } from './walk.ts'

/** As if the machine were alone: what it would do now still takes its turn. */
export function decide(pass: Pass, machine: DesiredMachine): Decision | Wish {
  const decision = decideNow(pass, machine)
  const { steering } = pass.input
  const hold = steering && rolloutHold(steering, machine)
  const next = steering?.next.machines.get(machine.id)
  return hold?.kind === 'waiting' && next !== undefined ? beforeItsWave(pass, next, hold, decision) : decision
}

/** As it is to be for now, while a rollout has more for it later. */
function beforeItsWave(
  pass: Pass,
  next: DesiredMachine,
  hold: RolloutHold,
  decision: Decision | Wish,
): Decision | Wish {
  if (decision.kind !== 'converged' && decision.kind !== 'wish') return decision
  const observed = pass.input.inventory.get(next.id)
  const disk = diskWorkOf(pass, next, observed)
  const facts = next.profile.os === 'debian' ? observed?.facts : undefined
  const rest = facts && diff(next, facts, appliedTo(pass, next))
  const changes = [...disk.changes, ...(rest?.changes ?? [])]
  const isRead = next.profile.os === 'debian' ? rest !== undefined && isWhole(rest) : observed !== undefined
  const isNext = isRead && !disk.unread && changes.length === 0
  // It has it already, from a rollout that this store does not remember: nobody is moved backwards.
  if (isNext) return decision.kind === 'wish' ? { kind: 'converged', reported: [] } : decision
  if (decision.kind === 'wish') return decision
  const { by, reason, until } = hold
  return { kind: 'held', by, reason, changes, ...(until === undefined ? {} : { until }) }
}

/** All that was asked about was answered. What a new script's check will say is not known before its wave. */
const isWhole = ({ unread, unasked, unanswered, impossible }: Difference): boolean =>
  unread.length + unasked.length + unanswered.length + impossible.length === 0

function decideNow(pass: Pass, machine: DesiredMachine): Decision | Wish {
  const observed = pass.input.inventory.get(machine.id)
  const disk = diskWorkOf(pass, machine, observed)
  if (machine.profile.os !== 'debian') return decideWindows(pass, machine, observed, disk)
  switch (observed?.reach) {
    case undefined:
      return walk(pass, machine, observed, nothing)
    case 'silent':
      return decideSilent(observed)
    case 'imager':
      return decideInImager(pass, machine, observed, disk)
    case 'off':
      return decideOff(pass, machine, observed, disk)
    case 'up':
      return decideUp(pass, machine, observed, disk)
  }
}

function decideUp(pass: Pass, machine: DesiredMachine, observed: Observed, disk: DiskWork): Decision | Wish {
  if (disk.unread) return walk(pass, machine, observed, nothing, { diskUnread: true })
  const { facts } = observed
  const difference = facts && diff(machine, facts, appliedTo(pass, machine))
  if (difference === undefined || difference.unread.length > 0) {
    // What cannot be read any more can still be written anew.
    if (disk.changes.length > 0) return firstOf(pass, machine, observed, disk)
    return { kind: 'unknown', reason: observed.errors[0] ?? notRead }
  }
  return firstOf(pass, machine, observed, disk, { difference: withDisk(difference, disk) })
}

/** Off is normal: nothing is wanted of a PC that was right when it was last on. */
function decideOff(pass: Pass, machine: DesiredMachine, observed: Observed, disk: DiskWork): Decision | Wish {
  if (disk.unread) return walk(pass, machine, observed, nothing, { wake: 'to-look', diskUnread: true })
  const { facts } = observed
  if (facts === undefined) {
    const rest = { difference: withDisk(nothing, disk), terms: { wake: 'to-look' } } as const
    return firstOf(pass, machine, observed, disk, disk.changes.length > 0 ? undefined : rest)
  }
  const difference = onceOn(machine, diff(machine, facts, appliedTo(pass, machine)))
  if (difference.unread.length > 0) {
    // It was on and could not be read: to wake it again would show the same.
    if (disk.changes.length > 0) return firstOf(pass, machine, observed, disk)
    return { kind: 'unknown', reason: notRead }
  }
  const toDo = difference.changes.length > 0 ? 'to-change' : undefined
  const wake = difference.unasked.length > 0 ? 'to-look' : toDo
  return firstOf(pass, machine, observed, disk, {
    difference: withDisk(difference, disk),
    terms: wake === undefined ? { lastSeen: facts.at } : { wake, lastSeen: facts.at },
  })
}

function decideInImager(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed,
  disk: DiskWork,
): Decision | Wish {
  if (disk.changes.length > 0) return firstOf(pass, machine, observed, disk)
  const [impossible] = disk.impossible
  if (impossible !== undefined) return { kind: 'stalled', reason: impossible, changes: [] }
  // Its action may be all that it waits for.
  const waiting = walk(pass, machine, observed, nothing)
  return waiting.kind === 'held' ? waiting : { kind: 'unknown', reason: inImager }
}

/** Of a Windows PC only the disk is managed: what is in its system, nobody reads. */
function decideWindows(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed | undefined,
  disk: DiskWork,
): Decision | Wish {
  if (managedDisk(machine, siteOf(pass, machine)) === undefined) {
    return { kind: 'unknown', reason: notYetOnWindows }
  }
  if (observed === undefined) return walk(pass, machine, observed, nothing)
  if (observed.reach === 'imager') return decideInImager(pass, machine, observed, disk)
  if (disk.unread) {
    return observed.reach === 'off'
      ? walk(pass, machine, observed, nothing, { wake: 'to-look', diskUnread: true })
      : { kind: 'held', by: 'fresh', reason: diskNeverObserved, changes: [] }
  }
  if (disk.changes.length > 0) return firstOf(pass, machine, observed, disk)
  const [impossible] = disk.impossible
  if (impossible !== undefined) return { kind: 'stalled', reason: impossible, changes: [] }
  const { packages, scripts } = machine.profile
  if (packages.size > 0 || scripts.size > 0) return { kind: 'unknown', reason: notYetOnWindows }
  const converged = { kind: 'converged', reported: disk.reported } as const
  const lastSeen = observed.disk?.at
  return observed.reach !== 'off' || lastSeen === undefined ? converged : { ...converged, lastSeen }
}

/**
 * Each change of the disk goes alone and first, as all else on the PC is another after it; but one that must wait for its
 * window does not keep the rest from theirs. What nothing can be done about now is told of the disk first.
 */
function firstOf(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed,
  disk: DiskWork,
  rest?: { readonly difference: Difference; readonly terms?: WalkTerms },
): Decision | Wish {
  const { difference, terms = {} } = rest ?? { difference: nothing }
  const toImage: WalkTerms = observed.reach === 'off' ? { wake: 'to-image' } : {}
  const answers = disk.changes.map((change) =>
    walk(pass, machine, observed, { ...nothing, changes: [change] }, toImage),
  )
  const [first] = answers
  if (first === undefined) return walk(pass, machine, observed, difference, terms)
  if (difference.changes.length > 0 || terms.wake !== undefined) {
    const answer = walk(pass, machine, observed, difference, terms)
    if (answer.kind === 'wish') answers.push(answer)
  }
  const all = rest === undefined ? {} : { changes: [...disk.changes, ...difference.changes] }
  const bids = answers.flatMap((answer) => (answer.kind === 'wish' ? answer.bids : []))
  if (bids.length === 0) return 'changes' in first ? { ...first, ...all } : first
  const otherwise = first.kind === 'wish' ? {} : { otherwise: first }
  return { kind: 'wish', machine, bids, ...otherwise, ...all }
}

/** What the disk adds to the answer when nothing is left to do. */
const withDisk = (difference: Difference, { reported, impossible }: DiskWork): Difference =>
  reported.length === 0 && impossible.length === 0
    ? difference
    : {
        ...difference,
        reported: [...reported, ...difference.reported],
        impossible: [...difference.impossible, ...impossible],
      }

/** A machine that would not be read may be anything; one whose host key is not the pinned one must not even be asked. */
function decideSilent(observed: Observed): Decision {
  const refused = observed.errors.find((error) => error.code.startsWith('host-key-'))
  if (refused !== undefined) return { kind: 'stalled', reason: refused, changes: [] }
  return { kind: 'unknown', reason: observed.errors[0] ?? notRead }
}

/**
 * What would be left to do if the machine were switched on: starting it is the restart that it asks for, and runs its scripts for
 * each boot. One that has never run there is a change like others, and nobody knows yet how it ends.
 */
function onceOn(machine: DesiredMachine, difference: Difference): Difference {
  const atBoot = (change: Change): boolean =>
    change.facet === 'power' ||
    (change.facet === 'scripts' &&
      change.cause !== 'never-run' &&
      machine.profile.scripts.get(change.item)?.trigger.kind === 'boot')
  return { ...difference, changes: difference.changes.filter((change) => !atBoot(change)) }
}

const diskWorkOf = (pass: Pass, machine: DesiredMachine, observed: Observed | undefined): DiskWork =>
  diskWork({
    machine,
    site: siteOf(pass, machine),
    disk: observed?.disk,
    requests: pass.requests.get(machine.id) ?? [],
    images: pass.input.images,
    applied: appliedTo(pass, machine),
    now: pass.input.now,
  })

const notYetOnWindows: Reason = {
  code: 'os-not-supported-yet',
  message: say(
    'This version does not look after Windows PCs yet: the spec is kept, and nothing is done to the machine.',
    'Cette version ne gère pas encore les postes Windows\u00a0: la spécification est conservée et le poste n’est pas modifié.',
  ),
}

const inImager: Reason = {
  code: 'in-imager',
  message: say(
    'The machine runs the imaging system; it is looked at again once its own system has started.',
    'Le poste exécute le système de déploiement d’images\u00a0; il sera examiné dès que son propre système aura démarré.',
  ),
}
