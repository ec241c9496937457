import test from 'ava'
import { afterLook, afterOutcome } from '../../reconciler/applied.ts'
import { changeKey } from '../../reconciler/diff.ts'
import { refusalOf, settledRequests } from '../../reconciler/disk-request.ts'
import { createEstimates } from '../../reconciler/duration.ts'
import type { DiskChange } from '../../reconciler/model/change.ts'
import type { ChangeKey, Digest, DiskRequestId } from '../../reconciler/model/ids.ts'
import type { Observed, ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Decision, DiskRequest, History, PlanInput } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import type { Profile, WantedDisk } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { requestedReset, restore } from './sample-changes.ts'
import {
  capacity,
  digest,
  everyDay,
  facts,
  imager,
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
  weekly,
} from './sample-park.ts'

const id = 'hugo/b204-01'
const hourMs = 3_600_000
const reset: Profile['reset'] = { policy: 'on-demand', keep: [], by: [] }
const imaged = (parts: Parameters<typeof profile>[0] = {}): Profile =>
  profile({
    disk: wantedDisk(),
    reset,
    facetDigests: { ...profile().facetDigests, disk: digest('disk') },
    ...parts,
  })

function decide(
  observed: Observed,
  of: Profile = imaged(),
  more: Partial<PlanInput> = {},
  site: Parameters<typeof park>[1] = {},
): Decision {
  const desired = park([machine(id, of)], { server, ...site })
  const decision = plan(planInput(desired, [observed], more)).decisions.get(machineId(id))
  if (decision === undefined) throw new Error('no decision')
  return decision
}

const changesOf = (decision: Decision): readonly (readonly string[])[] =>
  (decision.kind === 'act' ? decision.action.changes : 'changes' in decision ? decision.changes : []).map(
    (change) => [decision.kind, change.facet, 'operation' in change ? change.operation : change.item],
  )

const upWith = (disk: ObservedDisk, parts: Parameters<typeof facts>[0] = {}): Observed =>
  up(id, facts(parts), { disk })

const request = (kind: DiskRequest['kind'], more: Partial<DiskRequest> = {}): DiskRequest => ({
  id: `${kind}-1` as DiskRequestId,
  machine: machineId(id),
  kind,
  who: 'marie',
  at: now - 1000,
  ...(kind === 'capture' ? { image: 'golden@1' } : {}),
  ...more,
})

test('a disk that has its image as wanted needs nothing', (t) => {
  t.like(decide(upWith(observedDisk(wantedDisk()))), { kind: 'converged', reported: [] })
  t.like(decide(off(id, facts(), { disk: observedDisk(wantedDisk()) })), { kind: 'converged' })
})

test('a disk without our record is written, and what is lost is named', (t) => {
  const disks = [
    {
      name: 'sda',
      sizeBytes: 2 ** 38,
      partitions: [
        { number: 1, sizeBytes: 2 ** 20, name: 'EFI' },
        { number: 2, sizeBytes: 2 ** 30, fileSystem: 'ntfs', label: 'Windows' },
        { number: 3, sizeBytes: 2 ** 30, name: 'data' },
      ],
    },
  ]
  const decision = decide(imager(id, observedDisk(undefined, now, { by: 'imager', disks })))
  t.like(decision, { kind: 'act' })
  if (decision.kind !== 'act') return
  t.deepEqual(decision.action.changes, [
    {
      facet: 'disk',
      item: 'image',
      operation: 'restore',
      from: null,
      to: manifest('2026.09'),
      image: 'debian-edu@2026.09',
      layout: digest('layout'),
      settings: digest('settings'),
      wipes: ['EFI', '#2 ntfs Windows'],
      effect: 'destructive',
    },
  ])
  t.deepEqual(decision.action.expect, { packages: {}, unoccupied: true })
})

test('another version is an upgrade, forecast by what has changed between the two', (t) => {
  const images = new Map([
    [
      manifest('2026.09'),
      {
        usedBytes: 9e9,
        storedBytes: 4e9,
        deltaBytes: (from: string) => (from === manifest('2026.03') ? 5e8 : undefined),
      },
    ],
  ])
  const from = (version: string): unknown => {
    const decision = decide(upWith(observedDisk(wantedDisk(version))), imaged(), { images })
    return decision.kind === 'act' ? decision.action.changes[0] : undefined
  }
  t.like(from('2026.03'), { operation: 'upgrade', bytes: 5e8, wipes: [], from: manifest('2026.03') })
  t.like(from('2025.09'), { operation: 'upgrade', bytes: 4e9 })
})

