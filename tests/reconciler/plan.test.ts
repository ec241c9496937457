import test from 'ava'
import type { ActionId, ChangeKey } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Backoff, Decision, History, Pause, PlanInput } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import type { DesiredMachine, DesiredSite, Profile } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import {
  calendar,
  digest,
  everyDay,
  facts,
  machine,
  machineId,
  now,
  off,
  park,
  planInput,
  profile,
  script,
  up,
  wantedPackage,
  wantedScript,
  weekly,
} from './sample-park.ts'

const id = 'hugo/b204-01'
const vim = profile({ packages: [wantedPackage('vim')] })
const withVim = (more: Parameters<typeof profile>[0]): Profile =>
  profile({ packages: [wantedPackage('vim')], ...more })

/** The decision on one machine that wants vim and is as given. */
function decide(
  observed: Observed | undefined,
  more: {
    readonly profile?: Profile
    readonly machine?: Partial<DesiredMachine>
    readonly site?: Partial<DesiredSite>
    readonly history?: Partial<History>
    readonly input?: Partial<PlanInput>
  } = {},
): Decision {
  const desired = park([machine(id, more.profile ?? vim, more.machine)], more.site)
  const history = new Map([[machineId(id), { applied: {}, backoffs: [], ...more.history }]])
  const input = planInput(desired, observed === undefined ? [] : [observed], { history, ...more.input })
  const decision = plan(input).decisions.get(machineId(id))
  if (decision === undefined) throw new Error('no decision')
  return decision
}

const backoff = (key: string, more: Partial<Backoff> = {}): Backoff => ({
  key: key as ChangeKey,
  attempts: 1,
  class: 'retry',
  notBefore: now + 60_000,
  reason: { code: 'boom', message: say('Boom.', 'Boum.'), detail: 'E: boom' },
  ...more,
})

const vimKey = 'packages/vim@vim=present'

test('a machine that is as wanted is converged', (t) => {
  t.deepEqual(decide(up(id, facts({ installed: { vim: '9' } }))), { kind: 'converged', reported: [] })
})

test('a machine that differs is put right, on condition that it still is as it was seen', (t) => {
  const decision = decide(up(id))
  t.like(decision, {
    kind: 'act',
    action: { machine: id, content: digest('desired'), expect: { packages: { vim: null } } },
  })
  if (decision.kind !== 'act') return
  t.regex(decision.action.id, /^[0-9a-f]{64}$/)
  t.like(decision.action.changes, [{ item: 'vim', operation: 'install' }])
  t.is(decision.action.warnMs, undefined)
})

test('an action has the same name whenever it is decided from the same look, another after another look', (t) => {
  const named = (decision: Decision): ActionId | undefined =>
    decision.kind === 'act' ? decision.action.id : undefined
  const first = named(decide(up(id)))
  t.is(named(decide(up(id), { input: { now: now + 1000 } })), first)
  t.not(named(decide(up(id, facts({ at: now - 30_000 })))), first)
})

test('a machine that is off and was right when last seen is left off', (t) => {
  const seen = facts({ installed: { vim: '9' }, at: now - 86_400_000 })
  t.deepEqual(decide(off(id, seen)), { kind: 'converged', reported: [], lastSeen: now - 86_400_000 })
})

test('a machine that is off is woken for what it lacks, or if it was never read', (t) => {
  for (const seen of [facts(), undefined]) {
    t.like(decide(off(id, seen)), { kind: 'act', action: { changes: [{ facet: 'power', item: 'wake' }] } })
  }
})

test('a machine that is off is not woken to be restarted or to run its boot scripts', (t) => {
  const boot = wantedScript('hello', 'boot')
  const ran = { digest: boot.digest, bootId: 'an-earlier-boot', at: now }
  const scripts = new Map([[script('hello'), { lastRun: { ...ran, exitCode: 0 }, succeeded: ran }]])
  const decision = decide(off(id, facts({ rebootPending: true, scripts })), {
    profile: profile({ scripts: [boot] }),
  })
  t.is(decision.kind, 'converged')
})

