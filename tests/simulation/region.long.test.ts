/** The whole example region once: fifteen thousand PCs, all faults at once for two days, then none. REGION_SEED=<seed> draws another. */
import test from 'ava'
import { simulate } from '../../cli/simulate/simulate.ts'
import { faultSets } from '../../providers/simulated/misfortune.ts'
import type { Revision } from '../../specs/ids.ts'
import { septemberCommit } from '../bench/region/region-park.ts'

const seed = Number(process.env['REGION_SEED'] ?? 1)

test(`a region under storm keeps the rules, and calm, all that can be woken becomes as wanted (REGION_SEED=${seed})`, async (t) => {
  t.timeout(60 * 60_000)
  const { base, next } = await septemberCommit()
  // Laptops on trolleys are written when somebody has them out while a window is open: some never are.
  const trolleys = [...next.machines.values()].filter(({ profile }) => !profile.power.wake).length
  const { violations, asWanted, machines } = await simulate({
    seed,
    days: 2,
    // Monday 7 September 2026, 12:00 in Paris.
    start: Date.parse('2026-09-07T10:00:00Z'),
    faults: faultSets['storm'] ?? [],
    base: { revision: 'base' as Revision, desired: base },
    next: { revision: 'next' as Revision, desired: next },
    calmDays: 14,
  })
  t.log(`${machines - asWanted} of ${machines} are not as wanted yet; ${trolleys} cannot be woken`)
  t.deepEqual(
    violations.filter(({ rule }) => rule !== 'not-converged'),
    [],
  )
  t.is(machines, 15_000)
  t.true(asWanted >= machines - trolleys)
})
