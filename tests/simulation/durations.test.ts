import test from 'ava'
import { durationsOf, scopeKey } from '../../reconciler/pace.ts'
import { sixPcs, wish } from './lycee.ts'
import { createWorld } from './world.ts'

test('a loop learns how long its work takes, and every process on the store knows it', async (t) => {
  const archive = { geogebra: ['6.0.850-1'] }
  const ids = sixPcs
  const world = await createWorld(t, { seed: 31, ids, archive, installed: {} })
  world.commit('c1', wish(ids, { packages: { geogebra: 'present' }, scripts: { proxy: 'change' } }))
  t.is(await world.once('a'), 'converged')
  world.commit('c2', wish(ids, { packages: { geogebra: 'absent' }, scripts: { proxy: 'change:2' } }))
  t.is(await world.once('b'), 'converged')
  const counts = await world.store.durations()
  const times = (kind: string): number =>
    counts.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.times, 0)
  t.is(times('packages'), 2 * ids.length)
  t.is(times('scripts/proxy'), 2 * ids.length)
  // A simulated PC needs half a second to twenty seconds for what is assumed to take two minutes.
  const pace = durationsOf(counts).get(scopeKey('scripts/proxy', '', ''))
  t.true(pace !== undefined && pace > 0 && pace <= 0.2, `${pace}`)
})