test('a machine that is off is woken for a boot script that has never run there: nobody knows how it ends', (t) => {
  const scripts = new Map([[script('hello'), {}]])
  const decision = decide(off(id, facts({ scripts })), {
    profile: profile({ scripts: [wantedScript('hello', 'boot')] }),
  })
  t.like(decision, { kind: 'act', action: { changes: [{ item: 'wake' }] } })
})

test('a machine that is off is woken to ask about a script that is new', (t) => {
  const decision = decide(off(id, facts()), { profile: profile({ scripts: [wantedScript('new', 'check')] }) })
  t.like(decision, { kind: 'act', action: { changes: [{ item: 'wake' }] } })
})

test('a machine that must not be woken is held until somebody turns it on', (t) => {
  const power: Profile['power'] = { wake: false, reboot: 'when-needed' }
  const decision = decide(off(id, facts()), { profile: withVim({ power }) })
  t.like(decision, { kind: 'held', by: 'power', changes: [{ item: 'vim' }] })
})

test('a machine that is off is not woken for what has failed for good', (t) => {
  const decision = decide(off(id, facts()), {
    history: { backoffs: [backoff(vimKey, { class: 'terminal' })] },
  })
  t.like(decision, {
    kind: 'stalled',
    reason: { code: 'boom', detail: 'E: boom' },
    changes: [{ item: 'vim' }],
  })
})

test('a machine that could not be woken is left in peace for a while', (t) => {
  const backoffs = [backoff('power/wake', { class: 'wait' })]
  t.like(decide(off(id, facts()), { history: { backoffs } }), {
    kind: 'held',
    by: 'backoff',
    until: now + 60_000,
  })
})

test('a machine that nobody has looked at is held until somebody has', (t) => {
  t.like(decide(undefined), { kind: 'held', by: 'fresh', reason: { code: 'never-observed' } })
})

test('a machine that answers without letting itself be read is unknown', (t) => {
  const errors = [{ code: 'login-refused', message: say('No.', 'Non.') }]
  const observed: Observed = { ...off(id), reach: 'silent', errors }
  t.like(decide(observed), { kind: 'unknown', reason: { code: 'login-refused' } })
})

test('a machine whose host key is refused is stalled, and nothing is run', (t) => {
  for (const code of ['host-key-unknown', 'host-key-changed']) {
    const errors = [{ code, message: say('Key.', 'Clé.') }]
    t.like(decide({ ...off(id, facts()), reach: 'silent', errors }), { kind: 'stalled', reason: { code } })
  }
})

test('a machine with a managed facet that could not be read is unknown, with the reason', (t) => {
  const { packages: _, ...unread } = facts()
  const errors = [{ code: 'dpkg-unreadable', message: say('Dpkg.', 'Dpkg.') }]
  t.like(decide(up(id, unread, { errors })), { kind: 'unknown', reason: { code: 'dpkg-unreadable' } })
  t.is(decide(off(id, unread)).kind, 'unknown')
})

test('a machine in the imaging system, or with Windows, is unknown', (t) => {
  t.like(decide({ ...up(id), reach: 'imager' }), { kind: 'unknown', reason: { code: 'in-imager' } })
  t.like(decide(up(id), { profile: withVim({ os: 'windows' }) }), {
    kind: 'unknown',
    reason: { code: 'os-not-supported-yet' },
  })
})

test('a script that is wanted since the last look waits for the next one', (t) => {
  t.like(decide(up(id), { profile: profile({ scripts: [wantedScript('new', 'once')] }) }), {
    kind: 'held',
    by: 'fresh',
    reason: { code: 'checks-not-asked' },
    changes: [{ item: 'new' }],
  })
})