test('a new layout loses the partitions that it has no place for, never those that it keeps', (t) => {
  const old = wantedDisk('2026.09', { layoutDigest: digest('old') })
  const disks = [
    {
      name: 'nvme0n1',
      sizeBytes: 2 ** 38,
      partitions: ['esp', 'root', 'home', 'data'].map((name, index) => ({
        number: index + 1,
        sizeBytes: 2 ** 30,
        name,
      })),
    },
  ]
  const decision = decide(upWith(observedDisk(old, now, { disks })))
  t.like(decision, { kind: 'act' })
  if (decision.kind === 'act')
    t.like(decision.action.changes[0], { operation: 'upgrade', wipes: ['home'], effect: 'destructive' })
})

test('what is lost is not known where only the PC’s own system told of its disk, or where it is one of several', (t) => {
  const old = wantedDisk('2026.09', { layoutDigest: digest('old') })
  const disk = (name: string) => ({ name, sizeBytes: 1, partitions: [] })
  for (const seen of [
    upWith(observedDisk()),
    upWith(observedDisk(old)),
    imager(id, observedDisk(undefined, now, { by: 'imager', disks: [disk('sda'), disk('sdb')] })),
  ]) {
    const decision = decide(seen)
    t.like(decision, { kind: 'act' })
    if (decision.kind === 'act')
      t.false(decision.action.changes.some((change) => change.facet === 'disk' && change.wipes !== undefined))
  }
  const blank = imager(id, observedDisk(undefined, now, { by: 'imager', disks: [disk('sda')] }))
  const decision = decide(blank)
  if (decision.kind === 'act') t.like(decision.action.changes[0], { wipes: [] })
})

test('a new menu or reset policy is no reason to rewrite the disk', (t) => {
  const old = wantedDisk('2026.09', { settingsDigest: digest('old') })
  const decision = decide(upWith(observedDisk(old)))
  t.like(decision, { kind: 'act' })
  if (decision.kind === 'act')
    t.like(decision.action.changes[0], { operation: 'settings', effect: 'disruptive' })
})

const damaged = observedDisk(wantedDisk(), now - hourMs, {
  verified: {
    at: now - 60_000,
    manifest: manifest('2026.09'),
    differing: [
      { partition: 'data', chunks: 900, differing: 800 },
      { partition: 'root', chunks: 900, differing: 2, files: ['/etc/hosts'] },
    ],
  },
})

test('what a comparison found is repaired, only told, or passed over, by drift policy', (t) => {
  const { drift } = profile()
  const enforced = decide(upWith(damaged))
  t.deepEqual(changesOf(enforced), [['act', 'disk', 'repair']])
  if (enforced.kind === 'act') t.like(enforced.action.changes[0], { bytes: 2 * 2 ** 20 })
  const reported = decide(upWith(damaged), imaged({ drift: { ...drift, disk: 'report' } }))
  t.like(reported, { kind: 'converged', reported: [{ operation: 'repair' }] })
  const ignored = decide(upWith(damaged), imaged({ drift: { ...drift, disk: 'ignore' } }))
  t.like(ignored, { kind: 'converged', reported: [] })
})

test('differences in a partition that is not from the image are nobody’s business', (t) => {
  const { verified } = damaged
  if (verified === undefined) throw new Error('no comparison')
  const differing = verified.differing.filter(({ partition }) => partition === 'data')
  t.like(decide(upWith({ ...damaged, verified: { ...verified, differing } })), { kind: 'converged' })
})

test('another image than the one that was put there is drift; a new empty disk is not', (t) => {
  const of = imaged({ drift: { ...profile().drift, disk: 'report' } })
  const history = new Map([[machineId(id), { applied: { disk: digest('disk') }, backoffs: [] } as History]])
  const foreign = decide(upWith(observedDisk()), of, { history })
  t.like(foreign, { kind: 'converged', reported: [{ operation: 'restore' }] })
  const blank = observedDisk(undefined, now, {
    by: 'imager',
    disks: [{ name: 'sda', sizeBytes: 1, partitions: [] }],
  })
  t.deepEqual(changesOf(decide(imager(id, blank), of, { history })), [['act', 'disk', 'restore']])
})

