/** Plays seeds of the small region until one breaks a rule, or all are through: exit code 1 or 0. `SEEDS=1-20`. */
import { simulate } from '../../cli/simulate/simulate.ts'
import { parseFaults } from '../../providers/simulated/misfortune.ts'
import type { Revision } from '../../reconciler/model/ids.ts'
import { before, next } from './small-region.ts'

const [first = 1, last = 10] = (process.env['SEEDS'] ?? '1-10').split('-').map(Number)
const faults = parseFaults(process.env['FAULTS'] ?? 'storm') ?? []

/** Monday 12 October 2026, noon in Paris. */
const start = Date.parse('2026-10-12T10:00:00Z')

for (let seed = first; seed <= last; seed += 1) {
  const run = await simulate({
    seed,
    days: 3,
    start,
    faults,
    base: { revision: 'c1' as Revision, desired: before() },
    next: { revision: 'c2' as Revision, desired: next() },
    calmDays: 8,
  })
  const [violation] = run.violations
  const what =
    violation === undefined ? 'well' : `${violation.rule} ${violation.machine ?? ''} ${violation.detail}`
  console.log(
    `seed ${seed}: ${what} (${run.log.events} events, ${run.asWanted} of ${run.machines} as wanted)`,
  )
  if (violation !== undefined && process.env['ALL'] === undefined) {
    process.exitCode = 1
    break
  }
}
