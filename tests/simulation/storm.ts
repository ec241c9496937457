/**
 * Small parks under storm: a seed draws the park, the commit, hardware, people and faults. Whatever goes wrong, the rules hold; once
 * nothing goes wrong any more, every PC becomes as wanted.
 * A seed that fails is printed; run it alone with REGION_SEED=<seed>. REGION_SEEDS=<number> sets how many are run.
 */
import test from 'ava'
import { simulate } from '../../cli/simulate/simulate.ts'
import { faultSets } from '../../providers/simulated/misfortune.ts'
import type { Revision } from '../../specs/ids.ts'
import { smallPark } from './small-park.ts'

const alone = process.env['REGION_SEED']
const count = Number(process.env['REGION_SEEDS'] ?? 300)
const seeds = Array.from({ length: count }, (_, index) => index + 1)

/** Monday 7 September 2026, 12:00 in Paris. */
const start = Date.parse('2026-09-07T10:00:00Z')

/** Larger gulps than usual: three hundred runs are to take minutes. */
const pace = {
  gatherMs: 150_000,
  passEveryMs: 15 * 60_000,
  requestsEveryMs: 15 * 60_000,
  observeEveryMs: 30 * 60_000,
  freshMs: 61 * 60_000,
}

export const simulateStorm = (seed: number) => {
  const { base, next } = smallPark(seed)
  return simulate({
    seed,
    days: 3,
    start,
    faults: faultSets['storm'] ?? [],
    base: { revision: 'base' as Revision, desired: base },
    next: { revision: 'next' as Revision, desired: next },
    calmDays: 21,
    pace,
  })
}

/** The seeds are shared between two files, so that two processes run them. */
export const testStorms = (half: 0 | 1): void => {
  const own = seeds.filter((seed) => seed % 2 === half)
  for (const seed of alone === undefined ? own : half === 0 ? [Number(alone)] : [])
    test.serial(`under storm the rules hold, and calm, all is as wanted (REGION_SEED=${seed})`, async (t) => {
      const { violations, asWanted, machines } = await simulateStorm(seed)
      t.deepEqual(violations, [])
      t.is(asWanted, machines)
    })
}
