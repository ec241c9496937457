/**
 * A plan for people and for other programs: what will change, where, how long it takes, who is held and why. Plain data,
 * written out as JSON as it is; `report-text.ts` and `report-markdown.ts` put it into words.
 */

import type { Desired, DesiredMachine, Effect } from '../specs/desired.ts'
import { type Admission, admit } from './admit.ts'
import { type ChangeGroup, type Described, groupChanges } from './change-group.ts'
import { describeChange } from './describe.ts'
import { diskForecast } from './disk-forecast.ts'
import { type ImagerChange, isImagerChange } from './disk-work.ts'
import { createEstimates } from './duration.ts'
import { entryOf } from './entry.ts'
import { type ExceptionGroup, groupExceptions } from './exceptions.ts'
import type { Change, DiskChange } from './model/change.ts'
import type { Forecast } from './model/forecast.ts'
import type { Instant, MachineId, PlanId, RoomId, SiteId } from './model/ids.ts'
import type { Decision, Plan, PlanInput, Target } from './model/plan.ts'
import type { Text } from './model/reason.ts'
import { comparePark, type ParkComparison } from './park-comparison.ts'

export type ReportCounts = Readonly<Record<Decision['kind'], number>> & {
  readonly machines: number
  /** With something to be made good, now or later. */
  readonly changing: number
  /** Changes by what a person at the PC would notice. */
  readonly changes: Readonly<Record<Effect, number>>
  /** Estimated time of the machines' actions, added up; they run side by side. */
  readonly workMs: number
  /** Forecast of what disks take over the lycées' networks, as far as it is known here. */
  readonly bytes: number
}

/** What is done at one machine's disk. */
export type DiskReport = {
  readonly machine: MachineId
  readonly text: Text
  readonly image: string
  readonly effect: Effect
  readonly bytes?: number
  readonly workMs: number
  /** Partitions that are lost, as far as the disk was seen. Undefined: nobody has read what is on it. */
  readonly wipes?: readonly string[]
}

export type RoomReport = { readonly id: RoomId; readonly name: string; readonly counts: ReportCounts }

export type SiteReport = {
  readonly id: SiteId
  readonly title: string
  readonly timezone: string
  readonly counts: ReportCounts
  readonly rooms: readonly RoomReport[]
  /** Changes of this lycée only. */
  readonly changes: readonly ChangeGroup[]
}

export type PlanReport = {
  readonly plan: PlanId
  readonly park: string
  readonly timezone: string
  readonly target: Target
  readonly at: Instant
  readonly counts: ReportCounts
  /** Equal changes of several lycées. */
  readonly changes: readonly ChangeGroup[]
  /** In the order of their ids. */
  readonly sites: readonly SiteReport[]
  readonly exceptions: readonly ExceptionGroup[]
  readonly unmanaged: readonly MachineId[]
  /** Machines whose disk would be rewritten. */
  readonly wiped: readonly MachineId[]
  /** In the order of machine ids. */
  readonly disks: readonly DiskReport[]
  /** Disks that nobody has looked at: what is done to them once they show up, unless they are as wanted already. */
  readonly unseenDisks: readonly DiskReport[]
  /** Of a plan that changes something, if it was asked for. */
  readonly forecast?: Forecast
  readonly comparison?: ParkComparison
  /** Whether `up` would take this revision after the one compared with, as long as nobody approves it. */
  readonly admission?: Admission
}

/**
 * @param base the revision to compare with, as for a pull request.
 * @param known what the plan was made from; without it nothing is said of disks that nobody has looked at.
 */
