import test from 'ava'
import type {
  Digest,
  MachineId,
  Revision,
  RolloutId,
  RolloutOrderId,
  SiteId,
} from '../../reconciler/model/ids.ts'
import type { Rollout, RolloutOrder, RolloutPhase } from '../../reconciler/model/rollout.ts'
import { obey, refusalOf } from '../../reconciler/rollout-orders.ts'
import { tooManyFailures } from '../../reconciler/rollout-reasons.ts'
import type { RolloutTally, Tally } from '../../reconciler/rollout-tally.ts'
import { atOnce } from '../../reconciler/rollout-waves.ts'

const now = 1_000_000

const paused = (by: 'failures' | 'person'): RolloutPhase => ({
  kind: 'paused',
  by,
  who: 'claire',
  reason: tooManyFailures(1, 3, 0.05),
  at: 900_000,
})

const rollout = (more: Partial<Rollout> = {}): Rollout => ({
  id: 'r1' as RolloutId,
  revision: 'c2' as Revision,
  next: 'sha256:2' as Digest,
  base: { revision: 'c1' as Revision, desired: 'sha256:1' as Digest },
  proven: null,
  policy: atOnce,
  startedAt: 0,
  fence: { epoch: 1, generation: 2 },
  isRollback: false,
  phase: { kind: 'running' },
  waves: [{ machines: 3, openedAt: 0, metSince: 500_000 }, { machines: 3 }],
  accepted: [],
  heldSites: {},
  ...more,
})

const nobody: Tally = {
  waiting: 0,
  pending: 0,
  attempted: 0,
  succeeded: 0,
  failed: 0,
  accepted: 0,
  unneeded: 0,
  deferred: 0,
}

const tally: RolloutTally = {
  total: { ...nobody, failed: 1, succeeded: 2 },
  waves: [],
  sites: new Map(),
  standings: new Map([
    ['hugo/b204-01' as MachineId, 'failed'],
    ['hugo/b204-02' as MachineId, 'succeeded'],
  ]),
}

const order = (kind: RolloutOrder['kind'], id = 'r1'): RolloutOrder => ({
  id: `${kind} ${id}` as RolloutOrderId,
  rollout: id as RolloutId,
  kind,
  who: 'jeanne',
  at: now,
})

test('a wave whose failures a person accepts must be well for the whole soak time again', (t) => {
  const resumed = obey(rollout({ phase: paused('failures') }), [order('resume')], tally, now).rollout
  t.deepEqual(resumed.phase, { kind: 'running' })
  t.deepEqual(resumed.accepted, ['hugo/b204-01' as MachineId])
  t.deepEqual(resumed.waves, [{ machines: 3, openedAt: now }, { machines: 3 }])
})

test('a pause that a person made takes nothing from the soak time', (t) => {
  const resumed = obey(rollout({ phase: paused('person') }), [order('resume')], tally, now).rollout
  t.like(resumed.waves[0], { openedAt: now, metSince: 500_000 })
})

const asked = [
  { machines: 3, openedAt: 0, passedAt: 1 },
  { machines: 3, awaitsApprovalSince: 1 },
]
const held = { ['hugo' as SiteId]: 1 }
const senses: readonly (readonly [what: string, Rollout, RolloutOrder['kind'], string | undefined])[] = [
  ['a pause while it runs', rollout(), 'pause', undefined],
  ['a pause of what is paused', rollout({ phase: paused('failures') }), 'pause', 'rollout-paused-already'],
  ['going on while it runs', rollout(), 'resume', 'rollout-not-paused'],
  ['going on where a lycée is held', rollout({ heldSites: held }), 'resume', undefined],
  ['an approval that nobody asked for', rollout(), 'approve', 'nothing-to-approve'],
  ['an approval that is asked for', rollout({ waves: asked }), 'approve', undefined],
  ['going back where nothing was before', rollout({ base: null }), 'rollback', 'nothing-to-go-back-to'],
  ['going back', rollout(), 'rollback', undefined],
  [
    'an end of what is over',
    rollout({ phase: { kind: 'done', who: 'loop', at: 1 } }),
    'abort',
    'rollout-over',
  ],
]

for (const [what, before, kind, code] of senses) {
  test(`${what} ${code === undefined ? 'makes sense' : `is answered with ${code}`}`, (t) => {
    t.is(refusalOf(before, kind)?.code, code)
    const { rollout: after, refused } = obey(before, [order(kind)], tally, now)
    t.deepEqual(
      refused.map(({ data }) => data['code']),
      code === undefined ? [] : [code],
    )
    if (code !== undefined) t.is(after, before)
  })
}

test('an order for another rollout is answered, and changes nothing', (t) => {
  const before = rollout()
  const { rollout: after, refused } = obey(before, [order('abort', 'r0')], tally, now)
  t.is(after, before)
  t.like(refused[0], { kind: 'rollout-order-refused', actor: 'jeanne', data: { code: 'rollout-over' } })
})

test('of two orders alike, the refusal says which one it answers', (t) => {
  const [first, second] = [order('pause'), { ...order('pause'), id: 'the same again' as RolloutOrderId }]
  const { refused } = obey(rollout(), [first, second], tally, now)
  t.deepEqual(
    refused.map(({ data }) => data),
    [{ id: second.id, order: 'pause', code: 'rollout-paused-already' }],
  )
})
