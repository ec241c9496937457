import test from 'ava'
import type { Change } from '../../reconciler/model/change.ts'
import type { ActionId, ChangeKey, DiskRequestId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Decision, History, PlanInput } from '../../reconciler/model/plan.ts'
import { decideAnew, plan } from '../../reconciler/plan.ts'
import type { DesiredSite, Profile } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import {
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

const vim = profile({ packages: [wantedPackage('vim')] })
const minuteMs = 60_000

/** Wants another disk than it has, and nothing else. */
const imaged = (more: Parameters<typeof profile>[0] = {}): Profile =>
  profile({
    disk: wantedDisk(),
    reset: { policy: 'on-demand', keep: [], by: [] },
    facetDigests: { ...profile().facetDigests, disk: digest('disk') },
    ...more,
  })
const oldDisk = observedDisk(wantedDisk('2026.03'))

type Member = readonly [id: string, wanted: Profile, seen: Observed]

const withVim = (id: string, reach: 'up' | 'off' = 'up'): Member => [
  id,
  vim,
  reach === 'up' ? up(id) : off(id, facts()),
]
const withDisk = (id: string, more: Parameters<typeof profile>[0] = {}): Member => [
  id,
  imaged(more),
  up(id, facts(), { disk: oldDisk }),
]

const inputOf = (
  members: readonly Member[],
  site: Partial<DesiredSite>,
  more: Partial<PlanInput> = {},
): PlanInput =>
  planInput(
    park(
      members.map(([id, wanted]) => machine(id, wanted)),
      { server, ...site },
    ),
    members.map(([, , seen]) => seen),
    more,
  )

/** `b204-01: act`, or the code of what it is held by. */
const answers = (input: PlanInput): Readonly<Record<string, string>> =>
  Object.fromEntries([...plan(input).decisions].map(([id, decision]) => [nameOf(id), answer(decision)]))

const nameOf = (id: string): string => id.slice(id.indexOf('/') + 1)
const answer = (decision: Decision): string => ('reason' in decision ? decision.reason.code : decision.kind)

const flying = (since: number, changes?: readonly Change[]): History => ({
  inFlight: {
    action: 'a' as ActionId,
    owner: 'x',
    since,
    ...(changes === undefined ? {} : { changes }),
  },
  applied: {},
  backoffs: [],
})

const wake: Change = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }

const vimComes: Change = {
  facet: 'packages',
  item: 'vim',
  source: 'vim',
  operation: 'install',
  from: null,
  to: 'present',
  effect: 'quiet',
} as Change

const scriptRuns: Change = {
  facet: 'scripts',
  item: wantedScript('proxy').name,
  cause: 'never-run',
  from: null,
  to: digest('proxy'),
  effect: 'quiet',
}

const heldFor = (changes: readonly Change[]): Decision => ({
  kind: 'held',
  by: 'capacity',
  reason: { code: 'packages-at-capacity', message: say('Full.', 'Complet.') },
  changes,
})

const failedBefore = (attempts: number): History => ({
  applied: {},
  backoffs: [
    {
      key: 'packages/zsh@zsh=present' as ChangeKey,
      attempts,
      class: 'retry',
      notBefore: now - 1,
      reason: { code: 'boom', message: say('Boom.', 'Boum.') },
    },
  ],
})

test('a lycée works on no more machines at once than it may, what is in flight included', (t) => {
  const members = ['hugo/a1-01', 'hugo/a1-02', 'hugo/a1-03', 'zola/a1-04'].map((id) => withVim(id))
  const site = { capacity: capacity({ actions: 2 }) }
  t.deepEqual(answers(inputOf(members, site)), {
    'a1-01': 'act',
    'a1-02': 'act',
    'a1-03': 'actions-at-capacity',
    'a1-04': 'act',
  })
  // One that has left the park uses the network all the same.
  const history = new Map([[machineId('hugo/gone-01'), flying(now - 30_000)]])
  t.deepEqual(answers(inputOf(members, site, { history })), {
    'a1-01': 'act',
    'a1-02': 'actions-at-capacity',
    'a1-03': 'actions-at-capacity',
    'a1-04': 'act',
  })
})

test('disks have their own limit, and leave the rest of the capacity to other work', (t) => {
  const members = [withDisk('hugo/a1-01'), withDisk('hugo/a1-02'), withVim('hugo/a1-03')]
  t.deepEqual(answers(inputOf(members, { capacity: capacity({ images: 1 }) })), {
    'a1-01': 'act',
    'a1-02': 'images-at-capacity',
    'a1-03': 'act',
  })
})

