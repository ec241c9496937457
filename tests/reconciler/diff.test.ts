import test from 'ava'
import { changeKey, diff, facetsInPlace } from '../../reconciler/diff.ts'
import type { ObservedScript } from '../../reconciler/model/observed.ts'
import type { Profile, WantedPackage, WantedScript } from '../../specs/desired.ts'
import { digest, facts, machine, now, profile, script, wantedPackage, wantedScript } from './sample-park.ts'

const id = 'hugo/b204-01'

const differ = (wanted: Parameters<typeof profile>[0], seen: Parameters<typeof facts>[0], applied = {}) =>
  diff(machine(id, profile(wanted)), facts(seen), applied)

const packageOperation = (wanted: WantedPackage, seen: Parameters<typeof facts>[0]): string | undefined => {
  const [change] = differ({ packages: [wanted] }, seen).changes
  return change?.facet === 'packages' ? change.operation : undefined
}

test('packages that no spec names are left alone', (t) => {
  const { changes } = differ(
    { packages: [wantedPackage('vim')] },
    { installed: { vim: '9.1', emacs: '29.1' } },
  )
  t.deepEqual(changes, [])
})

test('a package is installed, upgraded, downgraded or removed as its wish and its state differ', (t) => {
  t.is(packageOperation(wantedPackage('vim'), {}), 'install')
  t.is(packageOperation(wantedPackage('vim', '9.1'), { installed: { vim: '2:9.1-3' } }), undefined)
  t.is(packageOperation(wantedPackage('vim', '9.1'), { installed: { vim: '2:9.0-3' } }), 'upgrade')
  t.is(packageOperation(wantedPackage('vim', '9.1'), { installed: { vim: '2:9.2-3' } }), 'downgrade')
  t.is(packageOperation(wantedPackage('vim', { kind: 'absent' }), { installed: { vim: '9.1' } }), 'remove')
  t.is(packageOperation(wantedPackage('vim', { kind: 'absent' }), {}), undefined)
})

test('latest follows the candidate of the package manager, where it has a newer one', (t) => {
  const latest = wantedPackage('vim', { kind: 'latest' })
  const candidate = (version: string) => ({
    installed: { vim: '9.1-1' },
    packages: { candidates: new Map([['vim', version]]) },
  })
  t.is(packageOperation(latest, candidate('9.2-1')), 'upgrade')
  t.is(packageOperation(latest, candidate('9.1-1')), undefined)
  t.is(packageOperation(latest, candidate('9.0-1')), undefined)
  t.is(packageOperation(latest, { installed: { vim: '9.1-1' } }), undefined)
  t.is(packageOperation(latest, {}), 'install')
})

test('a wanted package that dpkg calls broken is repaired, an unwanted one is not looked at', (t) => {
  const packages = { broken: [{ name: 'vim', state: 'half-configured' }] }
  t.is(packageOperation(wantedPackage('vim'), { installed: { vim: '9.1' }, packages }), 'install')
  t.is(packageOperation(wantedPackage('vim', { kind: 'absent' }), { packages }), 'remove')
  t.is(packageOperation(wantedPackage('nano'), { installed: { nano: '8' }, packages }), undefined)
})

test('a package is held or let go, in one change with its installation where there is one', (t) => {
  const held = { installed: { vim: '9.1' }, packages: { held: new Set(['vim']) } }
  const free = { installed: { vim: '9.1' } }
  t.is(packageOperation(wantedPackage('vim', '9.1', { hold: true }), free), 'hold')
  t.is(packageOperation(wantedPackage('vim', '9.1', { hold: true }), held), undefined)
  t.is(packageOperation(wantedPackage('vim', '9.1', { hold: false }), held), 'unhold')
  t.is(packageOperation(wantedPackage('vim', '9.1'), held), undefined)
  const { changes } = differ({ packages: [wantedPackage('vim', '9.2', { hold: true })] }, free)
  t.like(changes, [{ operation: 'upgrade', from: '9.1', to: '9.2', hold: true }])
})

