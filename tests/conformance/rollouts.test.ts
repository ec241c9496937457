/** What the store keeps of rollouts: moved only with the target that was read, with their orders and their events in one go. */
import type { Revision, RolloutId, RolloutOrderId } from '../../reconciler/model/ids.ts'
import type { Fence } from '../../reconciler/model/plan.ts'
import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { onEachDatabase } from './databases.ts'
import { claimAction, endAction } from './one-action.ts'
import { action, digest, ended, event, machineId, start, target } from './samples.ts'

const staleMs = 30_000
const day = 24 * 3_600_000

const fence = (generation: number): Fence => ({ epoch: 1, generation })

const rollout = (number: number, more: Partial<Rollout> = {}): Rollout => ({
  id: `rollout-${number}` as RolloutId,
  revision: `commit-${number}` as Revision,
  next: digest(number),
  base: null,
  proven: null,
  policy: { waves: [], successShare: 0, deadlineMs: 1, healthMs: 1, rollback: 'never' },
  startedAt: start + number,
  fence: fence(number),
  isRollback: false,
  phase: { kind: 'running' },
  waves: [{ machines: 3, openedAt: start, fence: fence(number) }, { machines: 2 }],
  accepted: [machineId(1)],
  heldSites: {},
  ...more,
})

const over = (number: number, more: Partial<Rollout> = {}): Rollout =>
  rollout(number, { phase: { kind: 'done', who: 'loop', at: start + number + 1 }, ...more })

const order = (number: number, more: Partial<RolloutOrder> = {}): RolloutOrder => ({
  id: `order-${number}` as RolloutOrderId,
  rollout: 'rollout-1' as RolloutId,
  kind: 'pause',
  who: 'claire',
  why: 'bac blanc',
  at: start + number,
  ...more,
})

const give = (store: Store, ...orders: readonly RolloutOrder[]): Promise<unknown> =>
  Promise.all(
    orders.map((one) => store.addRolloutOrder(one, event({ kind: 'rollout-ordered', actor: one.who }))),
  )

const kindsOf = async (store: Store): Promise<readonly string[]> =>
  (await store.events({ limit: 100 })).map(({ kind }) => kind)

const idsOf = async (store: Store): Promise<readonly string[]> =>
  (await store.rollouts(500)).map(({ id }) => id)

const nothingServed = (...rollouts: readonly Rollout[]) => ({ rollouts, served: [] })

onEachDatabase('a rollout comes back as it was put, the newest first', async (t, { store }) => {
  const [first, second] = [over(1, { heldSites: { ['victor-hugo' as never]: start } }), rollout(2)]
  t.deepEqual(await store.rollouts(10), [])
  await store.advanceTarget(target(1), [], nothingServed(first))
  await store.advanceTarget(target(2), [], nothingServed(second))
  t.deepEqual(await store.rollouts(10), [second, first])
  t.deepEqual(await store.rollouts(1), [second])
})

onEachDatabase(
  'a rollout moves with the target, its orders and its events, or not at all',
  async (t, { store }) => {
    await store.advanceTarget(target(1), [], nothingServed(rollout(1)))
    await give(store, order(1), order(2))
    const paused = rollout(1, {
      phase: {
        kind: 'paused',
        by: 'person',
        who: 'claire',
        reason: { code: 'x', message: { en: '', fr: '' } },
        at: 1,
      },
    })
    const move = { rollouts: [paused], served: [order(1).id] }
    const events = [event({ kind: 'rollout-paused' })]
    t.false(await store.advanceTarget(target(3), events, move), 'somebody was faster')
    t.deepEqual(await store.rollouts(1), [rollout(1)])
    t.deepEqual(await store.rolloutOrders(), [order(1), order(2)])
    t.deepEqual(await kindsOf(store), ['rollout-ordered', 'rollout-ordered'])

    t.true(await store.advanceTarget(target(2), events, move))
    t.deepEqual(await store.rollouts(1), [paused])
    t.deepEqual(await store.rolloutOrders(), [order(2)])
    t.deepEqual((await kindsOf(store)).at(-1), 'rollout-paused')
  },
)

onEachDatabase(
  'what moves no machine is noted only while the target is the one that was read',
  async (t, { store }) => {
    const noted = rollout(1, {
      waves: [{ machines: 3, openedAt: start, metSince: start + 5 }, { machines: 2 }],
    })
    const move = { rollouts: [noted], served: [order(1).id] }
    t.false(await store.moveRollout(move, fence(1), [event()]), 'there is no target')
    await store.advanceTarget(target(1), [], nothingServed(rollout(1)))
    await give(store, order(1))
    for (const other of [fence(2), fence(0), { epoch: 2, generation: 1 }])
      t.false(await store.moveRollout(move, other, [event()]))
    t.deepEqual(await store.rollouts(1), [rollout(1)])
    t.deepEqual(await store.rolloutOrders(), [order(1)])
    t.deepEqual(await kindsOf(store), ['rollout-ordered'])

    t.true(await store.moveRollout(move, fence(1), [event()]))
    t.deepEqual(await store.rollouts(1), [noted])
    t.deepEqual(await store.rolloutOrders(), [])
    t.deepEqual(await store.target(), target(1), 'the target stays')
  },
)

