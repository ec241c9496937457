import type { LoopConfig } from '../../reconciler/loop/loop-parts.ts'

const minuteMs = 60_000

/**
 * How often a loop looks at so many machines. A region is looked at less often than a lycée, in larger gulps, which is what makes a
 * week of it playable. PCs that start are heard by the lycées' servers at once whatever the interval is, so that those that are off
 * are looked at once a day; and what happens is decided upon at once, so that passes over all machines, once a day, find little.
 */
export const paceOfLoop = (machines: number): LoopConfig => {
  const scale = Math.min(1, machines / 15_000)
  const observeEveryMs = Math.round((15 + 345 * scale) * minuteMs)
  const observeOffEveryMs = Math.round((15 + 1425 * scale) * minuteMs)
  return {
    passEveryMs: Math.round((5 + 1435 * scale) * minuteMs),
    observeEveryMs,
    observeOffEveryMs,
    freshMs: 2 * observeOffEveryMs + minuteMs,
    observeConcurrency: 4096,
    gatherMs: Math.round((0.3 + 1.7 * scale) * minuteMs),
    requestsEveryMs: Math.round((5 + 25 * scale) * minuteMs),
    staleOwnerMs: 15 * minuteMs,
    actor: 'proviseur',
  }
}