test('a wanted package without a source for the operating system is out of reach, an unwanted one is simply absent', (t) => {
  const none: WantedPackage = { name: wantedPackage('x').name, want: { kind: 'present' }, effect: 'quiet' }
  const found = differ({ packages: [none] }, {})
  t.deepEqual(found.changes, [])
  t.deepEqual(
    found.impossible.map((reason) => reason.code),
    ['package-not-on-os'],
  )
  t.deepEqual(differ({ packages: [{ ...none, want: { kind: 'absent' } }] }, {}).impossible, [])
})

const scriptCause = (wanted: WantedScript, seen: ObservedScript | undefined): string | undefined => {
  const scripts = new Map(seen === undefined ? [] : [[wanted.name, seen]])
  const { changes, unasked } = differ({ scripts: [wanted] }, { scripts })
  if (unasked.length > 0) return 'unasked'
  const [change] = changes
  return change?.facet === 'scripts' ? change.cause : undefined
}

const run = (word: string, exitCode = 0, bootId = 'boot-1'): ObservedScript => {
  const lastRun = { digest: digest(word), bootId, at: now, exitCode }
  return exitCode === 0 ? { lastRun, succeeded: { digest: digest(word), bootId, at: now } } : { lastRun }
}

test('a script with a check runs whenever the check says no', (t) => {
  const wanted = wantedScript('proxy', 'check')
  const asked = (exitCode: number, of = wanted.digest): ObservedScript => ({
    check: { digest: of, exitCode, output: '' },
  })
  t.is(scriptCause(wanted, asked(0)), undefined)
  t.is(scriptCause(wanted, asked(1)), 'check-failed')
  t.is(scriptCause(wanted, asked(0, digest('older'))), 'unasked')
  t.is(scriptCause(wanted, { ...run('script-proxy'), ...asked(1) }), 'check-failed')
})

test('a script whose check gave no answer is not run, and not taken for right', (t) => {
  const wanted = wantedScript('proxy', 'check')
  const found = differ({ scripts: [wanted] }, { scripts: new Map([[wanted.name, {}]]) })
  t.like(found, { changes: [], unasked: [], unanswered: ['proxy'] })
  t.false(
    facetsInPlace(
      machine(id, profile({ scripts: [wanted] })),
      facts({ scripts: new Map([[wanted.name, {}]]) }),
    ).includes('scripts'),
  )
})

test('a script without a check runs when its digest is not the one that succeeded last', (t) => {
  const wanted = wantedScript('proxy', 'change')
  t.is(scriptCause(wanted, {}), 'never-run')
  t.is(scriptCause(wanted, run('script-proxy')), undefined)
  t.is(scriptCause(wanted, run('older')), 'changed')
  t.is(scriptCause(wanted, run('script-proxy', 1)), 'failed-before')
})

test('a boot script runs until it has succeeded in this boot', (t) => {
  const wanted = wantedScript('proxy', 'boot')
  t.is(scriptCause(wanted, {}), 'never-run')
  t.is(scriptCause(wanted, run('older')), undefined)
  t.is(scriptCause(wanted, run('script-proxy', 0, 'boot-0')), 'new-boot')
  t.is(scriptCause(wanted, run('script-proxy', 1)), 'failed-before')
})

test('a script to be run once never runs again after it succeeded, even changed', (t) => {
  const wanted = wantedScript('proxy', 'once')
  t.is(scriptCause(wanted, {}), 'never-run')
  t.is(scriptCause(wanted, run('script-proxy', 1)), 'failed-before')
  t.is(scriptCause(wanted, run('older', 0, 'boot-0')), undefined)
})

test('a script that the last look did not ask about is presumed to be run, and known to be unasked', (t) => {
  const wanted = wantedScript('proxy', 'once')
  t.is(scriptCause(wanted, undefined), 'unasked')
  t.like(differ({ scripts: [wanted] }, {}).changes, [{ item: 'proxy', cause: 'never-run' }])
})

test('the host name is made that of the spec where the spec manages it', (t) => {
  const identity = { hostname: 'old', authorizedKeys: [] }
  t.like(differ({ identity: { hostname: true } }, { identity }).changes, [{ from: 'old', to: 'b204-01' }])
  t.deepEqual(differ({ identity: { hostname: false } }, { identity }).changes, [])
})