export function reportPlan(
  desired: Desired,
  plan: Plan,
  base?: Desired,
  known?: Pick<PlanInput, 'inventory' | 'images' | 'durations'>,
): PlanReport {
  const total = zero()
  const bySite = new Map<SiteId, Tally>()
  const byRoom = new Map<RoomId, Tally>()
  const described: [MachineId, readonly Described[]][] = []
  const wiped: MachineId[] = []
  const disks: DiskReport[] = []
  const unseenDisks: DiskReport[] = []
  const neededMs = durationsIn(desired, known)
  for (const [id, decision] of plan.decisions) {
    const machine = desired.machines.get(id)
    if (machine === undefined) continue
    const changes = plannedChanges(decision)
    for (const tally of [total, entryOf(bySite, machine.site, zero), entryOf(byRoom, machine.room, zero)]) {
      count(tally, decision, changes, changes.length === 0 ? 0 : neededMs(machine, changes))
    }
    if (changes.length > 0) {
      described.push([id, changes.map((change) => ({ text: describeChange(change), effect: change.effect }))])
    }
    if (changes.some((change) => change.effect === 'destructive')) wiped.push(id)
    disks.push(...changes.filter(isImagerChange).map((change) => diskReport(machine, change, neededMs)))
    const expected = known && forecastOf(desired, machine, known)
    if (expected !== undefined) unseenDisks.push(diskReport(machine, expected, neededMs))
  }
  const groups = groupChanges(desired, described)
  const report: PlanReport = {
    plan: plan.id,
    park: desired.park.name,
    timezone: desired.park.timezone,
    target: plan.target,
    at: plan.at,
    counts: total,
    changes: groups.filter((group) => group.sites.length > 1),
    sites: [...desired.sites.values()].sort(byId).map((site) => ({
      id: site.id,
      title: site.title,
      timezone: site.timezone,
      counts: bySite.get(site.id) ?? zero(),
      rooms: [...site.rooms.values()].sort(byId).map(({ id, name }) => ({
        id,
        name,
        counts: byRoom.get(id) ?? zero(),
      })),
      changes: groups.filter((group) => group.sites.length === 1 && group.sites[0] === site.id),
    })),
    exceptions: groupExceptions(plan),
    unmanaged: plan.unmanaged,
    wiped,
    disks,
    unseenDisks,
  }
  if (base === undefined) return report
  const admission = admit(base, { desired, diagnostics: [] }, false)
  return { ...report, comparison: comparePark(base, desired), admission }
}

function forecastOf(
  { sites }: Desired,
  machine: DesiredMachine,
  { inventory, images }: Pick<PlanInput, 'inventory' | 'images'>,
): DiskChange | undefined {
  const site = sites.get(machine.site)
  const isUnseen = inventory.get(machine.id)?.disk === undefined
  return site === undefined || !isUnseen ? undefined : diskForecast(machine, site, images)
}

type NeededMs = (machine: DesiredMachine, changes: readonly Change[]) => number

/** Of a machine's own model at its own lycée, as far as that was measured. */
function durationsIn(
  { sites }: Desired,
  known: Pick<PlanInput, 'inventory' | 'durations'> | undefined,
): NeededMs {
  const estimates = createEstimates(known?.durations)
  return (machine, changes) => {
    const site = sites.get(machine.site)
    const hardware = known?.inventory.get(machine.id)?.facts?.hardware
    return site === undefined ? 0 : estimates(site, hardware).neededMs(changes)
  }
}

function diskReport(machine: DesiredMachine, change: ImagerChange, neededMs: NeededMs): DiskReport {
  const bytes = change.facet === 'disk' ? change.bytes : undefined
  const wipes = change.facet === 'disk' ? change.wipes : []
  return {
    machine: machine.id,
    text: describeChange(change),
    image: change.image,
    effect: change.effect,
    ...(bytes === undefined ? {} : { bytes }),
    workMs: neededMs(machine, [change]),
    ...(wipes === undefined ? {} : { wipes }),
  }
}

/** What a decision means to change, now or when it may. */
export function plannedChanges(decision: Decision): readonly Change[] {
  switch (decision.kind) {
    case 'act':
      return decision.action.changes
    case 'held':
    case 'stalled':
      return decision.changes
    case 'converged':
    case 'unknown':
      return []
  }
}

type Tally = { -readonly [Key in keyof ReportCounts]: ReportCounts[Key] } & {
  changes: Record<Effect, number>
}

const zero = (): Tally => ({
  machines: 0,
  converged: 0,
  act: 0,
  held: 0,
  unknown: 0,
  stalled: 0,
  changing: 0,
  changes: { quiet: 0, disruptive: 0, destructive: 0 },
  workMs: 0,
  bytes: 0,
})

function count(tally: Tally, decision: Decision, changes: readonly Change[], workMs: number): void {
  tally.machines++
  tally[decision.kind]++
  if (changes.length === 0) return
  tally.changing++
  tally.workMs += workMs
  for (const change of changes) {
    tally.changes[change.effect]++
    if (change.facet === 'disk') tally.bytes += change.bytes ?? 0
  }
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1)
