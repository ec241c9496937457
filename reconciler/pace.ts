/**
 * What was measured of durations, folded: how often each pace was seen of a kind of work, on a hardware model, at a lycée. A
 * histogram with steps of a tenth needs no reading before writing, adds up over stores, and gives any quantile to within
 * that tenth. A mean would not do: what must fit into a window is not the usual PC but nearly the slowest.
 */
import type { Durations, PaceCount } from './model/duration.ts'
import type { SiteId } from './model/ids.ts'

const stepRatio = 1.1
/** 1.1 ** -43 is a sixtieth, 1.1 ** 29 sixteen times: what lies beyond is a clock that was set, not work. */
const leastStep = -43
const mostStep = 29

/** Nine in ten are through by then. */
const quantile = 0.9
/** With fewer the 90th percentile is a matter of luck: then a wider scope answers. */
const enough = 8

/** `expectedMs` more than zero. */
export const paceStep = (tookMs: number, expectedMs: number): number => {
  const step = Math.ceil(Math.log(tookMs / expectedMs) / Math.log(stepRatio))
  return Math.max(leastStep, Math.min(mostStep, step))
}

export const paceOf = (step: number): number => stepRatio ** step

export const scopeKey = (kind: string, model: string, site: SiteId | ''): string =>
  `${kind}\n${model}\n${site}`

/** From the most specific scope to the widest. A model that is not known is no scope: it would be any. */
export const scopesOf = (kind: string, model: string, site: SiteId): readonly string[] => [
  ...(model === '' ? [] : [scopeKey(kind, model, site), scopeKey(kind, model, '')]),
  scopeKey(kind, '', site),
  scopeKey(kind, '', ''),
]

export function durationsOf(counts: Iterable<PaceCount>): Durations {
  const scopes = new Map<string, Map<number, number>>()
  for (const { kind, model, site, step, times } of counts) {
    for (const key of scopesOf(kind, model, site)) {
      const steps = scopes.get(key) ?? new Map<number, number>()
      scopes.set(key, steps)
      steps.set(step, (steps.get(step) ?? 0) + times)
    }
  }
  const durations = new Map<string, number>()
  for (const [key, steps] of scopes) {
    const step = stepAt(steps)
    if (step !== undefined) durations.set(key, paceOf(step))
  }
  return durations
}

function stepAt(steps: ReadonlyMap<number, number>): number | undefined {
  let total = 0
  for (const times of steps.values()) total += times
  if (total < enough) return undefined
  let left = Math.ceil(quantile * total)
  for (const [step, times] of [...steps].sort(([a], [b]) => a - b)) {
    left -= times
    if (left <= 0) return step
  }
  return undefined
}
