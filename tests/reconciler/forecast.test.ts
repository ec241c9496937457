import test from 'ava'
import { forecast } from '../../reconciler/forecast.ts'
import { forecastTexts } from '../../reconciler/forecast-text.ts'
import type { Forecast } from '../../reconciler/model/forecast.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { KnownImage, Pause, PlanInput } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import type {
  Desired,
  DesiredMachine,
  DesiredRollout,
  DesiredSite,
  Profile,
  SiteCapacity,
} from '../../specs/desired.ts'
import {
  calendar,
  capacity,
  digest,
  everyDay,
  facts,
  machine,
  machineId,
  manifest,
  now,
  observedDisk,
  off,
  park,
  planInput,
  profile,
  server,
  up,
  wantedDisk,
  wantedPackage,
  wantedScript,
  weekly,
} from './sample-park.ts'

const minute = 60_000
const hour = 60 * minute
const night = weekly(everyDay, '19:00', '06:00', { allow: 'destructive' })
const gigabyte = 1e9

const known: KnownImage = { usedBytes: 9e9, storedBytes: 5 * gigabyte, deltaBytes: () => gigabyte }
const images = new Map([[manifest('2026.10'), known]])

const names = (site: string, room: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${site}/${room}-${String(index + 1).padStart(2, '0')}`)

const vim = (more: Parameters<typeof profile>[0] = {}): Profile =>
  profile({ packages: [wantedPackage('vim')], ...more })

const parkOf = (
  machines: readonly DesiredMachine[],
  rollout?: Partial<DesiredRollout>,
  site: Partial<DesiredSite> = {},
): Desired => {
  const plain = park(machines, site)
  if (rollout === undefined) return plain
  return { ...plain, park: { ...plain.park, rollout: { waves: [], soakMs: 2 * hour, ...rollout } } }
}

const look = (desired: Desired, observed: readonly Observed[], more: Partial<PlanInput> = {}) => {
  const input = planInput(desired, observed, more)
  return { desired, plan: plan(input), inventory: input.inventory, history: input.history, images }
}

const ahead = (desired: Desired, observed: readonly Observed[], more: Partial<PlanInput> = {}): Forecast => {
  const found = forecast(look(desired, observed, more))
  if (found === undefined) throw new Error('nothing to forecast')
  return found
}

const atOnce = (actions: number): SiteCapacity => capacity({ actions })

const minutesFromNow = (at: number | undefined): number | undefined =>
  at === undefined ? undefined : (at - now) / minute

/** Nineteen o’clock of the day of the tests, in minutes from now. */
const evening = 9 * 60

test('a park that is as wanted has no forecast', (t) => {
  const ids = names('hugo', 'b1', 2)
  const desired = parkOf(ids.map((id) => machine(id, profile())))
  t.is(
    forecast(
      look(
        desired,
        ids.map((id) => up(id)),
      ),
    ),
    undefined,
  )
})

test('without waves all machines come at once, as many at a time as the lycée works on', (t) => {
  const ids = names('hugo', 'b1', 5)
  const desired = parkOf(
    ids.map((id) => machine(id, vim())),
    undefined,
    { capacity: atOnce(2) },
  )
  const { waves, of, end } = ahead(
    desired,
    ids.map((id) => up(id)),
  )
  t.is(of, 0)
  t.is(waves.length, 1)
  // A package takes the transaction's minute and 45 s: three rounds of two.
  t.like(waves[0], { wave: 1, machines: 5, from: now, to: now + 3 * 105_000 })
  t.is(end, now + 3 * 105_000)
})

test('a wave opens when the one before is through and has soaked', (t) => {
  const canary = names('hugo', 'b1', 2)
  const rest = names('hugo', 'b2', 4)
  const desired = parkOf(
    [...canary, ...rest].map((id) => machine(id, vim())),
    { waves: [{ rooms: ['b1'] }, { percent: 100 }] },
  )
  const { waves } = ahead(
    desired,
    [...canary, ...rest].map((id) => up(id)),
  )
  t.deepEqual(
    waves.map(({ wave, machines }) => [wave, machines]),
    [
      [1, 2],
      [2, 4],
    ],
  )
  const [first, second] = waves
  t.is(second?.opensAt, (first?.metAt ?? 0) + 2 * hour)
  t.true((second?.from ?? 0) >= (second?.opensAt ?? 0))
})

test('a wave is met once its success share is through, and the rest goes on beside the next', (t) => {
  const ids = [...names('hugo', 'b1', 10), ...names('hugo', 'b2', 2)]
  const desired = parkOf(
    ids.map((id) => machine(id, vim())),
    { waves: [{ rooms: ['b1'] }], successShare: 0.8, soakMs: 0 },
    { capacity: atOnce(1) },
  )
  const [first, second] = ahead(
    desired,
    ids.map((id) => up(id)),
  ).waves
  t.is(minutesFromNow(first?.metAt), (8 * 105) / 60)
  t.is(second?.opensAt, first?.metAt)
  t.is(minutesFromNow(second?.to), (12 * 105) / 60)
})

test('work waits for the window, and PCs are woken in it', (t) => {
  const ids = names('hugo', 'b1', 1)
  const desired = parkOf(ids.map((id) => machine(id, vim({ windows: [night] }))))
  const [wave] = ahead(
    desired,
    ids.map((id) => off(id, facts())),
  ).waves
  t.is(minutesFromNow(wave?.from), evening)
  t.is(minutesFromNow(wave?.to), evening + 3 + 105 / 60)
})

test('PCs that may not be woken are told, and hold no wave up', (t) => {
  const awake = names('hugo', 'b1', 2)
  const carts = names('hugo', 'c1', 2)
  const others = names('hugo', 'd1', 1)
  const laptop = vim({ power: { wake: false, reboot: 'when-needed' }, windows: [night] })
  const desired = parkOf(
    [
      ...awake.map((id) => machine(id, vim())),
      ...carts.map((id) => machine(id, laptop)),
      ...others.map((id) => machine(id, vim())),
    ],
    { waves: [{ rooms: ['b1', 'c1'] }, { percent: 100 }], deadlineMs: 24 * hour },
  )
  const { waves, left } = ahead(
    desired,
    [...awake, ...carts, ...others].map((id) => off(id, facts())),
  )
  t.deepEqual(left, [{ kind: 'asleep', machines: carts.map(machineId) }])
  const [first, second] = waves
  t.like(first, { machines: 2, outOfReach: 0, metAt: first?.to })
  t.true((second?.opensAt ?? 0) < now + 24 * hour)
})

test('PCs that are paused hold their wave until its deadline, and that is said', (t) => {
  const ids = names('hugo', 'b1', 4)
  const others = names('hugo', 'd1', 1)
  const desired = parkOf(
    [...ids, ...others].map((id) => machine(id, vim())),
    { waves: [{ rooms: ['b1'] }, { percent: 100 }], deadlineMs: 24 * hour },
  )
  const pauses = ids
    .slice(2)
    .map((id): Pause => ({ scope: { kind: 'machine', id }, who: 'claire', why: 'exam', at: now }))
  const { waves, left } = ahead(
    desired,
    [...ids, ...others].map((id) => off(id, facts())),
    { pauses },
  )
  t.like(waves[0], { machines: 2, outOfReach: 2, metAt: now + 24 * hour })
  t.is(waves[1]?.opensAt, now + 26 * hour)
  const desiredOf = forecastTexts(
    { waves, of: 2, misfits: [], left, assumed: [], unsized: [] },
    'Europe/Paris',
  )
  t.true(
    desiredOf.some(({ en }) =>
      en.startsWith('wave 1: 2 machines are out of reach, which holds it until its deadline, Wed 14 Oct'),
    ),
  )
})

test('a wave that nobody can be reached in waits for a person', (t) => {
  const carts = names('hugo', 'c1', 2)
  const others = names('hugo', 'd1', 1)
  const laptop = vim({ power: { wake: false, reboot: 'when-needed' } })
  const desired = parkOf(
    [...carts.map((id) => machine(id, laptop)), ...others.map((id) => machine(id, vim()))],
    { waves: [{ rooms: ['c1'] }, { percent: 100 }], deadlineMs: 24 * hour },
  )
  const found = ahead(
    desired,
    [...carts, ...others].map((id) => off(id, facts())),
  )
  t.is(found.waves[0]?.metAt, undefined)
  t.is(found.waves[0]?.from, undefined)
  t.true(forecastTexts(found, 'Europe/Paris').some(({ en }) => en.endsWith('a person must decide')))
})

test('work that is longer than any window of its machine is told with its length', (t) => {
  const short = weekly(everyDay, '19:00', '19:10')
  const ids = names('hugo', 'b1', 2)
  const wide = vim({ windows: [short], scripts: [wantedScript('a'), wantedScript('b')] })
  const disk = profile({ disk: wantedDisk('2026.10'), windows: [{ ...short, allow: 'destructive' }] })
  const [one = '', other = ''] = ids
  const desired = parkOf([machine(one, wide), machine(other, disk)], undefined, { server })
  const seen = [off(one, facts()), off(other, facts(), { disk: observedDisk(wantedDisk('2026.09')) })]
  const { misfits, waves } = ahead(desired, seen)
  t.is(misfits.length, 1)
  t.like(misfits[0], { machines: [machineId(other)], effect: 'destructive' })
  // What can be split into several actions is: the package one evening, the scripts the next.
  t.is(waves[0]?.machines, 1)
  t.true((waves[0]?.to ?? 0) > now + 9 * hour)
})

test('a lycée that cannot be through by the deadline is told with how many are late', (t) => {
  const ids = names('hugo', 'b1', 30)
  const quarter = weekly(everyDay, '19:00', '19:05')
  const desired = parkOf(
    ids.map((id) => machine(id, vim({ windows: [quarter] }))),
    { waves: [{ percent: 100 }], deadlineMs: 48 * hour },
    { capacity: atOnce(4) },
  )
  const { waves } = ahead(
    desired,
    ids.map((id) => off(id, facts())),
  )
  // Two evenings of four.
  t.is(waves[0]?.lycees[0]?.late, 22)
  t.is(waves[0]?.machines, 30)
})

test('what is only drift is healed at once and is in no wave', (t) => {
  const ids = names('hugo', 'b1', 4)
  const desired = parkOf(
    ids.map((id) => machine(id, vim())),
    { waves: [{ percent: 50 }, { percent: 100 }] },
  )
  const seen = ids.map((id) => up(id))
  const changed = new Set(ids.slice(0, 1).map(machineId))
  const found = forecast({ ...look(desired, seen), isChanged: (id) => changed.has(id) })
  t.deepEqual(
    found?.waves.map(({ wave, machines }) => [wave === undefined, machines]),
    [
      [true, 3],
      [false, 1],
    ],
  )
})

test('an image comes over the uplink once, before the first disk, and to each disk over the network', (t) => {
  const ids = names('hugo', 'b1', 3)
  const kind = profile({ disk: wantedDisk('2026.10') })
  const desired = parkOf(
    ids.map((id) => machine(id, kind)),
    undefined,
    // Half of it is for images: 5 MB a second, 200 s for the gigabyte.
    { server, uplinkBitsPerSecond: 80e6 },
  )
  const [wave] = ahead(
    desired,
    ids.map((id) => off(id, facts(), { disk: observedDisk(wantedDisk('2026.09')) })),
  ).waves
  t.is(wave?.uplinkBytes, gigabyte)
  t.is(wave?.lanBytes, 3 * gigabyte)
  t.is(wave?.from, now + 200_000)
})

test('machines that nobody has seen are reckoned with what the revision before wants', (t) => {
  const ids = names('hugo', 'b1', 2)
  const same = wantedScript('same', 'check')
  const before = profile({
    digest: digest('before'),
    packages: [wantedPackage('vim'), wantedPackage('geogebra')],
    scripts: [same],
  })
  const after = profile({
    digest: digest('after'),
    packages: [wantedPackage('vim'), wantedPackage('geogebra', { kind: 'absent' }), wantedPackage('gimp')],
    scripts: [same],
  })
  const base = parkOf(ids.map((id) => machine(id, before)))
  const desired = parkOf(ids.map((id) => machine(id, after)))
  const found = forecast({ ...look(desired, []), base })
  t.deepEqual(found?.assumed, ids.map(machineId))
  // Two packages in one transaction, and nothing for what is as it was; and they are woken for it.
  t.is(minutesFromNow(found?.end), 3 + 1 + 1.5)
  t.is(forecast({ ...look(base, []), base }), undefined)
})

test('on a disk that is written anew, scripts that never ran there run', (t) => {
  const [id = ''] = names('hugo', 'b1', 1)
  const scripts = [wantedScript('once', 'once'), wantedScript('boot', 'boot'), wantedScript('check', 'check')]
  const of = (version: string): Desired =>
    parkOf(
      [machine(id, profile({ digest: digest(version), disk: wantedDisk(version), scripts }))],
      undefined,
      {
        server,
      },
    )
  const { plan: decided, ...known } = look(of('2026.10'), [])
  const through = (base: Desired): number =>
    minutesFromNow(forecast({ ...known, plan: decided, base })?.end) ?? Number.NaN
  const scriptless = profile({ digest: digest('plain'), disk: wantedDisk('2026.10') })
  const plain = parkOf([machine(id, scriptless)], undefined, { server })
  const alone = forecast({ ...look(plain, []), base: of('2026.09') })?.end
  // Two minutes for the one that runs once; the start itself brings the others.
  t.is(through(of('2026.09')) - (minutesFromNow(alone) ?? 0), 2)
})

test('a pause with an end is waited for, one without is told', (t) => {
  const [one = '', other = ''] = names('hugo', 'b1', 2)
  const desired = parkOf([one, other].map((id) => machine(id, vim())))
  const pause = { who: 'chris', why: 'exam', at: now } as const
  const { waves, left } = ahead(desired, [up(one), up(other)], {
    pauses: [
      { ...pause, scope: { kind: 'machine', id: one }, until: now + hour },
      { ...pause, scope: { kind: 'machine', id: other } },
    ],
  })
  t.is(waves[0]?.from, now + hour)
  t.deepEqual(left, [{ kind: 'paused', machines: [machineId(other)] }])
})

test('a wave that somebody must approve is told to be not before that', (t) => {
  const ids = names('hugo', 'b1', 2)
  const desired = parkOf(
    ids.map((id) => machine(id, vim())),
    { waves: [{ percent: 50 }, { percent: 100, approval: true }] },
  )
  const found = ahead(
    desired,
    ids.map((id) => up(id)),
  )
  t.deepEqual(
    found.waves.map(({ approval }) => approval),
    [false, true],
  )
  const [, second] = forecastTexts(found, 'Europe/Paris')
  t.regex(
    second?.en ?? '',
    /^wave 2 of 2 \(1 machine\): once somebody has approved it, not before Tue 13 Oct/,
  )
  t.regex(
    second?.fr ?? '',
    /^vague 2 sur 2 \(1 poste\)\u00a0: une fois approuvée, pas avant le mar\. 13 oct\./,
  )
})

test('the order of inputs does not matter', (t) => {
  const ids = [...names('hugo', 'b1', 4), ...names('zola', 'a1', 3)]
  const exam = calendar('2026-10-14T00:00', '2026-10-15T00:00', { deny: true })
  const kind = vim({ windows: [night, exam] })
  const of = (order: readonly string[]): Forecast =>
    ahead(
      parkOf(
        order.map((id) => machine(id, kind)),
        { waves: [{ percent: 30 }, { percent: 100 }] },
      ),
      order.map((id) => off(id, facts())),
    )
  t.deepEqual(of(ids), of(ids.toReversed()))
})