onEachDatabase(
  'of two loops that move one rollout one does, and the other’s events are not there',
  async (t, { store, openAgain }) => {
    const other = await openAgain()
    await store.advanceTarget(target(1), [], nothingServed(rollout(1)))
    const moved = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? store : other).advanceTarget(
          target(2),
          [event({ actor: `loop-${index}` })],
          nothingServed(rollout(1, { accepted: [machineId(index)] })),
        ),
      ),
    )
    t.is(moved.filter(Boolean).length, 1)
    const winner = moved.indexOf(true)
    t.deepEqual((await store.rollouts(1))[0]?.accepted, [machineId(winner)])
    t.deepEqual(
      (await store.events({ limit: 10 })).map(({ actor }) => actor),
      [`loop-${winner}`],
    )
  },
)

onEachDatabase(
  'two rollouts may change in one go: the one that is taken back, and the way back',
  async (t, { store }) => {
    await store.advanceTarget(target(1), [], nothingServed(rollout(1)))
    const back = rollout(2, {
      isRollback: true,
      base: { revision: 'commit-1' as Revision, desired: digest(1) },
    })
    await store.advanceTarget(target(2), [], nothingServed(over(1), back))
    t.deepEqual(await store.rollouts(10), [back, over(1)])
  },
)

onEachDatabase(
  'orders come in the order in which they were given, each with its event, until they are served',
  async (t, { store }) => {
    const plain: RolloutOrder = {
      id: 'order-0' as RolloutOrderId,
      rollout: 'rollout-9' as RolloutId,
      kind: 'approve',
      who: 'jeanne',
      at: start,
    }
    await give(store, order(3, { kind: 'abort' }), order(1), plain)
    t.deepEqual(await store.rolloutOrders(), [plain, order(1), order(3, { kind: 'abort' })])
    await store.advanceTarget(target(1), [], { rollouts: [], served: [plain.id, order(3).id] })
    t.deepEqual(await store.rolloutOrders(), [order(1)])
    t.is((await kindsOf(store)).filter((kind) => kind === 'rollout-ordered').length, 3)
  },
)

const wake = { facet: 'power', item: 'wake', operation: 'wake', effect: 'quiet', from: 'off', to: 'on' }

onEachDatabase(
  'what was tried is read once it begins and once it has ended, and only what is new',
  async (t, { store }) => {
    const [first, second] = [action('first', machineId(1)), action('second', machineId(2))]
    await claimAction(store, first, 'a', start, staleMs)
    await claimAction(store, second, 'a', start + 1, staleMs)
    const begun = await store.attempts(fence(1), 0)
    t.deepEqual(
      begun.map(({ seq: _seq, ...row }) => row),
      [
        { action: first.id, machine: machineId(1), fence: fence(1), since: start },
        { action: second.id, machine: machineId(2), fence: fence(1), since: start + 1 },
      ],
    )
    const upTo = begun.at(-1)?.seq ?? 0
    t.true((begun[0]?.seq ?? 0) < upTo)
    t.deepEqual(await store.attempts(fence(1), upTo), [])

    await endAction(store, ended(first, 'a'))
    const [end, ...more] = await store.attempts(fence(1), upTo)
    t.deepEqual(more, [])
    t.like(end, { action: first.id, since: start, endedAt: start + 30_000, result: 'complete' })
    t.true((end?.seq ?? 0) > upTo)
    t.is((await store.attempts(fence(1), 0)).length, 2, 'each action is there once, as it is now')
  },
)

onEachDatabase('how a try ended is kept in a word', async (t, { store }) => {
  const reason = { code: 'dpkg-broken', message: { en: '', fr: '' } }
  const outcomes = [
    [{ kind: 'complete', results: [], at: start }, 'complete', undefined],
    [{ kind: 'failed', class: 'terminal', reason, results: [], at: start }, 'terminal', 'dpkg-broken'],
    [{ kind: 'failed', class: 'wait', reason, results: [], at: start }, 'wait', 'dpkg-broken'],
    [{ kind: 'wrong-precondition', reason, at: start }, 'wrong-precondition', 'dpkg-broken'],
    [{ kind: 'refused', reason, at: start }, 'refused', 'dpkg-broken'],
  ] as const
  for (const [index, [outcome]] of outcomes.entries()) {
    const one = action(`action-${index}`, machineId(index))
    await claimAction(store, one, 'a', start, staleMs)
    await endAction(store, ended(one, 'a', { outcome }))
  }
  t.deepEqual(
    (await store.attempts(fence(1), 0)).map(({ result, code }) => [result, code]),
    outcomes.map(([, result, code]) => [result, code]),
  )
})