test('a version that was not imported writes nothing, and says what to do once the rest is done', (t) => {
  const { manifest: _, ...wanted } = wantedDisk()
  const of = imaged({ disk: wanted, packages: [wantedPackage('vim')] })
  t.deepEqual(changesOf(decide(upWith(observedDisk()), of)), [['act', 'packages', 'install']])
  t.like(decide(upWith(observedDisk(), { installed: { vim: '1' } }), of), {
    kind: 'stalled',
    reason: { code: 'image-version-without-digest' },
  })
})

test('without a server in the lycée, disks are left alone', (t) => {
  const desired = park([machine(id, imaged())])
  const decided = plan(planInput(desired, [upWith(observedDisk())])).decisions.get(machineId(id))
  t.like(decided, { kind: 'converged' })
})

test('a disk that nobody has looked at is looked at first, by waking the PC if it may be woken', (t) => {
  const woken = decide(off(id))
  t.deepEqual(changesOf(woken), [['act', 'power', 'wake']])
  t.like(decide(off(id), imaged({ power: { wake: false, reboot: 'never' } })), {
    kind: 'held',
    by: 'power',
    reason: { code: 'disk-never-observed' },
  })
  t.like(decide(up(id)), { kind: 'held', by: 'fresh', reason: { code: 'disk-never-observed' } })
})

test('a PC that is off goes from the magic packet straight into the imager', (t) => {
  const decision = decide(off(id, facts(), { disk: observedDisk() }))
  t.deepEqual(changesOf(decision), [['act', 'disk', 'restore']])
  // Somebody may turn it on before the packets come.
  if (decision.kind === 'act') t.true(decision.action.expect.unoccupied)
  t.like(
    decide(off(id, facts(), { disk: observedDisk() }), imaged({ power: { wake: false, reboot: 'never' } })),
    {
      kind: 'held',
      by: 'power',
      reason: { code: 'wake-not-allowed' },
    },
  )
})

test('a PC in the imager with nothing to do there is left to its own system', (t) => {
  t.like(decide(imager(id, observedDisk(wantedDisk()))), { kind: 'unknown', reason: { code: 'in-imager' } })
})

test('the disk comes before packages, and alone; held until its window it does not keep them from theirs', (t) => {
  const packages = [wantedPackage('vim')]
  t.deepEqual(changesOf(decide(upWith(observedDisk()), imaged({ packages }))), [['act', 'disk', 'restore']])
  const windows = [weekly(everyDay, '0:00', '23:59', { allow: 'quiet' })]
  t.deepEqual(changesOf(decide(upWith(observedDisk()), imaged({ packages, windows }))), [
    ['act', 'packages', 'install'],
  ])
  const closed = [weekly(everyDay, '19:00', '6:00', { allow: 'destructive' })]
  const held = decide(upWith(observedDisk()), imaged({ packages, windows: closed }))
  t.like(held, { kind: 'held', by: 'window' })
  t.deepEqual(changesOf(held), [
    ['held', 'disk', 'restore'],
    ['held', 'packages', 'install'],
  ])
})

test('a session holds what nobody asked for', (t) => {
  const sessions = [{ user: 'eleve', terminal: 'tty2' }]
  t.like(decide(upWith(observedDisk(), { sessions })), { kind: 'held', by: 'occupied' })
})

test('a system that cannot be read any more can still be written anew', (t) => {
  const { packages: _, ...unread } = facts()
  const of = imaged({ packages: [wantedPackage('vim')] })
  const broken = up(id, unread, { disk: observedDisk(wantedDisk('2026.03')) })
  t.deepEqual(changesOf(decide(broken, of)), [['act', 'disk', 'upgrade']])
  t.like(decide(up(id, unread, { disk: observedDisk(wantedDisk()) }), of), { kind: 'unknown' })
})