test('no more disks are written at once than the server’s link carries', (t) => {
  const members = [withDisk('hugo/a1-01'), withDisk('hugo/a1-02'), withDisk('hugo/a1-03')]
  const on = (lanBitsPerSecond: number) =>
    Object.values(answers(inputOf(members, { capacity: capacity({ images: 16, lanBitsPerSecond }) })))
  t.deepEqual(on(1e9), ['act', 'act', 'act'])
  t.deepEqual(on(100e6), ['act', 'act', 'images-at-capacity'])
  t.deepEqual(on(10e6), ['act', 'images-at-capacity', 'images-at-capacity'])
})

test('a disk in flight counts as one, a wake in flight as none', (t) => {
  const members = [withDisk('hugo/a1-01'), withVim('hugo/a1-02')]
  const [change] = [...plan(inputOf(members, {})).decisions.values()].flatMap((decision) =>
    decision.kind === 'act' ? decision.action.changes : [],
  )
  if (change === undefined) throw new Error('nothing to do')
  const site = { capacity: capacity({ images: 1, actions: 1 }) }
  const after = (changes: readonly Change[]) =>
    answers(
      inputOf(members, site, {
        history: new Map([[machineId('hugo/gone-01'), flying(now - minuteMs, changes)]]),
      }),
    )
  t.deepEqual(after([change]), { 'a1-01': 'actions-at-capacity', 'a1-02': 'actions-at-capacity' })
  t.deepEqual(after([wake]), { 'a1-01': 'act', 'a1-02': 'actions-at-capacity' })
})

test('a PC whose disk must wait does what else there is to do', (t) => {
  const both = { packages: [wantedPackage('vim')] }
  const members = [withDisk('hugo/a1-01', both), withDisk('hugo/a1-02', both)]
  const { decisions } = plan(inputOf(members, { capacity: capacity({ images: 1 }) }))
  const facets = [...decisions.values()].map((decision) =>
    decision.kind === 'act' ? decision.action.changes.map(({ facet }) => facet) : [],
  )
  t.deepEqual(facets, [['disk'], ['packages']])
})

test('packages are installed on as many PCs as the uplink is worth, scripts on all', (t) => {
  const scripted = profile({ scripts: [wantedScript('proxy')] })
  const ran = facts({ scripts: new Map([[wantedScript('proxy').name, {}]]) })
  const members: readonly Member[] = [
    withVim('hugo/a1-01'),
    withVim('hugo/a1-02'),
    withVim('hugo/a1-03'),
    ['hugo/a1-04', scripted, up('hugo/a1-04', ran)],
  ]
  t.deepEqual(answers(inputOf(members, { uplinkBitsPerSecond: 20e6 })), {
    'a1-01': 'act',
    'a1-02': 'act',
    'a1-03': 'packages-at-capacity',
    'a1-04': 'act',
  })
  t.is(answers(inputOf(members, { uplinkBitsPerSecond: 1e6 }))['a1-01'], 'act', 'one always may')
})

test('PCs are woken a few within ten seconds, and the others are told when', (t) => {
  const members = ['hugo/a1-01', 'hugo/a1-02', 'hugo/a1-03'].map((id) => withVim(id, 'off'))
  const site = { capacity: capacity({ wakes: 2 }) }
  const { decisions } = plan(inputOf(members, site))
  t.like(decisions.get(machineId('hugo/a1-03')), {
    kind: 'held',
    by: 'capacity',
    reason: { code: 'wakes-at-capacity' },
    until: now + 10_000,
  })
  const history = new Map([
    [machineId('hugo/b1-01'), flying(now - 4_000, [wake])],
    [machineId('hugo/b1-02'), flying(now - 9_999, [wake])],
  ])
  const next = plan(inputOf(members, site, { history })).decisions
  t.like(next.get(machineId('hugo/a1-01')), { kind: 'held', until: now + 1 })
  const later = plan(inputOf(members, site, { history, now: now + 1 })).decisions
  t.is([...later.values()].filter(({ kind }) => kind === 'act').length, 1)
  t.like(later.get(machineId('hugo/a1-02')), { until: now + 6_000 })
})

