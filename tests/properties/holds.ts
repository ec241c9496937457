import type { ExecutionContext } from 'ava'
import fc from 'fast-check'

/** Runs a property, and says with which seed, so that a failure elsewhere can be had again here. */
export function holds(t: ExecutionContext, property: fc.IRawProperty<unknown>, numRuns = 500): void {
  const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.log(`PROPERTY_SEED=${seed}`)
  fc.assert(property, { seed, numRuns })
  t.pass()
}