onEachDatabase(
  'waking a PC is no try, and neither is what an older target had started',
  async (t, { store }) => {
    const only = action('only-wakes', machineId(1), { changes: [wake as never] })
    const also = action('wakes-and-installs', machineId(2), {
      changes: [wake as never, ...action('', machineId(2)).changes],
      fence: fence(2),
    })
    const later = action('later', machineId(3), { fence: { epoch: 2, generation: 1 } })
    const older = action('older', machineId(4))
    for (const one of [only, also, later, older]) await claimAction(store, one, 'a', start, staleMs)
    const since = async (of: Fence) => (await store.attempts(of, 0)).map((row): string => row.action)
    t.deepEqual(await since(fence(1)), ['wakes-and-installs', 'later', 'older'])
    t.deepEqual(await since(fence(2)), ['wakes-and-installs', 'later'])
    t.deepEqual(await since(fence(3)), ['later'], 'a newer epoch is newer whatever its generation')
  },
)

onEachDatabase(
  'an action that another loop takes over stays one try, with its beginning',
  async (t, { store }) => {
    const one = action('one', machineId(1))
    await claimAction(store, one, 'a', start, staleMs)
    await store.touchOwner('a', 0)
    t.is(await claimAction(store, one, 'b', start + 60_000, staleMs), 'claimed')
    t.deepEqual(
      (await store.attempts(fence(1), 0)).map(({ since }) => since),
      [start],
    )
  },
)

onEachDatabase(
  'the revisions that the last rollouts come from and lead to are kept, and what is under way',
  async (t, { store }) => {
    const named = (number: number) => ({ revision: `commit-${number}` as Revision, desired: digest(number) })
    const put = (number: number) =>
      store.putRevision(`commit-${number}` as Revision, digest(number), `bytes ${number}`, start + number)
    for (let number = 1; number <= 30; number += 1) await put(number)
    await store.advanceTarget(
      target(1, { desired: digest(9) }),
      [],
      nothingServed(over(2, { base: named(1) })),
    )
    await store.moveRollout(
      nothingServed(
        over(3, { base: named(2), proven: named(1) }),
        rollout(6, { base: named(5), proven: named(4) }),
      ),
      fence(1),
      [],
    )
    await store.collectGarbage(start + day)
    const kept: number[] = []
    for (let number = 1; number <= 20; number += 1)
      if ((await store.getRevision(digest(number))) !== undefined) kept.push(number)
    t.deepEqual(kept, [1, 2, 3, 4, 5, 6, 9], 'of the two last rollouts, and the target’s own')
  },
)

onEachDatabase(
  'rollouts of a few school years are kept, one under way always, and orders as long as theirs',
  async (t, { store }) => {
    await store.advanceTarget(target(1), [], nothingServed(rollout(1), over(2)))
    await give(
      store,
      order(1),
      order(2, { rollout: 'rollout-2' as RolloutId }),
      order(3, { rollout: 'gone' as RolloutId }),
    )
    const later = Array.from({ length: 210 }, (_, index) => over(index + 10))
    await store.moveRollout({ rollouts: later, served: [order(2).id] }, fence(1), [])
    t.is((await idsOf(store)).length, 212)
    await store.collectGarbage(start + 365 * day)
    const ids = await idsOf(store)
    t.is(ids.length, 201)
    t.true(ids.includes('rollout-1'), 'it is not over')
    t.false(ids.includes('rollout-2'))
    t.deepEqual(
      (await store.rolloutOrders()).map(({ id }) => id),
      [order(1).id, order(3).id],
      'what nobody has answered yet is answered some day',
    )
  },
)

onEachDatabase('what was tried is known as long as the rollout is under way', async (t, { store }) => {
  await store.advanceTarget(target(1), [], nothingServed(rollout(1)))
  const one = action('one', machineId(1))
  await claimAction(store, one, 'a', start, staleMs)
  await endAction(store, ended(one, 'a'))
  await store.collectGarbage(start + 100 * day)
  t.is((await store.attempts(fence(1), 0)).length, 1, 'a rollout over the summer holidays')
  await store.moveRollout(nothingServed(over(1)), fence(1), [])
  await store.collectGarbage(start + 101 * day)
  t.deepEqual(await store.attempts(fence(1), 0), [])
})