test('however many PCs are still starting, the next are woken after ten seconds', (t) => {
  const history = new Map(
    Array.from({ length: 20 }, (_, index) => [
      machineId(`hugo/b1-${index}`),
      flying(now - 10_000 - index, [wake]),
    ]),
  )
  const members = [withVim('hugo/a1-01', 'off')]
  const site = { capacity: capacity({ wakes: 2, actions: 1 }) }
  t.deepEqual(answers(inputOf(members, site, { history })), { 'a1-01': 'act' })
})

test('after our clock was set back no wake is put off for longer than ten seconds', (t) => {
  const history = new Map([[machineId('hugo/b1-01'), flying(now + 3_600_000, [wake])]])
  const site = { capacity: capacity({ wakes: 1 }) }
  const { decisions } = plan(inputOf([withVim('hugo/a1-01', 'off')], site, { history }))
  t.like(decisions.get(machineId('hugo/a1-01')), { until: now + 10_000 })
})

test('a PC that is off and gets another disk needs a wake, an action and a stream', (t) => {
  const member: Member = ['hugo/a1-01', imaged(), off('hugo/a1-01', facts(), { disk: oldDisk })]
  const held = (limits: Parameters<typeof capacity>[0]) =>
    answers(inputOf([member], { capacity: capacity(limits) }))['a1-01']
  t.is(held({}), 'act')
  t.is(held({ actions: 0 }), 'actions-at-capacity')
  t.is(held({ wakes: 0 }), 'wakes-at-capacity')
  const history = new Map([[machineId('hugo/b1-01'), flying(now - minuteMs, [diskChange()])]])
  t.is(
    answers(inputOf([member], { capacity: capacity({ images: 1 }) }, { history }))['a1-01'],
    'images-at-capacity',
  )
})

function diskChange(): Change {
  return {
    facet: 'disk',
    item: 'image',
    operation: 'upgrade',
    from: null,
    to: manifest('2026.09'),
    image: 'debian-edu@2026.09',
    layout: digest('layout'),
    settings: digest('settings'),
    effect: 'destructive',
  }
}

const four = ['hugo/a1-01', 'hugo/a1-02', 'hugo/a1-03', 'hugo/a1-04']

test('half of a room stays usable while disks are written, and other rooms do not wait for it', (t) => {
  const members = [...four.map((id) => withDisk(id)), withDisk('hugo/b2-01'), withVim('hugo/a1-05')]
  t.deepEqual(answers(inputOf(members, { capacity: capacity({ roomShare: 0.5 }) })), {
    'a1-01': 'act',
    'a1-02': 'act',
    'a1-03': 'room-at-capacity',
    'a1-04': 'room-at-capacity',
    'a1-05': 'act',
    'b2-01': 'act',
  })
})

test('one PC of a room may always be worked on, however small the share', (t) => {
  const members = four.map((id) => withDisk(id))
  const kinds = Object.values(answers(inputOf(members, { capacity: capacity({ roomShare: 0 }) })))
  t.deepEqual(kinds, ['act', 'room-at-capacity', 'room-at-capacity', 'room-at-capacity'])
})

/** Not seen well since work on its disk. */
const brokenDisk = (code: string, kind: 'wait' | 'retry' = 'wait'): History => ({
  applied: {},
  backoffs: [
    {
      key: 'disk/image=other' as ChangeKey,
      attempts: 1,
      class: kind,
      notBefore: now + minuteMs,
      reason: { code, message: say('No.', 'Non.') },
    },
  ],
})

for (const [what, seen, history, isBroken] of [
  ['did not start after its disk was written', off('hugo/a1-01'), brokenDisk('system-not-started'), true],
  ['failed in the imager and is off', off('hugo/a1-01'), brokenDisk('disk-unwritable', 'retry'), true],
  ['stays in the imager', off('hugo/a1-01', undefined, { reach: 'imager' }), undefined, true],
  [
    'has a half-written disk',
    off('hugo/a1-01', undefined, { disk: { at: now - minuteMs, by: 'imager' } }),
    undefined,
    true,
  ],
  ['failed, and is up again', up('hugo/a1-01'), brokenDisk('disk-unwritable', 'retry'), false],
  ['could not be woken for its disk', off('hugo/a1-01'), brokenDisk('imager-not-started'), false],
  ['is off', off('hugo/a1-01', facts()), undefined, false],
] as const) {
  test(`of a room’s PCs one that ${what} ${isBroken ? 'is out of use' : 'can be used'}`, (t) => {
    const others = four.slice(1)
    const members: readonly Member[] = [
      ['hugo/a1-01', profile({ power: { wake: false, reboot: 'never' } }), seen],
      ...others.map((id) => withDisk(id)),
    ]
    const past = history === undefined ? new Map() : new Map([[machineId('hugo/a1-01'), history]])
    const site = { capacity: capacity({ roomShare: 0.5 }) }
    const acting = others.filter(
      (id) => answers(inputOf(members, site, { history: past }))[nameOf(id)] === 'act',
    )
    t.is(acting.length, isBroken ? 1 : 2)
  })
}