const inUse = { sessions: [{ user: 'eleve', terminal: 'tty2' }] }
const closedNow = [weekly(everyDay, '19:00', '6:00', { allow: 'destructive' })]

for (const kind of ['reset', 'verify', 'capture'] as const) {
  test(`a ${kind} that somebody asks for waits for no window and no session, but for a pause, for what is under way and for its turn`, (t) => {
    const of = imaged({ windows: closedNow })
    const seen = upWith(observedDisk(wantedDisk()), inUse)
    const requests = [request(kind)]
    const decision = decide(seen, of, { requests })
    t.like(decision, { kind: 'act' })
    if (decision.kind !== 'act') return
    const [change] = decision.action.changes
    t.like(change, { request: `${kind}-1`, effect: 'disruptive' })
    t.is(decision.action.expect.unoccupied, undefined)
    const pauses = [{ scope: { kind: 'park' }, who: 'marie', why: 'examens', at: now - 5 }] as const
    t.like(decide(seen, of, { requests, pauses }), { kind: 'held', by: 'suspended' })
    const flying = { inFlight: { action: 'a', owner: 'x', since: now }, applied: {}, backoffs: [] }
    const history = new Map([[machineId(id), flying as unknown as History]])
    t.like(decide(seen, of, { requests, history }), { kind: 'held', by: 'in-flight' })
    t.like(decide(seen, of, { requests }, { capacity: capacity({ actions: 0 }) }), {
      kind: 'held',
      by: 'capacity',
    })
    t.like(decide(off(id, facts(), { disk: observedDisk(wantedDisk()) }), of, { requests }), { kind: 'act' })
  })
}

test('a reset goes to the version that the disk has, even if an upgrade waits for its window', (t) => {
  const seen = upWith(observedDisk(wantedDisk('2026.03')), inUse)
  const decision = decide(seen, imaged({ windows: closedNow }), { requests: [request('reset')] })
  t.like(decision, { kind: 'act' })
  if (decision.kind !== 'act') return
  t.like(decision.action.changes[0], {
    facet: 'reset',
    cause: 'requested',
    to: manifest('2026.03'),
    image: 'debian-edu@2026.03',
  })
})

test('what is to be captured is not written before', (t) => {
  const decision = decide(upWith(observedDisk()), imaged(), {
    requests: [request('reset'), request('capture')],
  })
  t.deepEqual(changesOf(decision), [['act', 'disk', 'capture']])
})

test('requests that can never be granted are refused with their reason', (t) => {
  const desired = park([machine(id, imaged())], { server })
  const site = [...desired.sites.values()][0]
  if (site === undefined) throw new Error('no site')
  const refused = (kind: DiskRequest['kind'], of: Profile, disk?: ObservedDisk): string | undefined =>
    refusalOf(kind, machine(id, of), site, disk)?.code
  t.is(refused('reset', profile()), 'disk-not-managed')
  t.is(refused('reset', imaged({ reset: { policy: 'never', keep: [], by: [] } })), 'reset-never')
  t.is(refused('reset', imaged(), observedDisk()), 'disk-not-ours')
  t.is(refused('verify', imaged(), observedDisk()), 'disk-not-ours')
  t.is(refused('capture', imaged(), observedDisk()), undefined)
  const other = observedDisk(wantedDisk('2026.09', { layoutDigest: digest('old') }))
  t.is(refused('reset', imaged(), other), 'reset-after-layout')
  t.is(refused('reset', imaged(), observedDisk(wantedDisk())), undefined)
  t.is(refused('reset', imaged()), undefined)
})

test('a reset that was done at the PC itself meanwhile is not done again', (t) => {
  const disk = observedDisk(wantedDisk(), now - 500)
  const requests = [request('reset')]
  t.like(decide(upWith(disk), imaged(), { requests }), { kind: 'converged' })
  const desired = park([machine(id, imaged())], { server })
  const inventory = new Map([[machineId(id), upWith(disk)]])
  t.deepEqual(
    settledRequests(desired, inventory, [
      ...requests,
      request('verify'),
      request('reset', { machine: machineId('hugo/gone') }),
    ]).map(({ request: of, reason }) => [of.machine, reason.code]),
    [
      [machineId(id), 'request-served'],
      [machineId('hugo/gone'), 'machine-gone'],
    ],
  )
})

