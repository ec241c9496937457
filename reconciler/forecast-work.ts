/** What is to be done on each machine of a plan, action by action, whatever holds it at this instant. */
import type { Desired, DesiredMachine, DesiredSite, Profile } from '../specs/desired.ts'
import { assumedDisk, assumedFacts } from './assumed-state.ts'
import { diff } from './diff.ts'
import { diffDisk } from './disk-diff.ts'
import { diskForecast } from './disk-forecast.ts'
import { diskWork } from './disk-work.ts'
import { managedDisk } from './managed-disk.ts'
import type { Change } from './model/change.ts'
import type { LeftKind } from './model/forecast.ts'
import type { Instant, MachineId } from './model/ids.ts'
import type { Facts, Observed } from './model/observed.ts'
import type { Decision, Plan, PlanInput } from './model/plan.ts'

export type MachineWork = {
  readonly machine: DesiredMachine
  readonly observed: Observed | undefined
  /** One action each, in this order. */
  readonly actions: readonly (readonly Change[])[]
  /** A pause, a failure or an image that is coming holds it until then. */
  readonly notBefore: Instant
}

export type Work = {
  /** In the order of their ids. */
  readonly works: readonly MachineWork[]
  readonly left: ReadonlyMap<LeftKind, readonly MachineId[]>
  readonly assumed: readonly MachineId[]
}

export type WorkInput = {
  readonly desired: Desired
  readonly plan: Plan
  readonly inventory: PlanInput['inventory']
  readonly history: PlanInput['history']
  readonly images: PlanInput['images']
  readonly durations?: PlanInput['durations'] | undefined
  /** What machines that nobody has seen are taken to be. */
  readonly base?: Desired | undefined
}

/** Of a machine: what is to be done, and whether anybody has seen that. */
type Found = { readonly actions: readonly (readonly Change[])[]; readonly isAssumed: boolean }

export function workOf(input: WorkInput): Work {
  const { desired, plan, inventory } = input
  const find = findings(input)
  const works: MachineWork[] = []
  const left = new Map<LeftKind, MachineId[]>()
  const assumed: MachineId[] = []
  const leave = (kind: LeftKind, id: MachineId): void => {
    left.set(kind, [...(left.get(kind) ?? []), id])
  }
  for (const [id, decision] of plan.decisions) {
    const machine = desired.machines.get(id)
    const site = machine && desired.sites.get(machine.site)
    if (machine === undefined || site === undefined || decision.kind === 'converged') continue
    const observed = inventory.get(id)
    const found = find(machine, site, observed)
    const obstacle = obstacleOf(decision, found, observed)
    if (obstacle !== undefined) leave(obstacle, id)
    if (obstacle !== undefined || found === undefined || found.actions.length === 0) continue
    if (found.isAssumed) assumed.push(id)
    works.push({ machine, observed, actions: found.actions, notBefore: notBefore(decision) ?? plan.at })
  }
  return { works, left, assumed }
}

function obstacleOf(
  decision: Decision,
  found: Found | undefined,
  observed: Observed | undefined,
): LeftKind | undefined {
  if (decision.kind === 'stalled' && decision.until === undefined) return 'blocked'
  if (decision.kind === 'held' && decision.by === 'suspended' && decision.until === undefined) return 'paused'
  // It was looked at, and what was seen allows no decision.
  const isUnread = decision.kind === 'unknown' && observed !== undefined
  return found === undefined || isUnread ? 'unseen' : undefined
}

function notBefore(decision: Decision): Instant | undefined {
  if (decision.kind === 'stalled') return decision.until
  const byTime = ['suspended', 'backoff', 'image']
  return decision.kind === 'held' && byTime.includes(decision.by) ? decision.until : undefined
}

function findings(input: WorkInput) {
  const assume = assumptions(input)
  return (machine: DesiredMachine, site: DesiredSite, observed: Observed | undefined): Found | undefined => {
    const disk = observed?.disk
    const facts = observed?.facts
    if (facts === undefined && disk === undefined) return assume(machine, site)
    const applied = input.history.get(machine.id)?.applied ?? {}
    const now = input.plan.at
    const onDisk =
      disk === undefined
        ? present(diskForecast(machine, site, input.images))
        : diskWork({ machine, site, disk, requests: [], images: input.images, applied, now }).changes
    const inSystem =
      facts === undefined || machine.profile.os !== 'debian'
        ? []
        : lasting(diff(machine, facts, applied).changes, observed?.reach === 'off')
    return {
      actions: inOrder(
        machine.profile,
        onDisk.filter(({ facet }) => facet === 'disk'),
        inSystem,
      ),
      isAssumed: false,
    }
  }
}