test('a wanted key is recognised without its comment, and other keys are left alone', (t) => {
  const wanted = { hostname: false, authorizedKeys: ['ssh-ed25519 AAAA marie@atelier'] }
  const accepting = (...authorizedKeys: string[]) => ({ identity: { hostname: 'pc', authorizedKeys } })
  t.deepEqual(differ({ identity: wanted }, accepting('ssh-ed25519 AAAA', 'ssh-rsa BBBB')).changes, [])
  t.like(differ({ identity: wanted }, accepting('ssh-rsa BBBB')).changes, [{ item: 'authorized-keys' }])
})

test('changes come as identity, packages, scripts in the order of the spec, restart', (t) => {
  const { changes } = differ(
    {
      identity: { hostname: true },
      packages: [wantedPackage('zsh'), wantedPackage('apache2')],
      scripts: [wantedScript('second'), wantedScript('first')],
    },
    { rebootPending: true },
  )
  t.deepEqual(
    changes.map((change) => change.item),
    ['hostname', 'apache2', 'zsh', 'second', 'first', 'reboot'],
  )
})

test('a facet that could not be read is named where it is managed', (t) => {
  const { packages: _, ...unread } = facts()
  t.deepEqual(diff(machine(id, profile({ packages: [wantedPackage('vim')] })), unread, {}).unread, [
    'packages',
  ])
  t.deepEqual(diff(machine(id), unread, {}).unread, [])
})

const drifting = (policy: 'enforce' | 'report' | 'ignore', applied: string | undefined) => {
  const wanted: Parameters<typeof profile>[0] = {
    packages: [wantedPackage('vim')],
    drift: { ...profile().drift, packages: policy },
  }
  const found = differ(wanted, {}, applied === undefined ? {} : { packages: digest(applied) })
  return [found.changes.length, found.reported.length]
}

test('drift is made good, reported or ignored by policy, a new wish is applied unless it is ignored', (t) => {
  t.deepEqual(drifting('enforce', 'packages'), [1, 0])
  t.deepEqual(drifting('report', 'packages'), [0, 1])
  t.deepEqual(drifting('report', 'older'), [1, 0])
  t.deepEqual(drifting('report', undefined), [1, 0])
  t.deepEqual(drifting('ignore', 'older'), [0, 0])
})

test('a new boot is no drift: the scripts of each boot run even where drift is only reported', (t) => {
  const wanted = wantedScript('proxy', 'boot')
  const found = differ(
    { scripts: [wanted], drift: { ...profile().drift, scripts: 'report' } },
    { scripts: new Map([[script('proxy'), run('script-proxy', 0, 'boot-0')]]) },
    { scripts: digest('scripts') },
  )
  t.like(found.changes, [{ cause: 'new-boot' }])
})

test('a restart that the system asks for is only reported where the spec forbids it', (t) => {
  const power: Profile['power'] = { wake: true, reboot: 'never' }
  t.like(differ({ power }, { rebootPending: true }), { changes: [], reported: [{ item: 'reboot' }] })
})

test('facets without a difference are in place, whatever the drift policy', (t) => {
  const wanted = machine(
    id,
    profile({ packages: [wantedPackage('vim')], drift: { ...profile().drift, packages: 'ignore' } }),
  )
  t.deepEqual(facetsInPlace(wanted, facts()), ['identity', 'scripts'])
  t.deepEqual(facetsInPlace(wanted, facts({ installed: { vim: '9' } })), ['identity', 'packages', 'scripts'])
})

test('the key of a change names what is wanted, not what is there', (t) => {
  const key = (want: string, seen: Parameters<typeof facts>[0]) => {
    const [change] = differ({ packages: [wantedPackage('vim', want)] }, seen).changes
    return change && changeKey(change)
  }
  t.is(key('9.1', {}), key('9.1', { installed: { vim: '8' } }))
  t.not(key('9.1', {}), key('9.2', {}))
})