const nightly = (parts: Parameters<typeof profile>[0] = {}): Profile =>
  imaged({ reset: { policy: 'nightly', keep: [], by: [] }, ...parts })

/** The PC as it was last made equal to its image at `at`, decided on at `when`. */
function atNight(
  when: string,
  madeAt: string,
  of: Profile = nightly(),
  applied: Record<string, Digest> = {},
): Decision {
  const at = Date.parse(when)
  const disk = { ...observedDisk(wantedDisk(), Date.parse(madeAt)), at }
  const seen = up(id, facts({ at }), { disk })
  return decide(seen, of, { now: at, history: new Map([[machineId(id), { applied, backoffs: [] }]]) })
}

test('a nightly reset is due once between noon and noon, and without windows in the dark only', (t) => {
  t.like(atNight('2026-10-13T18:30:00Z', '2026-10-13T09:59:00Z'), { kind: 'act' })
  t.like(atNight('2026-10-13T18:30:00Z', '2026-10-13T10:01:00Z'), { kind: 'converged' })
  t.like(atNight('2026-10-14T03:00:00Z', '2026-10-13T20:00:00Z'), { kind: 'converged' })
  t.like(atNight('2026-10-13T17:30:00Z', '2026-10-12T20:00:00Z'), { kind: 'converged' })
  t.like(atNight('2026-10-14T04:30:00Z', '2026-10-12T20:00:00Z'), { kind: 'converged' })
})

test('the windows say when in the night', (t) => {
  const windows = [weekly(everyDay, '13:00', '15:00', { allow: 'destructive' })]
  const of = nightly({ windows })
  t.like(atNight('2026-10-13T11:30:00Z', '2026-10-12T20:00:00Z', of), { kind: 'act' })
  t.like(atNight('2026-10-13T20:00:00Z', '2026-10-12T20:00:00Z', of), { kind: 'held', by: 'window' })
})

test('one night ends and the next begins at noon', (t) => {
  const of = nightly({ windows: [weekly(everyDay, '11:00', '14:00', { allow: 'destructive' })] })
  t.like(atNight('2026-10-13T09:59:00Z', '2026-10-12T11:00:00Z', of), { kind: 'converged' })
  t.like(atNight('2026-10-13T10:00:00Z', '2026-10-12T11:00:00Z', of), { kind: 'act' })
})

test('noon stays noon in the nights in which the clocks change', (t) => {
  // 25 October 2026, 03:00 becomes 02:00; 28 March 2027, 02:00 becomes 03:00.
  t.like(atNight('2026-10-25T01:30:00Z', '2026-10-24T09:59:00Z'), { kind: 'act' })
  t.like(atNight('2026-10-25T01:30:00Z', '2026-10-24T10:01:00Z'), { kind: 'converged' })
  t.like(atNight('2026-10-25T20:00:00Z', '2026-10-25T10:59:00Z'), { kind: 'act' })
  t.like(atNight('2026-10-25T20:00:00Z', '2026-10-25T11:01:00Z'), { kind: 'converged' })
  t.like(atNight('2027-03-28T20:00:00Z', '2027-03-28T09:59:00Z'), { kind: 'act' })
  t.like(atNight('2027-03-28T20:00:00Z', '2027-03-28T10:01:00Z'), { kind: 'converged' })
})

test('a PC whose clock is years behind is reset once a night all the same', (t) => {
  const due = atNight('2026-10-13T20:00:00Z', '2010-01-01T00:00:00Z')
  t.like(due, { kind: 'act' })
  if (due.kind !== 'act') return
  const wanted = machine(id, nightly())
  const [change] = due.action.changes
  if (change === undefined) throw new Error('no change')
  const memory = afterOutcome({
    machine: wanted,
    facts: facts(),
    action: due.action,
    outcome: { kind: 'complete', at: now, results: [{ change, ok: true, output: '', durationMs: 1 }] },
    history: undefined,
    now,
    random: () => 0,
  })
  t.like(atNight('2026-10-14T01:00:00Z', '2010-01-01T00:00:00Z', nightly(), { ...memory.applied }), {
    kind: 'converged',
  })
  t.like(atNight('2026-10-14T20:00:00Z', '2010-01-01T00:00:00Z', nightly(), { ...memory.applied }), {
    kind: 'act',
  })
})

