import test from 'ava'
import { statesInForce } from '../../cli/images/states-in-force.ts'
import type { Revision } from '../../reconciler/model/ids.ts'
import { beginRollout } from '../../reconciler/rollout-start.ts'
import { atOnce } from '../../reconciler/rollout-waves.ts'
import { openStore } from '../../reconciler/store/open.ts'
import type { Desired } from '../../specs/desired.ts'
import { serialize } from '../../specs/serialize.ts'
import { wish } from '../simulation/lycee.ts'

const before = wish(['hugo/a1-01'], { packages: { geogebra: 'present' } })
const next = wish(['hugo/a1-01'], { packages: { blender: 'present' } })
const [old, young] = ['c1' as Revision, 'c2' as Revision]

const digests = (states: readonly Desired[]) => states.map(({ digest }) => digest)

test('what a rollout leads to and comes from is in force besides what is wanted now', async (t) => {
  const store = await openStore('sqlite::memory:')
  t.teardown(() => store.close())
  t.deepEqual(await statesInForce(store, { back: true }), [])

  for (const [revision, desired] of [[old, before] as const, [young, next] as const])
    await store.putRevision(revision, desired.digest, serialize(desired), 1)
  const fence = { epoch: 1, generation: 1 }
  const named = { revision: old, desired: before.digest }
  const rollout = beginRollout({
    revision: young,
    next,
    base: named,
    proven: named,
    policy: atOnce,
    isRollback: false,
    waveOf: new Map(),
    fence,
    now: 1,
  })
  const target = { fence, parent: null, revision: young, desired: before.digest, at: 1 }
  await store.advanceTarget(target, [], { rollouts: [rollout], served: [] })
  t.deepEqual(digests(await statesInForce(store, { back: false })), [before.digest, next.digest])

  const phase = { kind: 'done', who: 'loop', at: 2 } as const
  const done = { ...target, fence: { epoch: 1, generation: 2 }, parent: fence, desired: next.digest }
  await store.advanceTarget(done, [], { rollouts: [{ ...rollout, phase }], served: [] })
  t.deepEqual(digests(await statesInForce(store, { back: false })), [next.digest])
  t.deepEqual(digests(await statesInForce(store, { back: true })), [next.digest, before.digest])
})