test('what is out of use already may always be mended: a new room is not imaged one by one', (t) => {
  const blank = { disk: { at: now - minuteMs, by: 'imager' } } as const
  const members = four.map((id): Member => [id, imaged(), off(id, undefined, { reach: 'imager', ...blank })])
  const kinds = Object.values(answers(inputOf(members, { capacity: capacity({ roomShare: 0.5 }) })))
  t.deepEqual(kinds, ['act', 'act', 'act', 'act'])
})

test('a room under work in flight counts, but only work that is felt', (t) => {
  const members = four.slice(1).map((id) => withDisk(id))
  const site = { capacity: capacity({ roomShare: 0.5 }) }
  const acting = (changes: readonly Change[]): number => {
    const all: readonly Member[] = [['hugo/a1-01', profile(), up('hugo/a1-01')], ...members]
    const history = new Map([[machineId('hugo/a1-01'), flying(now - minuteMs, changes)]])
    return Object.values(answers(inputOf(all, site, { history }))).filter((kind) => kind === 'act').length
  }
  t.is(acting([diskChange()]), 1)
  t.is(acting([wake]), 2)
})

test('what somebody asked for does not wait for the room, and comes before all else', (t) => {
  const members = four.map(
    (id): Member => [id, imaged(), up(id, facts(), { disk: observedDisk(wantedDisk()) })],
  )
  const requests = four.slice(1).map((id) => ({
    id: `reset-${id}` as DiskRequestId,
    machine: machineId(id),
    kind: 'reset' as const,
    who: 'marie',
    at: now - 1000,
  }))
  const first = withDisk('hugo/a1-00')
  const site = { capacity: capacity({ roomShare: 0.5, actions: 3 }) }
  t.deepEqual(answers(inputOf([first, ...members], site, { requests })), {
    'a1-00': 'actions-at-capacity',
    'a1-01': 'converged',
    'a1-02': 'act',
    'a1-03': 'act',
    'a1-04': 'act',
  })
})

/** Open for so many minutes from now. */
const openFor = (minutes: number): Profile['windows'] => [
  weekly(everyDay, '09:00', `10:${String(minutes).padStart(2, '0')}`, { allow: 'destructive' }),
]

const many = Array.from({ length: 20 }, (_, index) => wantedPackage(`package-${index}`))

test('what takes longest is started first, and a PC whose work fits no more leaves its place', (t) => {
  const long = (id: string, windows: Profile['windows']): Member => [
    id,
    profile({ packages: many, windows }),
    up(id),
  ]
  const short = (id: string, windows: Profile['windows']): Member => [
    id,
    profile({ packages: many.slice(0, 1), windows }),
    up(id),
  ]
  const site = { capacity: capacity({ actions: 1 }) }
  const at = (minutes: number) => {
    const windows = openFor(minutes)
    return answers(inputOf([short('hugo/a1-01', windows), long('hugo/a1-02', windows)], site))
  }
  t.deepEqual(at(40), { 'a1-01': 'actions-at-capacity', 'a1-02': 'act' })
  const disk = withDisk('hugo/a1-02', { windows: openFor(10) })
  t.deepEqual(answers(inputOf([short('hugo/a1-01', openFor(10)), disk], site)), {
    'a1-01': 'act',
    'a1-02': 'window-too-short',
  })
})

test('a PC whose window closes soon comes before one that has all night', (t) => {
  const members: readonly Member[] = [
    ['hugo/a1-01', profile({ packages: many.slice(0, 4) }), up('hugo/a1-01')],
    ['hugo/a1-02', profile({ packages: many.slice(0, 1), windows: openFor(10) }), up('hugo/a1-02')],
  ]
  t.deepEqual(answers(inputOf(members, { capacity: capacity({ actions: 1 }) })), {
    'a1-01': 'actions-at-capacity',
    'a1-02': 'act',
  })
})