test('a check that gives no answer leaves the machine unknown, once all else is done', (t) => {
  const python = wantedScript('proxy', 'check')
  const wanted = withVim({ scripts: [python] })
  const scripts = new Map([[python.name, {}]])
  const errors = [{ code: 'interpreter-missing', message: say('No python.', 'Pas de python.') }]
  t.like(decide(up(id, facts({ scripts }), { errors }), { profile: wanted }), {
    kind: 'act',
    action: { changes: [{ item: 'vim' }] },
  })
  t.like(decide(up(id, facts({ scripts, installed: { vim: '9' } }), { errors }), { profile: wanted }), {
    kind: 'unknown',
    reason: { code: 'interpreter-missing' },
  })
})

test('an observation that is too old decides nothing, not even that all is well', (t) => {
  const seen = facts({ installed: { vim: '9' }, at: now - 600_001 })
  t.like(decide(up(id, seen)), { kind: 'held', by: 'fresh' })
  t.like(decide(off(id, facts(), { observedAt: now - 600_001 })), { kind: 'held', by: 'fresh' })
  t.like(decide(up(id, facts({ at: now + 600_001 }))), { kind: 'held', by: 'fresh' })
})

const pauseOf = (scope: Pause['scope'], until?: number): Pause => ({
  scope,
  who: 'marie',
  why: 'travaux',
  at: now - 1000,
  ...(until === undefined ? {} : { until }),
})

test('a pause of the park, the lycée, the room or the machine holds, and says who, why and until when', (t) => {
  const scopes: readonly Pause['scope'][] = [
    { kind: 'park' },
    { kind: 'lycee', id: 'hugo' },
    { kind: 'room', id: 'hugo/b204' },
    { kind: 'machine', id },
  ]
  for (const scope of scopes) {
    const decision = decide(up(id), { input: { pauses: [pauseOf(scope, now + 5)] } })
    t.like(decision, { kind: 'held', by: 'suspended', until: now + 5 })
    if (decision.kind === 'held') t.regex(decision.reason.message.fr, /marie.*travaux/)
  }
})

test('a pause elsewhere, or one that is over, holds nothing', (t) => {
  const pauses = [
    pauseOf({ kind: 'lycee', id: 'zola' }),
    pauseOf({ kind: 'room', id: 'hugo/b205' }),
    pauseOf({ kind: 'machine', id: 'hugo/b204-02' }),
    pauseOf({ kind: 'park' }, now),
  ]
  t.is(decide(up(id), { input: { pauses } }).kind, 'act')
})

test('of several pauses the one that lasts longest is named', (t) => {
  const pauses = [pauseOf({ kind: 'park' }, now + 5), pauseOf({ kind: 'room', id: 'hugo/b204' })]
  for (const list of [pauses, pauses.toReversed()]) {
    const decision = decide(up(id), { input: { pauses: list } })
    t.is(decision.kind === 'held' ? decision.until : 0, undefined)
  }
})

test('one action at a time: what is in flight, here or on the PC, is waited for', (t) => {
  const inFlight = { action: 'a' as ActionId, owner: 'other', since: now }
  t.like(decide(up(id), { history: { inFlight } }), { kind: 'held', by: 'in-flight' })
  t.like(decide(up(id, facts({ running: 'a' as ActionId }))), { kind: 'held', by: 'in-flight' })
  t.like(decide(off(id, facts()), { history: { inFlight } }), { kind: 'held', by: 'in-flight' })
})

test('what failed waits for its time, while the rest is done', (t) => {
  const backoffs = [backoff(vimKey)]
  t.like(decide(up(id), { history: { backoffs } }), {
    kind: 'held',
    by: 'backoff',
    until: now + 60_000,
    reason: { detail: 'E: boom' },
  })
  const both = profile({ packages: [wantedPackage('vim'), wantedPackage('zsh')] })
  const decision = decide(up(id), { profile: both, history: { backoffs } })
  t.deepEqual(decision.kind === 'act' && decision.action.changes.map((change) => change.item), ['zsh'])
})

