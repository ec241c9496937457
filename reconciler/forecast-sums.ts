/** What a wave comes to: from when to when, and how much over which network, in all and by lycée. */
import { isImageChange, type Supply } from './forecast-images.ts'
import type { Member, Span } from './forecast-waves.ts'
import type { MachineWork } from './forecast-work.ts'
import type { LyceeForecast, WaveForecast } from './model/forecast.ts'
import type { Instant, MachineId, SiteId } from './model/ids.ts'

export type WaveSums = Pick<WaveForecast, 'machines' | 'from' | 'to' | 'uplinkBytes' | 'lanBytes' | 'lycees'>

export type Sums = {
  /** To be asked in the order of the waves: an image version comes to a lycée once, with the first wave that needs it. */
  of(members: readonly Member[], deadline?: Instant): WaveSums
}

export function createSums(
  works: readonly MachineWork[],
  supplies: ReadonlyMap<SiteId, Supply>,
  spans: ReadonlyMap<MachineId, Span>,
): Sums {
  const workOf = new Map(works.map((work) => [work.machine.id, work]))
  const fetched = new Set<string>()
  const uplinkOf = (site: SiteId, manifest: string): number => {
    const key = `${site} ${manifest}`
    if (fetched.has(key)) return 0
    fetched.add(key)
    return supplies.get(site)?.bytesOf(manifest) ?? 0
  }
  const lycee = (site: SiteId, members: readonly Member[], deadline: Instant): LyceeForecast => {
    let [uplinkBytes, lanBytes, late] = [0, 0, 0]
    for (const { chain } of members) {
      const changes = workOf.get(chain.machine)?.actions.flat().filter(isImageChange) ?? []
      for (const { to, bytes = 0 } of changes) {
        uplinkBytes += uplinkOf(site, to)
        lanBytes += bytes
      }
      const span = spans.get(chain.machine)
      if (span === undefined || span.to > deadline) late++
    }
    const spent = members.flatMap(({ chain }) => spans.get(chain.machine) ?? [])
    return { lycee: site, machines: members.length, ...hull(spent), uplinkBytes, lanBytes, late }
  }
  return {
    of(members, deadline = Number.POSITIVE_INFINITY) {
      const lycees = [...Map.groupBy(members, ({ site }) => site)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([site, ofSite]) => lycee(site, ofSite, deadline))
      return {
        machines: members.length,
        ...hull(lycees),
        uplinkBytes: lycees.reduce((sum, one) => sum + one.uplinkBytes, 0),
        lanBytes: lycees.reduce((sum, one) => sum + one.lanBytes, 0),
        lycees,
      }
    },
  }
}

/** From the first beginning to the last end. */
function hull(spans: readonly Partial<Span>[]): Partial<Span> {
  const froms = spans.flatMap(({ from }) => from ?? [])
  const tos = spans.flatMap(({ to }) => to ?? [])
  return froms.length === 0 || tos.length === 0
    ? {}
    : { from: froms.reduce((a, b) => Math.min(a, b)), to: tos.reduce((a, b) => Math.max(a, b)) }
}