/** Of machines that nobody has seen: the same for all that go from one profile to another. */
function assumptions({ base, images }: WorkInput) {
  const known = new Map<Profile | undefined, Map<Profile, Found | undefined>>()
  const find = (
    before: Profile | undefined,
    machine: DesiredMachine,
    site: DesiredSite,
  ): Found | undefined => {
    const actions = before === undefined ? undefined : assumedActions(before, machine, site, images)
    if (actions !== undefined) return { actions, isAssumed: true }
    const restore = diskForecast(machine, site, images)
    return restore === undefined
      ? undefined
      : { actions: inOrder(machine.profile, [restore], []), isAssumed: true }
  }
  return (machine: DesiredMachine, site: DesiredSite): Found | undefined => {
    const before = base?.machines.get(machine.id)?.profile
    const after = known.get(before) ?? new Map<Profile, Found | undefined>()
    known.set(before, after)
    // A lycée without a server manages no disks: that is of the site, not of the profile.
    if (managedDisk(machine, site) !== machine.profile.disk) return find(before, machine, site)
    if (!after.has(machine.profile)) after.set(machine.profile, find(before, machine, site))
    return after.get(machine.profile)
  }
}

function assumedActions(
  before: Profile,
  machine: DesiredMachine,
  site: DesiredSite,
  images: PlanInput['images'],
): Found['actions'] {
  const wanted = managedDisk(machine, site)
  const drift = machine.profile.drift.disk
  const disk = assumedDisk(before)
  const onDisk =
    wanted === undefined ? undefined : diffDisk(wanted, { disk, drift, wasInPlace: false, images }).change
  if (machine.profile.os !== 'debian') return inOrder(machine.profile, present(onDisk), [])
  const facts: Facts = { ...unasked, ...assumedFacts(before, machine.profile) }
  return inOrder(machine.profile, present(onDisk), lasting(diff(machine, facts, {}).changes, true))
}

/** What a difference in packages and scripts does not depend on. */
const unasked: Omit<Facts, 'packages' | 'scripts' | 'bootId'> = {
  at: 0,
  bootedAt: 0,
  clockSkewMs: 0,
  os: { id: '', version: '', name: '', kernel: '', arch: '' },
  hardware: { cpus: 1, memoryBytes: 0, firmware: 'uefi', macs: [], disks: [], rootFreeBytes: 0 },
  sessions: [],
  rebootPending: false,
}

const present = <Item>(item: Item | undefined): readonly Item[] => (item === undefined ? [] : [item])

/** Each change of the disk goes alone, and before all else. What scripts have done is gone with what was on it. */
function inOrder(profile: Profile, onDisk: readonly Change[], inSystem: readonly Change[]): Found['actions'] {
  const isNewSystem = onDisk.some(
    (change) => change.facet === 'disk' && (change.operation === 'restore' || change.operation === 'upgrade'),
  )
  const rest = isNewSystem ? [...inSystem, ...scriptsAnew(profile, inSystem)] : inSystem
  return [...onDisk.map((change) => [change]), ...(rest.length === 0 ? [] : [rest])]
}

/** Those that run because they never ran here; what the checks of the others will say of a new system, nobody knows. */
const scriptsAnew = ({ os, scripts }: Profile, known: readonly Change[]): readonly Change[] =>
  os !== 'debian'
    ? []
    : [...scripts.values()]
        .filter(({ name, trigger }) => {
          const isKnown = known.some((change) => change.facet === 'scripts' && change.item === name)
          return !isKnown && (trigger.kind === 'change' || trigger.kind === 'once')
        })
        .map(({ name, digest, effect }) => ({
          facet: 'scripts',
          item: name,
          cause: 'never-run',
          from: null,
          to: digest,
          effect,
        }))

/** Without what every start of the PC brings by itself. */
const lasting = (changes: readonly Change[], isOff: boolean): readonly Change[] =>
  changes.filter(
    (change) =>
      !(change.facet === 'scripts' && change.cause === 'new-boot') && !(isOff && change.facet === 'power'),
  )