test('what failed too often, or for good, stalls with the words of the PC', (t) => {
  for (const stalled of [backoff(vimKey, { attempts: 3 }), backoff(vimKey, { class: 'terminal' })]) {
    t.like(decide(up(id), { history: { backoffs: [stalled] } }), {
      kind: 'stalled',
      reason: { detail: 'E: boom' },
    })
  }
})

test('what was given up says so, and is told before what goes on by itself', (t) => {
  const both = profile({ packages: [wantedPackage('vim'), wantedPackage('zsh')] })
  const zshKey = vimKey.replaceAll('vim', 'zsh')
  const waiting = backoff(vimKey, { notBefore: now + 600_000 })
  const hopeless = backoff(zshKey, {
    class: 'terminal',
    reason: { code: 'gone', message: say('Gone.', 'Parti.') },
  })
  const decision = decide(up(id), { profile: both, history: { backoffs: [waiting, hopeless] } })
  t.like(decision, { kind: 'stalled', until: now + 600_000, reason: { code: 'gone' } })
  const reason = decision.kind === 'stalled' ? decision.reason.message : say('', '')
  t.regex(reason.en, /^Gone\. Given up: it will not be tried again until a new commit .*retry MACHINE/)
  t.regex(reason.fr, /^Parti\. Abandonné.*aucun nouvel essai.*retry POSTE/)

  const exhausted = backoff(vimKey, { attempts: 3 })
  const worst = decide(up(id), { profile: both, history: { backoffs: [exhausted, hopeless] } })
  t.like(worst, { kind: 'stalled', reason: { code: 'gone' } })
  t.false('until' in worst)
})

test('a failure whose time has come is tried again, and one of another wish does not count', (t) => {
  t.is(decide(up(id), { history: { backoffs: [backoff(vimKey, { notBefore: now })] } }).kind, 'act')
  const older = backoff('packages/vim@vim=8', { class: 'terminal' })
  t.is(decide(up(id), { history: { backoffs: [older] } }).kind, 'act')
})

test('a package that does not exist for this system stalls, after all else is done', (t) => {
  const ghost = { ...wantedPackage('ghost') }
  const { source: _, ...none } = ghost
  const both = profile({ packages: [none, wantedPackage('vim')] })
  t.is(decide(up(id), { profile: both }).kind, 'act')
  t.like(decide(up(id, facts({ installed: { vim: '9' } })), { profile: both }), {
    kind: 'stalled',
    reason: { code: 'package-not-on-os' },
  })
})

const evening = [weekly(everyDay, '19:00', '23:00')]

test('outside its windows a machine is held until they open', (t) => {
  t.like(decide(up(id), { profile: withVim({ windows: evening }) }), {
    kind: 'held',
    by: 'window',
    until: Date.parse('2026-10-13T17:00:00Z'),
  })
})

test('inside a window an action has to be over when it closes', (t) => {
  const later = Date.parse('2026-10-13T18:30:00Z')
  const decision = decide(up(id, facts({ at: later })), {
    profile: withVim({ windows: evening }),
    input: { now: later },
  })
  t.like(decision, { kind: 'act', action: { deadline: Date.parse('2026-10-13T21:00:00Z') } })
})

test('of many changes only those are begun that can finish inside the window', (t) => {
  const later = Date.parse('2026-10-13T20:55:00Z')
  const packages = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => wantedPackage(name))
  const decision = decide(up(id, facts({ at: later })), {
    profile: profile({ packages, windows: evening }),
    input: { now: later },
  })
  t.deepEqual(decision.kind === 'act' && decision.action.changes.map((change) => change.item), [
    'a',
    'b',
    'c',
    'd',
    'e',
  ])
})

test('a window that allows quiet changes only lets those pass', (t) => {
  const windows = [calendar('2026-10-01T00:00', '2026-11-01T00:00', { allow: 'quiet' })]
  const packages = [wantedPackage('a', { kind: 'present' }, { effect: 'disruptive' }), wantedPackage('b')]
  const decision = decide(up(id), { profile: profile({ packages, windows }) })
  t.deepEqual(decision.kind === 'act' && decision.action.changes.map((change) => change.item), ['b'])
})

