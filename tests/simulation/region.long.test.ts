/** The whole example region once: fifteen thousand PCs, all faults at once for two days, then none. REGION_SEED=<seed> draws another. */
import test from 'ava'
import { simulate } from '../../cli/simulate/simulate.ts'
import { faultSets } from '../../providers/simulated/misfortune.ts'
import type { Revision } from '../../specs/ids.ts'
import { septemberCommit } from '../bench/region/region-park.ts'

const seed = Number(process.env['REGION_SEED'] ?? 1)

test(`a region under storm keeps the rules, and calm, all of it becomes as wanted (REGION_SEED=${seed})`, async (t) => {
  t.timeout(60 * 60_000)
  const { base, next } = await septemberCommit()
  const { violations, asWanted, machines, convergedAfterMs } = await simulate({
    seed,
    days: 2,
    // Monday 7 September 2026, 12:00 in Paris.
    start: Date.parse('2026-09-07T10:00:00Z'),
    faults: faultSets['storm'] ?? [],
    base: { revision: 'base' as Revision, desired: base },
    next: { revision: 'next' as Revision, desired: next },
    calmDays: 28,
  })
  t.log(`as wanted after ${((convergedAfterMs ?? 0) / 86_400_000).toFixed(1)} days of calm`)
  t.deepEqual(violations, [])
  t.is(machines, 15_000)
  t.is(asWanted, machines)
})
