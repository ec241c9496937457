import type { PaceSample } from '../../reconciler/model/duration.ts'
import type { SiteId } from '../../reconciler/model/ids.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { onEachDatabase } from './databases.ts'
import { claimAction, endAction } from './one-action.ts'
import { action, ended, machineId, start } from './samples.ts'

const sample = (step: number, more: Partial<PaceSample> = {}): PaceSample => ({
  kind: 'packages',
  model: 'Éditeur ProDesk 400 G6',
  site: 'victor-hugo' as SiteId,
  step,
  ...more,
})

const end = async (store: Store, id: string, durations: readonly PaceSample[]): Promise<boolean> => {
  const one = action(id, machineId(1))
  await claimAction(store, one, 'a', start, 30_000)
  return endAction(store, { ...ended(one, 'a', { at: start }), durations })
}

onEachDatabase('how long work took is counted by kind, model, lycée and pace', async (t, { store }) => {
  await end(store, 'one', [sample(-3), sample(0, { kind: 'scripts/proxy' })])
  await end(store, 'two', [sample(-3)])
  await end(store, 'three', [
    sample(2),
    sample(-3, { model: '' }),
    sample(-3, { site: 'jules-haag' as SiteId }),
  ])
  const counts = [...(await store.durations())].sort((a, b) =>
    JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
  )
  t.deepEqual(
    counts,
    [
      { ...sample(-3), times: 2 },
      { ...sample(2), times: 1 },
      { ...sample(-3, { model: '' }), times: 1 },
      { ...sample(-3, { site: 'jules-haag' as SiteId }), times: 1 },
      { ...sample(0, { kind: 'scripts/proxy' }), times: 1 },
    ].sort((a, b) => (JSON.stringify(sorted(a)) < JSON.stringify(sorted(b)) ? -1 : 1)),
  )
})

onEachDatabase('an action that had ended already is not counted again', async (t, { store }) => {
  const one = action('one', machineId(1))
  await claimAction(store, one, 'a', start, 30_000)
  t.true(await endAction(store, { ...ended(one, 'a', { at: start }), durations: [sample(1)] }))
  t.false(await endAction(store, { ...ended(one, 'a', { at: start }), durations: [sample(1)] }))
  t.deepEqual(await store.durations(), [{ ...sample(1), times: 1 }])
})

onEachDatabase('what was measured long ago fades, and what is rare is forgotten', async (t, { store }) => {
  await end(store, 'rare', [sample(9)])
  for (let index = 0; index < 200; index++) await end(store, `old-${index}`, [sample(0)])
  await store.collectGarbage(start)
  t.deepEqual(await store.durations(), [{ ...sample(0), times: 100 }])
  for (let index = 0; index < 101; index++) await end(store, `new-${index}`, [sample(-5)])
  await store.collectGarbage(start)
  const times = new Map((await store.durations()).map((one) => [one.step, one.times]))
  t.true((times.get(-5) ?? 0) >= (times.get(0) ?? 0), 'a hundred new ones weigh as much as all before')
})

const sorted = ({ kind, model, site, step, times }: PaceSample & { readonly times: number }) => ({
  kind,
  model,
  site,
  step,
  times,
})
