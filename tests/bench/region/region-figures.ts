/** A commit's way through the whole region, simulated: beside what bandwidth and windows allow, and what simulating it costs. */
import { type Measure, measure } from '../measure.ts'

export type AgainstBound = {
  readonly machines: number
  readonly asWanted: number
  /** From the commit on. */
  readonly tookMs: number
  readonly boundMs: number
  readonly violations: number
}

/** What simulating some days cost, and how they ended. */
export type Played = {
  readonly machines: number
  readonly asWanted: number
  readonly violations: number
  readonly events: number
  readonly phase: string
  readonly cost: Measure
}

export type RegionFigures = {
  readonly bound: AgainstBound
  readonly week: Played
  /** The first day alone, of larger and smaller regions. */
  readonly days: readonly Played[]
}

const script = new URL('region-process.ts', import.meta.url).pathname

/** @param times of the example region's 15,000 PCs. */
export async function measureRegion(
  times: readonly number[],
  tell: (line: string) => void,
): Promise<RegionFigures> {
  tell('  the region against its lower bound')
  const bound: AgainstBound = JSON.parse((await run('bound', 1)).output)
  const played = async (kind: 'week' | 'day', size: number): Promise<Played> => {
    tell(`  a ${kind} of ${15_000 * size} PCs`)
    const cost = await run(kind, size)
    return { ...JSON.parse(cost.output), cost }
  }
  const week = await played('week', 1)
  const days: Played[] = []
  for (const one of times) days.push(await played('day', one))
  return { bound, week, days }
}

/** Ten regions need a larger heap than Node takes by itself. */
const run = (kind: string, times: number): Promise<Measure> =>
  measure([
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    ...(times > 1 ? [`--max-old-space-size=${Math.round(1_200 * times)}`] : []),
    script,
    kind,
    String(times),
  ])
