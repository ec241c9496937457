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

export type Week = {
  readonly machines: number
  readonly asWanted: number
  readonly violations: number
  readonly events: number
  readonly phase: string
  readonly cost: Measure
}

export type RegionFigures = { readonly bound: AgainstBound; readonly weeks: readonly Week[] }

const script = new URL('region-process.ts', import.meta.url).pathname

/** @param times of the example region's 15,000 PCs. */
export async function measureRegion(
  times: readonly number[],
  tell: (line: string) => void,
): Promise<RegionFigures> {
  tell('  the region against its lower bound')
  const bound: AgainstBound = JSON.parse((await run('bound', 1)).output)
  const weeks: Week[] = []
  for (const one of times) {
    tell(`  a week of ${15_000 * one} PCs`)
    const cost = await run('week', one)
    weeks.push({ ...JSON.parse(cost.output), cost })
  }
  return { bound, weeks }
}

const run = (kind: string, times: number): Promise<Measure> =>
  measure([process.execPath, '--disable-warning=ExperimentalWarning', script, kind, String(times)])