test('rooms take turns, that with the fewest PCs out of use first', (t) => {
  const ids = ['hugo/a1-01', 'hugo/a1-02', 'hugo/a1-03', 'hugo/b2-01', 'hugo/b2-02', 'hugo/c3-01']
  const input = (more: Partial<PlanInput> = {}) =>
    inputOf(
      [...ids.map((id) => withDisk(id)), ['hugo/b2-09', profile(), up('hugo/b2-09')] as const],
      { capacity: capacity({ images: 3 }) },
      more,
    )
  const acting = (of: PlanInput) =>
    Object.entries(answers(of)).flatMap(([name, kind]) => (kind === 'act' ? [name] : []))
  t.deepEqual(acting(input()), ['a1-01', 'b2-01', 'c3-01'])
  const history = new Map([[machineId('hugo/b2-09'), flying(now - minuteMs, [diskChange()])]])
  t.deepEqual(acting(input({ history })), ['a1-01', 'c3-01'])
})

test('what has failed before comes after what has not, the most often failed last', (t) => {
  const members = ['hugo/a1-01', 'hugo/a1-02', 'hugo/a1-03'].map((id) => withVim(id))
  const history = new Map([
    [machineId('hugo/a1-01'), failedBefore(3)],
    [machineId('hugo/a1-02'), failedBefore(1)],
  ])
  const acting = (actions: number) =>
    Object.entries(answers(inputOf(members, { capacity: capacity({ actions }) }, { history }))).flatMap(
      ([name, kind]) => (kind === 'act' ? [name] : []),
    )
  t.deepEqual(acting(1), ['a1-03'])
  t.deepEqual(acting(2), ['a1-02', 'a1-03'])
})

test('decisions stay in the order of names, whoever is served first', (t) => {
  const members = [withVim('hugo/a1-01'), withDisk('hugo/a1-02'), withVim('hugo/a1-03')]
  const input = inputOf(members, { capacity: capacity({ actions: 1 }) })
  t.deepEqual(
    [...plan(input).decisions.keys()],
    members.map(([id]) => machineId(id)),
  )
})

test('of those that wait, only such are asked again as what has ended may have made room for', (t) => {
  const both = { packages: [wantedPackage('vim')] }
  const members = [
    withDisk('hugo/a1-01'),
    withDisk('hugo/a1-02'),
    withDisk('hugo/a1-03', both),
    withVim('hugo/a1-04'),
  ]
  const site = { capacity: capacity({ images: 1, actions: 2 }) }
  const held = plan(
    inputOf(members, site, {
      history: new Map(
        ['gone-01', 'gone-02'].map((name) => [machineId(`hugo/${name}`), flying(now - minuteMs, [vimComes])]),
      ),
    }),
  ).decisions
  t.deepEqual(new Set([...held.values()].map(answer)), new Set(['actions-at-capacity']))

  const queue = members.map(([id]) => machineId(id))
  const asked = (changes: readonly Change[]) => {
    const history = new Map([[machineId('hugo/gone-01'), flying(now - minuteMs, changes)]])
    const { decisions } = decideAnew(inputOf(members, site, { history }), [], [queue], held)
    return Object.fromEntries([...decisions].map(([id, decision]) => [nameOf(id), answer(decision)]))
  }
  // Room for one more, which need not be the first in the queue.
  t.deepEqual(asked([diskChange()]), { 'a1-03': 'act' })
  t.deepEqual(asked([vimComes]), { 'a1-01': 'act' })
  // A script waits for the packages that it is started with.
  const scripted = [withVim('hugo/a1-01')]
  const waiting = new Map([[machineId('hugo/a1-01'), heldFor([vimComes, scriptRuns])]])
  const uplink = { capacity: capacity({ actions: 8 }), uplinkBitsPerSecond: 1e6 }
  const downloads = new Map(
    Array.from({ length: 4 }, (_, index) => [
      machineId(`hugo/gone-${index}`),
      flying(now - minuteMs, [vimComes]),
    ]),
  )
  const again = decideAnew(
    inputOf(scripted, uplink, { history: downloads }),
    [],
    [[machineId('hugo/a1-01')]],
    waiting,
  )
  t.is(again.decisions.size, 0)

  // What another machine was asked for may be another: without an answer from before all are asked.
  const history = new Map([[machineId('hugo/gone-01'), flying(now - minuteMs, [diskChange()])]])
  const anew = decideAnew(inputOf(members, site, { history }), [], [queue])
  t.is(anew.decisions.size, 4)
})