test('of a Windows PC the disk is looked after, and the rest is told to be beyond this version', (t) => {
  const windows = imaged({ os: 'windows' })
  const off2 = (disk?: ObservedDisk): Observed => off(id, undefined, disk === undefined ? {} : { disk })
  t.deepEqual(changesOf(decide(off2(observedDisk()), windows)), [['act', 'disk', 'restore']])
  t.deepEqual(changesOf(decide(off2(), windows)), [['act', 'power', 'wake']])
  t.like(decide(off2(observedDisk(wantedDisk())), windows), { kind: 'converged' })
  const silent: Observed = { ...off2(observedDisk()), reach: 'silent' }
  t.like(decide(silent, windows), { kind: 'held', by: 'power', reason: { code: 'windows-running' } })
  t.deepEqual(changesOf(decide(imager(id, observedDisk()), windows)), [['act', 'disk', 'restore']])
  const more = imaged({ os: 'windows', packages: [wantedPackage('vim')] })
  t.like(decide(off2(observedDisk(wantedDisk())), more), {
    kind: 'unknown',
    reason: { code: 'os-not-supported-yet' },
  })
})

test('a disk that was written anew makes all else to be compared afresh, and old failures void', (t) => {
  const of = machine(id, imaged())
  const key = 'packages/vim@vim=present' as ChangeKey
  const failed = {
    key,
    attempts: 9,
    class: 'terminal',
    notBefore: now,
    reason: { code: 'x', message: say('x', 'x') },
  } as const
  const history: History = {
    applied: { packages: digest('packages'), 'disk-record': 'job-1 1' as Digest },
    backoffs: [failed],
  }
  const memory = afterLook(of, imager(id, observedDisk(wantedDisk(), now)), history)
  t.is(memory.applied['packages'], '' as Digest)
  t.is(memory.applied['disk'], digest('disk'))
  t.deepEqual(memory.clear, [key])
  const again = afterLook(of, imager(id, observedDisk(wantedDisk(), now)), {
    applied: { ...history.applied, ...memory.applied },
    backoffs: [failed],
  })
  t.deepEqual(again, { applied: {}, backoffs: [], clear: [] })
})

test('failures of the disk are counted by what is wanted of it, and forgotten once it is in place', (t) => {
  const change = (operation: DiskChange['operation'], wanted: WantedDisk): DiskChange => ({
    facet: 'disk',
    item: 'image',
    operation,
    from: null,
    to: wanted.manifest ?? '',
    image: 'i@1',
    layout: wanted.layoutDigest,
    settings: wanted.settingsDigest,
    wipes: [],
    effect: 'destructive',
  })
  const key = changeKey(change('restore', wantedDisk()))
  t.is(changeKey(change('repair', wantedDisk())), key)
  t.not(changeKey(change('restore', wantedDisk('2027.01'))), key)
  t.not(changeKey(change('settings', wantedDisk())), key)
  const backoffs = [
    {
      key,
      attempts: 3,
      class: 'retry',
      notBefore: now,
      reason: { code: 'x', message: say('x', 'x') },
    } as const,
  ]
  const of = machine(id, imaged())
  t.like(
    decide(upWith(observedDisk()), imaged(), {
      history: new Map([[machineId(id), { applied: {}, backoffs }]]),
    }),
    {
      kind: 'stalled',
    },
  )
  t.deepEqual(afterLook(of, upWith(observedDisk()), { applied: {}, backoffs }).clear, [])
  t.deepEqual(afterLook(of, upWith(observedDisk(wantedDisk())), { applied: {}, backoffs }).clear, [key])
})

test('what moves many bytes is expected to take long', (t) => {
  const desired = park([machine(id, imaged())], { capacity: capacity({ images: 8, lanBitsPerSecond: 1e9 }) })
  const [site] = desired.sites.values()
  if (site === undefined) throw new Error('no site')
  const { neededMs } = createEstimates()(site, undefined)
  t.true(neededMs([restore(12e9)]) > neededMs([restore(1e9)]) + 10 * 60_000)
  t.true(neededMs([requestedReset]) < neededMs([restore(12e9)]))
})
