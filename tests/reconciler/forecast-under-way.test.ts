import test from 'ava'
import { forecast } from '../../reconciler/forecast.ts'
import { forecastTexts } from '../../reconciler/forecast-text.ts'
import type { Forecast } from '../../reconciler/model/forecast.ts'
import type { SiteId } from '../../reconciler/model/ids.ts'
import type { Rollout, Wave } from '../../reconciler/model/rollout.ts'
import { plan } from '../../reconciler/plan.ts'
import { beginRollout } from '../../reconciler/rollout-start.ts'
import { assignWaves, policyOf } from '../../reconciler/rollout-waves.ts'
import {
  facts,
  machine,
  now,
  park,
  planInput,
  profile,
  siteId,
  targetOf,
  up,
  wantedPackage,
} from './sample-park.ts'

const hour = 3_600_000
const opened = now - hour
const [rooms, seats] = [['b1', 'b2', 'b3'] as const, ['01', '02', '03', '04'] as const]
const ids = rooms.flatMap((room) => seats.map((seat) => `hugo/${room}-${seat}`))

const plain = park(ids.map((id) => machine(id, profile({ packages: [wantedPackage('vim')] }))))
const desired = {
  ...plain,
  park: {
    ...plain.park,
    rollout: {
      waves: [{ rooms: ['b1'] }, { rooms: ['b2'] }, { percent: 100, approval: true }],
      soakMs: 2 * hour,
      deadlineMs: 24 * hour,
    },
  },
}

const policy = policyOf(desired.park)
const begun = beginRollout({
  revision: targetOf(desired).revision,
  next: desired,
  base: null,
  proven: null,
  isRollback: false,
  policy,
  waveOf: assignWaves(policy, desired.machines),
  fence: { epoch: 1, generation: 1 },
  now: opened,
})

const rollout = (waves: readonly Partial<Wave>[], more: Partial<Rollout> = {}): Rollout => ({
  ...begun,
  waves: begun.waves.map((wave, index) => ({ ...wave, ...waves[index] })),
  ...more,
})

/** `through`: machines that have it already. */
const ahead = (through: readonly string[], underWay: Rollout): Forecast => {
  const done = facts({ installed: { vim: '9' } })
  const seen = ids.map((id) => (through.includes(id) ? up(id, done) : up(id)))
  const input = planInput(desired, seen)
  const { inventory, history } = input
  const found = forecast({ desired, plan: plan(input), inventory, history, images: undefined, underWay })
  if (found === undefined) throw new Error('nothing to forecast')
  return found
}

const inRoom = (room: string): readonly string[] => ids.filter((id) => id.includes(`/${room}-`))

test('a wave that is open goes on now, and its deadline counts from when it opened', (t) => {
  const { waves } = ahead(inRoom('b1').slice(0, 2), rollout([{ openedAt: opened }]))
  t.like(waves[0], { wave: 1, machines: 2, opensAt: opened, from: now })
  t.is(waves[1]?.opensAt, (waves[0]?.metAt ?? 0) + 2 * hour)
})

test('those that are through count for the success share', (t) => {
  // Nine in ten of four are four: the two that are left must be through as well.
  const { waves } = ahead(inRoom('b1').slice(0, 2), rollout([{ openedAt: opened }]))
  t.is(waves[0]?.metAt, waves[0]?.to)
  const half = { ...policy, successShare: 0.5 }
  t.is(
    ahead(inRoom('b1').slice(0, 2), rollout([{ openedAt: opened }], { policy: half })).waves[0]?.metAt,
    now,
  )
})

test('a wave that soaks has no work left, and the next opens when it has soaked', (t) => {
  const { waves } = ahead(inRoom('b1'), rollout([{ openedAt: opened, metSince: now - hour }]))
  t.deepEqual(
    waves.map(({ wave }) => wave),
    [2, 3],
  )
  t.is(waves[0]?.opensAt, now + hour)
})

test('a wave that has passed opens the next at once', (t) => {
  const passed = { openedAt: opened, metSince: opened, passedAt: now - 1 }
  const { waves } = ahead(inRoom('b1'), rollout([passed]))
  t.like(waves[0], { wave: 2, opensAt: now, from: now })
})

test('an approval that was given is not asked for again', (t) => {
  const last = (wave: Partial<Wave>) => ahead([], rollout([{}, {}, wave])).waves.at(-1)?.approval
  t.is(last({}), true)
  t.is(last({ approvedBy: 'chris' }), false)
})

test('of a rollout that is paused it is told', (t) => {
  const reason = { code: 'too-many-failures', message: { en: '', fr: '' } }
  const phase = { kind: 'paused', by: 'failures', who: 'loop', reason, at: now } as const
  const found = ahead([], rollout([{ openedAt: opened }], { phase }))
  t.true(forecastTexts(found, 'Europe/Paris').some(({ en }) => en.startsWith('the rollout is paused')))
})

test('a lycée that is held is reckoned with nothing', (t) => {
  const heldSites: Record<SiteId, number> = { [siteId('hugo')]: now }
  const { waves, left } = ahead([], rollout([{ openedAt: opened }], { heldSites }))
  t.like(left, [{ kind: 'held', machines: { length: 12 } }])
  t.is(waves[0]?.from, undefined)
})