const inUse = facts({ sessions: [{ user: 'eleve', terminal: 'tty2' }] })

test('a machine in use is not touched unless the spec says so', (t) => {
  t.like(decide(up(id, inUse)), { kind: 'held', by: 'occupied', reason: { code: 'session-open' } })
})

test('a machine in use may get quiet changes', (t) => {
  const loud = wantedPackage('loud', { kind: 'present' }, { effect: 'disruptive' })
  const policy = { inUse: { kind: 'quiet' } as const }
  const mixed = decide(up(id, inUse), {
    profile: profile({ packages: [loud, wantedPackage('vim')], ...policy }),
  })
  t.deepEqual(mixed.kind === 'act' && mixed.action.changes.map((change) => change.item), ['vim'])
  t.like(decide(up(id, inUse), { profile: profile({ packages: [loud], ...policy }) }), {
    kind: 'held',
    by: 'occupied',
  })
})

test('what would disturb somebody is done on condition that nobody has logged in since the look', (t) => {
  const condition = (decision: Decision): true | undefined =>
    decision.kind === 'act' ? decision.action.expect.unoccupied : undefined
  t.true(condition(decide(up(id))))
  t.true(condition(decide(up(id), { profile: withVim({ inUse: { kind: 'warn', delayMs: 300_000 } }) })))
  const quiet = { inUse: { kind: 'quiet' } as const }
  t.is(condition(decide(up(id), { profile: withVim(quiet) })), undefined)
  const loud = wantedPackage('loud', { kind: 'present' }, { effect: 'disruptive' })
  t.true(condition(decide(up(id), { profile: profile({ packages: [loud], ...quiet }) })))
  const warned = withVim({ inUse: { kind: 'warn', delayMs: 300_000 } })
  t.is(condition(decide(up(id, inUse), { profile: warned })), undefined)
  t.is(condition(decide(off(id, facts()))), undefined)
})

test('the user of a machine in use is warned and given time, where the spec says so', (t) => {
  const warned = withVim({ inUse: { kind: 'warn', delayMs: 300_000 } })
  t.like(decide(up(id, inUse), { profile: warned }), { kind: 'act', action: { warnMs: 300_000 } })
  const free = decide(up(id), { profile: warned })
  t.is(free.kind === 'act' ? free.action.warnMs : 0, undefined)
})

test('the time that the user is given must fit into the window, too', (t) => {
  const later = Date.parse('2026-10-13T20:55:00Z')
  const observed = up(id, { ...inUse, at: later })
  const warned = withVim({ inUse: { kind: 'warn', delayMs: 300_000 }, windows: evening })
  t.like(decide(observed, { profile: warned, input: { now: later } }), { kind: 'held', by: 'window' })
})

test('a session that was open when a machine was last on does not keep it from being woken', (t) => {
  t.is(decide(off(id, inUse)).kind, 'act')
})

const room = ['hugo/b204-03', 'hugo/b204-01', 'hugo/b204-02', 'zola/a1-01']

test('a machine that left the park is named and left alone', (t) => {
  const desired = park([machine(id, vim)])
  const result = plan(planInput(desired, [up('hugo/old-02'), up('hugo/old-01'), up(id)]))
  t.deepEqual(result.unmanaged, [machineId('hugo/old-01'), machineId('hugo/old-02')])
  t.deepEqual([...result.decisions.keys()], [machineId(id)])
})

test('decisions come in the order of names, and equal plans have equal ids', (t) => {
  const desired = park(room.map((one) => machine(one, vim)))
  const backwards = park(room.toReversed().map((one) => machine(one, vim)))
  const seen = room.map((one) => up(one))
  const first = plan(planInput(desired, seen))
  t.deepEqual([...first.decisions.keys()], room.toSorted().map(machineId))
  t.is(plan(planInput(backwards, seen.toReversed())).id, first.id)
  t.not(plan(planInput(desired, seen.slice(1))).id, first.id)
})
