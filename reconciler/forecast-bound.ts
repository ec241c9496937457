/**
 * The least time that a revision takes, by bandwidth and windows alone: what a simulation or a night of the real park is measured
 * against. No schedule can beat it: neither capacity, nor the PCs' own speed, nor waves, nor failures are in it.
 *
 * Per lycée: the image versions come over the whole uplink, from the first instant on; then their bytes go to the disks over the whole
 * bandwidth of the server's link, while a window of some machine is open that lets its disk be written. Work without bytes ends no earlier
 * than its machine's first window begins.
 */
import type { DesiredSite, Effect } from '../specs/desired.ts'
import { isImageChange, supplyOf } from './forecast-images.ts'
import { createOpeningSearches, type OpeningSearch } from './forecast-openings.ts'
import { type MachineWork, type WorkInput, workOf } from './forecast-work.ts'
import type { Instant, SiteId } from './model/ids.ts'
import { isWithin } from './timetable.ts'

export type LyceeBound = {
  readonly lycee: SiteId
  readonly end: Instant
  readonly uplinkMs: number
  readonly lanMs: number
}

export type Bound = {
  readonly end: Instant
  /** In the order of their ids; only those where something is to be done. */
  readonly lycees: readonly LyceeBound[]
}

/** Undefined: nothing is to be done. */
export function lowerBound(input: WorkInput): Bound | undefined {
  const { works } = workOf(input)
  const searches = createOpeningSearches(input.plan.at)
  const lycees = [...Map.groupBy(works, ({ machine }) => machine.site)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, ofSite]) => {
      const site = input.desired.sites.get(id)
      if (site === undefined) return []
      const openingsOf = ({ machine }: MachineWork) => searches(machine.profile.windows, site.timezone)
      return [boundOf(site, ofSite, openingsOf, input)]
    })
  if (lycees.length === 0) return undefined
  return { end: lycees.reduce((last, { end }) => Math.max(last, end), input.plan.at), lycees }
}

function boundOf(
  site: DesiredSite,
  works: readonly MachineWork[],
  openingsOf: (work: MachineWork) => OpeningSearch,
  { images, plan }: WorkInput,
): LyceeBound {
  const now = plan.at
  const supply = supplyOf(site, works, images, now)
  const versions = versionsOf(works).map(({ manifest, bytes }) => ({
    fetchMs: timeFor(supply.bytesOf(manifest), site.uplinkBitsPerSecond),
    moveMs: timeFor(bytes, site.capacity.lanBitsPerSecond),
  }))
  const uplinkMs = versions.reduce((sum, { fetchMs }) => sum + fetchMs, 0)
  const lanMs = versions.reduce((sum, { moveMs }) => sum + moveMs, 0)
  const windows = new Set(works.filter(({ actions }) => actions.flat().some(isImageChange)).map(openingsOf))
  const least = (times: readonly number[]): number => times.reduce((a, b) => Math.min(a, b), lanMs + uplinkMs)
  // Nothing is written before its version is whole: not before the first is, and of the last all is still to come.
  const ends = [
    afterOpen(windows, now + least(versions.map(({ fetchMs }) => fetchMs)), lanMs),
    afterOpen(windows, now + uplinkMs, least(versions.map(({ moveMs }) => moveMs))),
    ...works.map((work) => openingsOf(work).first(leastEffect(work), now, 1)?.from ?? now),
  ]
  return { lycee: site.id, end: ends.reduce((last, end) => Math.max(last, end), now), uplinkMs, lanMs }
}

/** The image versions that disks get, and what goes to all of them together. */
function versionsOf(
  works: readonly MachineWork[],
): readonly { readonly manifest: string; readonly bytes: number }[] {
  const bytes = new Map<string, number>()
  for (const { actions } of works)
    for (const change of actions.flat().filter(isImageChange))
      bytes.set(change.to, (bytes.get(change.to) ?? 0) + (change.bytes ?? 0))
  return [...bytes].map(([manifest, sum]) => ({ manifest, bytes: sum }))
}

/** When disks could have been written for so long, from `from` on: whenever a window of some machine is open. Without windows: at `from`. */
function afterOpen(windows: ReadonlySet<OpeningSearch>, from: Instant, neededMs: number): Instant {
  let at = from
  for (let left = neededMs; ; ) {
    const open = [...windows].flatMap((search) => search.first('destructive', at, 1) ?? [])
    const first = open.sort((a, b) => a.from - b.from || b.to - a.to)[0]
    if (first === undefined) return at
    const lastsMs = first.to - first.from
    if (left <= lastsMs) return first.from + left
    left -= lastsMs
    at = first.to
  }
}

const leastEffect = ({ actions }: MachineWork): Effect =>
  actions
    .flat()
    .reduce<Effect>((least, { effect }) => (isWithin(effect, least) ? effect : least), 'destructive')

const timeFor = (bytes: number, bitsPerSecond: number | undefined): number =>
  bitsPerSecond === undefined ? 0 : Math.ceil((bytes * 8 * 1000) / bitsPerSecond)
