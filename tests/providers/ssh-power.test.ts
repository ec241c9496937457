import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { inventoryDriver } from '../../providers/inventory/driver.ts'
import { powerDriver } from '../../providers/power/reboot.ts'
import { scriptsDriver } from '../../providers/scripts/driver.ts'
import type { FacetDriver } from '../../providers/ssh/facet-driver.ts'
import type { SshParts } from '../../providers/ssh/provider.ts'
import type { Change } from '../../reconciler/model/change.ts'
import type { Outcome } from '../../reconciler/model/outcome.ts'
import type { WantedScript } from '../../specs/desired.ts'
import { makeAction, makeDesired, makeMachine, makeProvider, makeScript, runScript, site } from './machine.ts'
import { startSshd } from './sshd.ts'

const never = new AbortController().signal
const wakeUp: Change = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }
const restart: Change = { facet: 'power', item: 'reboot', from: 'up', to: 'rebooted', effect: 'disruptive' }

/** The real driver, with what the PC would do replaced: this machine must not restart. */
const restartingBy = (sh: string): FacetDriver => ({
  ...powerDriver,
  steps: (request) => [{ kind: 'restart', changes: request.changes, sh }],
})

async function bench(t: ExecutionContext) {
  const sshd = await startSshd()
  const folder = join(sshd.folder, 'pc')
  mkdirSync(folder)
  t.teardown(() => sshd.remove())
  const apply = async (
    changes: readonly Change[],
    more: Partial<SshParts>,
    scripts: readonly WantedScript[] = [],
  ) => {
    const provider = makeProvider(sshd.privateKey, folder, more)
    t.teardown(() => provider.close())
    const pc = makeMachine({ port: sshd.port, hostKey: sshd.fingerprint('ed25519'), scripts })
    return provider.apply(makeAction(changes), pc, site, makeDesired(pc), () => {}, never)
  }
  return { sshd, folder, apply }
}

const verdicts = (outcome: Outcome): readonly string[] =>
  'results' in outcome
    ? outcome.results.map(({ ok, class: failure, reason }) => (ok ? 'ok' : `${failure} ${reason?.code}`))
    : [outcome.kind]

test('waking is complete when the machine lets us in, and the other changes follow', async (t) => {
  const { sshd, folder, apply } = await bench(t)
  await sshd.stop()
  const script = makeScript('proxy', `echo ran >${folder}/ran`)
  const woken: string[] = []
  const outcome = await apply(
    [wakeUp, runScript(script)],
    {
      async wake(mac, to) {
        woken.push(`${mac} ${to.broadcast}:${to.port}`)
        if (woken.length === 2) await sshd.start()
        return { kind: 'sent' }
      },
    },
    [script],
  )
  t.is(outcome.kind, 'complete')
  t.deepEqual(verdicts(outcome), ['ok', 'ok'])
  t.true(existsSync(join(folder, 'ran')))
  t.is(woken[0], '52:54:00:25:02:01 127.255.255.255:9')
  t.is(woken.length, 2)
})

test('a machine that does not wake is waited for, and nothing is run', async (t) => {
  const { sshd, apply } = await bench(t)
  await sshd.stop()
  const limits = { wakeTimeoutMs: 100, rejoinEveryMs: 10 }
  const outcome = await apply([wakeUp], { limits })
  t.deepEqual(verdicts(outcome), ['wait did-not-wake'])
  t.like(outcome, { kind: 'failed', class: 'wait' })
})

test('a magic packet that cannot be sent says why', async (t) => {
  const { apply } = await bench(t)
  const reason = { code: 'wake-not-sent', message: { en: 'no', fr: 'non' } }
  const outcome = await apply([wakeUp], { wake: async () => ({ kind: 'failed', reason }) })
  t.deepEqual(verdicts(outcome), ['retry wake-not-sent'])
})

test('a restart is complete when the machine answers from another boot', async (t) => {
  const { folder, apply } = await bench(t)
  const script = makeScript('proxy', 'true')
  // As after a restart: the boot that the record names is no longer the present one, and nothing runs any more.
  const driver = restartingBy(
    `echo "restarting another-boot" >"$(echo ${folder}/state/actions/*)/exit"; kill -9 $PPID`,
  )
  const outcome = await apply(
    [runScript(script), restart],
    { drivers: [inventoryDriver, scriptsDriver, driver] },
    [script],
  )
  t.deepEqual(verdicts(outcome), ['ok', 'ok'])
})

test('a restart that the PC refuses is a failure with its words', async (t) => {
  const { apply } = await bench(t)
  const driver = restartingBy('echo a user inhibits it; exit 5')
  const outcome = await apply([restart], { drivers: [inventoryDriver, driver] })
  t.deepEqual(verdicts(outcome), ['retry restart-failed'])
  t.is(outcome.kind === 'failed' ? outcome.reason.detail : '', 'a user inhibits it\n')
})

test('nothing restarts on top of a failure', async (t) => {
  const { folder, apply } = await bench(t)
  const script = makeScript('bad', 'exit 1')
  const driver = restartingBy(`echo restarted >${folder}/restarted`)
  const outcome = await apply(
    [runScript(script), restart],
    { drivers: [inventoryDriver, scriptsDriver, driver] },
    [script],
  )
  t.deepEqual(verdicts(outcome), ['retry script-failed', 'retry restart-skipped'])
  t.false(existsSync(join(folder, 'restarted')))
})

test('a Windows PC is told to be for later, and is not contacted', async (t) => {
  const { sshd } = await bench(t)
  const provider = makeProvider(sshd.privateKey, sshd.folder)
  const pc = makeMachine({ port: 1, hostKey: '' })
  const windows = { ...pc, profile: { ...pc.profile, os: 'windows' as const } }
  const seen = await provider.observe(windows, site, undefined, never)
  t.is(seen.errors[0]?.code, 'os-not-supported')
  const outcome = await provider.apply(
    makeAction([restart]),
    windows,
    site,
    makeDesired(windows),
    () => {},
    never,
  )
  t.like(outcome, { kind: 'failed', class: 'terminal' })
})
