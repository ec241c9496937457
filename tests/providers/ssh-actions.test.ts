import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { inventoryDriver } from '../../providers/inventory/driver.ts'
import type { FacetDriver } from '../../providers/ssh/facet-driver.ts'
import type { SshProvider } from '../../providers/ssh/provider.ts'
import type { Change } from '../../reconciler/model/change.ts'
import type { Outcome, Progress } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { DesiredMachine, WantedScript } from '../../specs/desired.ts'
import type { SecretName } from '../../specs/ids.ts'
import type { LoneWork } from './lone-client.ts'
import {
  digestOf,
  makeAction,
  makeDesired,
  makeMachine,
  makeProvider,
  makeScript,
  runScript,
  site,
  wantPackage,
} from './machine.ts'
import { type Sshd, startProxy, startSshd, waitFor } from './sshd.ts'

const never = new AbortController().signal

type Bench = {
  readonly sshd: Sshd
  /** For the test's own traces. */
  readonly folder: string
  readonly provider: SshProvider
  machine(scripts: readonly WantedScript[], port?: number): DesiredMachine
  apply(machine: DesiredMachine, action: Action, report?: (progress: Progress) => void): Promise<Outcome>
  read(name: string): string
}

async function bench(t: ExecutionContext): Promise<Bench> {
  const sshd = await startSshd()
  const folder = join(sshd.folder, 'pc')
  mkdirSync(folder)
  const provider = makeProvider(sshd.privateKey, folder)
  t.teardown(async () => {
    await provider.close()
    await sshd.remove()
  })
  return {
    sshd,
    folder,
    provider,
    machine: (scripts, port = sshd.port) =>
      makeMachine({ port, hostKey: sshd.fingerprint('ed25519'), scripts }),
    apply: (machine, action, report = () => {}) =>
      provider.apply(action, machine, site, makeDesired(machine, ['wifi-key']), report, never),
    read: (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : ''),
  }
}

const codeOf = (outcome: Outcome): string =>
  outcome.kind === 'complete' ? 'complete' : `${outcome.kind} ${outcome.reason.code}`

/** A process that ended and that nobody has collected yet is not alive. */
const isAlive = (pid: string): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

const classOf = (outcome: Outcome): string => (outcome.kind === 'failed' ? outcome.class : outcome.kind)

/** A script that says that it has begun, counts its runs, and goes on when it is told to. */
const waiting = (folder: string): WantedScript =>
  makeScript(
    'waiting',
    `echo run >>${folder}/runs\nwhile [ ! -e ${folder}/go ]; do sleep 0.05; done\necho over`,
  )

test('this very machine is observed in one command', async (t) => {
  const { provider, machine } = await bench(t)
  const script = makeScript('proxy', 'true', { trigger: { kind: 'check', body: 'echo not yet; exit 3' } })
  const seen = await provider.observe(machine([script]), site, undefined, never)
  t.is(seen.reach, 'up')
  t.deepEqual(seen.errors, [])
  const { facts } = seen
  if (facts === undefined) return t.fail('no facts')
  t.is(facts.bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  t.true(Math.abs(facts.clockSkewMs) < 60_000)
  t.true(facts.bootedAt <= facts.at && facts.bootedAt > 0)
  t.is(facts.os.id, /^ID="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '')
  t.is(facts.os.kernel, execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim())
  t.true(facts.hardware.cpus >= 1 && facts.hardware.memoryBytes > 1 << 26 && facts.hardware.rootFreeBytes > 0)
  const dash = execFileSync('dpkg-query', ['-W', '-f', `\${Version}`, 'dash'], { encoding: 'utf8' })
  t.is(facts.packages?.installed.get('dash'), dash)
  t.is(facts.identity?.hostname, readFileSync('/proc/sys/kernel/hostname', 'utf8').trim())
  t.is(facts.running, undefined)
  t.deepEqual(facts.scripts?.get(script.name), {
    check: { digest: script.digest, exitCode: 3, output: 'not yet\n' },
  })
})

test('our own connection is not a session', async (t) => {
  const { provider, machine } = await bench(t)
  const before = await provider.observe(machine([]), site, undefined, never)
  const again = await provider.observe(machine([]), site, before, never)
  t.deepEqual(again.facts?.sessions, before.facts?.sessions)
  const who = execFileSync('who', { encoding: 'utf8' }).trim()
  if (who === '') t.false(before.facts?.sessions.some((session) => session.terminal === '') ?? true)
  t.pass()
})

test('a check that does not end is no answer, and is said', async (t) => {
  const { provider, machine } = await bench(t)
  const slow = makeScript('slow', 'true', {
    trigger: { kind: 'check', body: 'sleep 1000' },
    timeoutMs: 200,
  })
  const seen = await provider.observe(machine([slow]), site, undefined, never)
  t.is(seen.reach, 'up')
  t.deepEqual(seen.facts?.scripts?.get(slow.name), {})
  t.deepEqual(
    seen.errors.map((error) => error.code),
    ['check-timeout'],
  )
})

test('a look that hangs is left in time, says where, and leaves nothing running on the PC', async (t) => {
  const { machine, folder, sshd, read } = await bench(t)
  const hanging: FacetDriver = {
    ...inventoryDriver,
    name: 'hanging',
    probes: () => [{ name: 'disk', sh: `echo $$ >${folder}/pid; sleep 1000` }],
    read: () => ({ facts: {}, errors: [] }),
  }
  const provider = makeProvider(sshd.privateKey, folder, {
    drivers: [inventoryDriver, hanging],
    limits: { observeTimeoutMs: 12_000 },
  })
  t.teardown(() => provider.close())
  const seen = await provider.observe(machine([]), site, undefined, never)
  t.is(seen.reach, 'up', JSON.stringify(seen.errors))
  t.deepEqual(
    seen.errors.map((error) => error.code),
    ['observe-timeout'],
  )
  t.true(seen.errors[0]?.message.en.includes('hanging/disk'))
  await waitFor(() => !isAlive(read('pid').trim()), 'the look to end itself')
})

test('what was known of a machine stays when it cannot be reached', async (t) => {
  const { provider, machine, sshd } = await bench(t)
  const before = await provider.observe(machine([]), site, undefined, never)
  await sshd.stop()
  const after = await provider.observe(machine([]), site, before, never)
  t.is(after.reach, 'silent')
  t.deepEqual(
    after.errors.map((error) => error.code),
    ['ssh-refused'],
  )
  t.is(after.facts, before.facts)
})

test('a script runs as a file with its interpreter, and its success is recorded', async (t) => {
  const { apply, machine, provider, folder, read } = await bench(t)
  const script = makeScript('proxy', `echo "$0" $# >${folder}/args; printf 'à l’écoute\\n'; pwd`, {
    interpreter: ['/bin/sh', '-u'],
  })
  const pc = machine([script])
  const outcome = await apply(pc, makeAction([runScript(script)]))
  t.is(codeOf(outcome), 'complete')
  if (outcome.kind !== 'complete') return
  t.is(outcome.results[0]?.output, 'à l’écoute\n/\n')
  t.regex(read('args'), /^\/.*\/body 0\n$/)
  const seen = await provider.observe(pc, site, undefined, never)
  const recorded = seen.facts?.scripts?.get(script.name)
  t.is(recorded?.succeeded?.digest, script.digest)
  t.like(recorded?.lastRun, { digest: script.digest, exitCode: 0, bootId: seen.facts?.bootId })
})

test('a failing script tells its exit code and its last words, and the other scripts still run', async (t) => {
  const { apply, machine, read, folder, provider } = await bench(t)
  const bad = makeScript('bad', 'echo the printer is on fire; exit 42')
  const good = makeScript('good', `echo yes >${folder}/good`)
  const pc = machine([bad, good])
  const outcome = await apply(pc, makeAction([runScript(bad), runScript(good)]))
  if (outcome.kind !== 'failed') throw t.fail(outcome.kind)
  t.is(outcome.class, 'retry')
  t.deepEqual(
    outcome.results.map((result) => [result.ok, result.exitCode, result.reason?.code]),
    [
      [false, 42, 'script-failed'],
      [true, 0, undefined],
    ],
  )
  t.is(outcome.results[0]?.reason?.detail, 'the printer is on fire')
  t.is(read('good'), 'yes\n')
  const recorded = (await provider.observe(pc, site, undefined, never)).facts?.scripts?.get(bad.name)
  t.is(recorded?.lastRun?.exitCode, 42)
  t.is(recorded?.succeeded, undefined)
})

test('a script out of time dies with a grandchild that left its session and ignores SIGTERM', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript(
    'runaway',
    `setsid sh -c 'trap "" TERM; echo $$ >${folder}/pid; while :; do sleep 0.1; done' >/dev/null 2>&1 &
while [ ! -s ${folder}/pid ]; do sleep 0.05; done
exit_later() { sleep 1000; }; exit_later`,
    { timeoutMs: 2000 },
  )
  const outcome = await apply(machine([script]), makeAction([runScript(script)]))
  t.is(codeOf(outcome), 'failed script-timeout')
  const pid = read('pid').trim()
  t.regex(pid, /^\d+$/)
  t.false(isAlive(pid))
})

test('a daemon that a script starts outlives it and does not hold the action', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript(
    'daemon',
    `setsid sh -c 'echo $$ >${folder}/pid; while [ ! -e ${folder}/go ]; do sleep 0.05; done' &
while [ ! -s ${folder}/pid ]; do sleep 0.05; done`,
  )
  t.teardown(() => writeFileSync(join(folder, 'go'), ''))
  t.is(codeOf(await apply(machine([script]), makeAction([runScript(script)]))), 'complete')
  const pid = read('pid').trim()
  t.true(isAlive(pid))
  const next = makeScript('next', 'true')
  t.is(codeOf(await apply(machine([next]), makeAction([runScript(next)]))), 'complete')
  writeFileSync(join(folder, 'go'), '')
  await waitFor(() => !isAlive(pid), 'the daemon to end')
})

test('a check that still says no after the script has run is a failure', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript('printers', `echo run >>${folder}/runs`, {
    trigger: { kind: 'check', body: 'echo no printer; exit 1' },
  })
  const outcome = await apply(machine([script]), makeAction([runScript(script)]))
  t.is(codeOf(outcome), 'failed check-still-failing')
  t.is(read('runs'), 'run\n')
})

test('a script whose check says yes is not run', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript('printers', `echo run >>${folder}/runs`, {
    trigger: { kind: 'check', body: 'exit 0' },
  })
  t.is(codeOf(await apply(machine([script]), makeAction([runScript(script)]))), 'complete')
  t.is(read('runs'), '')
})

test('once is once, also for another action', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript('first-time', `echo run >>${folder}/runs`, { trigger: { kind: 'once' } })
  const pc = machine([script])
  t.is(codeOf(await apply(pc, makeAction([runScript(script)]))), 'complete')
  t.is(codeOf(await apply(pc, makeAction([runScript(script)]))), 'complete')
  t.is(read('runs'), 'run\n')
})

test('a secret is in the environment, in no argument, in no output, and not on the disk afterwards', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript(
    'wifi',
    `echo "key: $PROVISEUR_SECRET_WIFI_KEY"
printf %s "$PROVISEUR_SECRET_WIFI_KEY" | md5sum >${folder}/sum
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >${folder}/arguments`,
    { secrets: ['wifi-key' as SecretName] },
  )
  const lines: string[] = []
  const outcome = await apply(machine([script]), makeAction([runScript(script)]), ({ line }) =>
    lines.push(line ?? ''),
  )
  t.is(codeOf(outcome), 'complete')
  t.is(
    read('sum').slice(0, 32),
    execFileSync('sh', ['-c', 'printf "opened wifi-key" | md5sum'], { encoding: 'utf8' }).slice(0, 32),
  )
  t.false(read('arguments').includes('opened wifi-key'))
  t.is(outcome.kind === 'complete' ? outcome.results[0]?.output : '', 'key: ••••\n')
  t.false(lines.some((line) => line.includes('opened')))
  const found = readdirSync(join(folder, 'run'))
  t.deepEqual(found, [])
})

test('a script runs as the account that it names', async (t) => {
  const { apply, machine, sshd } = await bench(t)
  chmodSync(sshd.folder, 0o711)
  const script = makeScript('as-nobody', 'id -un; id -gn; echo "$USER $HOME"', { runAs: 'nobody' })
  const outcome = await apply(machine([script]), makeAction([runScript(script)]))
  const output = outcome.kind === 'complete' ? outcome.results[0]?.output : JSON.stringify(outcome)
  t.is(output, 'nobody\nnogroup\nnobody /nonexistent\n')
})

test('an unknown account or interpreter is a reason of its own', async (t) => {
  const { apply, machine } = await bench(t)
  const stranger = makeScript('stranger', 'true', { runAs: 'no-such-account' })
  t.is(codeOf(await apply(machine([stranger]), makeAction([runScript(stranger)]))), 'failed run-as-unknown')
  const odd = makeScript('odd', 'true', { interpreter: ['/usr/bin/no-such-interpreter'] })
  t.is(codeOf(await apply(machine([odd]), makeAction([runScript(odd)]))), 'failed interpreter-missing')
})

test('an older fence is refused, and the same with other contents', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript('counting', `echo run >>${folder}/runs; exit 1`)
  const pc = machine([script])
  const at = (epoch: number, generation: number, content = 'a') =>
    apply(pc, makeAction([runScript(script)], { fence: { epoch, generation }, content: digestOf(content) }))
  t.is(codeOf(await at(2, 5)), 'failed script-failed')
  t.is(codeOf(await at(2, 4)), 'refused fence-older')
  t.is(codeOf(await at(1, 99)), 'refused fence-older')
  t.is(codeOf(await at(2, 5, 'b')), 'refused fence-conflict')
  t.is(read('runs'), 'run\n')
  t.is(codeOf(await at(2, 5)), 'failed script-failed')
  t.is(codeOf(await at(2, 10)), 'failed script-failed')
  t.is(codeOf(await at(3, 1)), 'failed script-failed')
  t.is(codeOf(await at(2, 11)), 'refused fence-older')
  t.is(read('runs'), 'run\n'.repeat(4))
  t.is(read('state/fence').split(' ').slice(0, 2).join(' '), '3 1')
})

test('a machine that would not be reached is no fault of what was to be done there', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript('counting', `echo run >>${folder}/runs`)
  const action = makeAction([runScript(script)])
  const wrongKey = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  const refused = await apply({ ...machine([script]), hostKey: wrongKey }, action)
  t.is(codeOf(refused), 'failed host-key-changed')
  t.is(classOf(refused), 'wait')
  t.is(read('runs'), '')
  t.is(codeOf(await apply(machine([script]), action)), 'complete')
})

test('an action whose packages are no longer as planned does nothing', async (t) => {
  const { provider, machine, folder, read } = await bench(t)
  const script = makeScript('counting', `echo run >>${folder}/runs`)
  const action = makeAction([runScript(script)], {
    expect: { packages: { dash: '0.0.1', 'no-such-package': null } },
  })
  const pc = machine([script])
  const outcome = await provider.apply(action, pc, site, makeDesired(pc), () => {}, never)
  t.is(codeOf(outcome), 'wrong-precondition wrong-precondition')
  t.regex(outcome.kind === 'wrong-precondition' ? (outcome.reason.detail ?? '') : '', /^dash 0\.0\.1 \d/)
  t.is(read('runs'), '')
})

test('a package that is already as wanted is no change for apt, and completes', async (t) => {
  const { provider, sshd } = await bench(t)
  const dash = wantPackage('dash', { kind: 'present' })
  const gone = wantPackage('no-such-package', { kind: 'absent' })
  const pc = makeMachine({ port: sshd.port, hostKey: sshd.fingerprint('ed25519'), packages: [dash, gone] })
  const change = (name: typeof dash, to: 'present' | null): Change => ({
    facet: 'packages',
    item: name.name,
    source: name.name,
    operation: to === null ? 'remove' : 'install',
    from: null,
    to,
    effect: 'quiet',
  })
  // The lists' age must not make this test reach for the network.
  mkdirSync(join(sshd.folder, 'pc/state'), { recursive: true })
  writeFileSync(join(sshd.folder, 'pc/state/apt-updated'), '')
  const outcome = await provider.apply(
    makeAction([change(dash, 'present'), change(gone, null)]),
    pc,
    site,
    makeDesired(pc),
    () => {},
    never,
  )
  t.is(codeOf(outcome), 'complete')
})

test('an action that changed meanwhile in the spec is not run', async (t) => {
  const { apply, machine } = await bench(t)
  const script = makeScript('proxy', 'true')
  const outcome = await apply(machine([makeScript('proxy', 'false')]), makeAction([runScript(script)]))
  t.is(codeOf(outcome), 'wrong-precondition script-changed')
})

test('a second process joins the running action, and both learn the one outcome', async (t) => {
  const { apply, machine, folder, read, sshd, provider } = await bench(t)
  const script = waiting(folder)
  const action = makeAction([runScript(script)])
  const pc = machine([script])
  const first = apply(pc, action)
  await waitFor(() => read('runs') !== '', 'the script to begin')
  const second = lone({ sshd, folder, script, action })
  const during = await provider.observe(pc, site, undefined, never)
  t.is(during.facts?.running, action.id)
  const other = await apply(pc, makeAction([runScript(script)]))
  t.is(`${classOf(other)} ${codeOf(other)}`, 'wait failed another-action')
  writeFileSync(join(folder, 'go'), '')
  const [mine, theirs] = await Promise.all([first, second.outcome()])
  t.is(codeOf(mine), 'complete')
  t.is(codeOf(theirs), 'complete')
  t.is(read('runs'), 'run\n')
  t.is((await provider.observe(pc, site, undefined, never)).facts?.running, undefined)
})

test('the client is killed in the middle of an action: it ran once, and its outcome is there for the next', async (t) => {
  const { apply, machine, folder, read, sshd } = await bench(t)
  const script = waiting(folder)
  const action = makeAction([runScript(script)])
  const client = lone({ sshd, folder, script, action })
  await waitFor(() => read('runs') !== '', 'the script to begin')
  client.kill()
  await client.ended
  const rejoined = apply(machine([script]), action)
  writeFileSync(join(folder, 'go'), '')
  const outcome = await rejoined
  t.is(codeOf(outcome), 'complete')
  t.is(outcome.kind === 'complete' ? outcome.results[0]?.output : '', 'over\n')
  t.is(codeOf(await apply(machine([script]), action)), 'complete')
  t.is(read('runs'), 'run\n')
})

test('sshd is killed in the middle of an action: it ends alone, and is joined when sshd is back', async (t) => {
  const { apply, machine, folder, read, sshd } = await bench(t)
  const script = waiting(folder)
  const action = makeAction([runScript(script)])
  const running = apply(machine([script]), action)
  await waitFor(() => read('runs') !== '', 'the script to begin')
  await sshd.stop()
  writeFileSync(join(folder, 'go'), '')
  await waitFor(() => existsSync(join(folder, 'state/actions', action.id, 'exit')), 'the action to end alone')
  await sshd.start()
  t.is(codeOf(await running), 'complete')
  t.is(read('runs'), 'run\n')
})

test('a cut connection is opened again and the action joined', async (t) => {
  const { apply, machine, folder, read, sshd } = await bench(t)
  const proxy = await startProxy(sshd.port)
  t.teardown(() => proxy.close())
  const script = waiting(folder)
  const running = apply(machine([script], proxy.port), makeAction([runScript(script)]))
  await waitFor(() => read('runs') !== '', 'the script to begin')
  proxy.cut()
  await waitFor(() => proxy.connections() === 2, 'the second connection')
  writeFileSync(join(folder, 'go'), '')
  t.is(codeOf(await running), 'complete')
  t.is(read('runs'), 'run\n')
})

test('a machine that stays away leaves the action waiting, to be asked again', async (t) => {
  const { machine, folder, read, sshd } = await bench(t)
  const impatient = makeProvider(sshd.privateKey, folder, { limits: { rejoinMs: 0, rejoinEveryMs: 1 } })
  t.teardown(() => impatient.close())
  const script = waiting(folder)
  const pc = machine([script])
  const action = makeAction([runScript(script)])
  const running = impatient.apply(action, pc, site, makeDesired(pc), () => {}, never)
  await waitFor(() => read('runs') !== '', 'the script to begin')
  await sshd.stop()
  const outcome = await running
  t.is(`${classOf(outcome)} ${codeOf(outcome)}`, 'wait failed connection-lost')
  writeFileSync(join(folder, 'go'), '')
  await waitFor(() => read(`state/actions/${action.id}/exit`) !== '', 'the action to end alone')
})

test('an action whose process was killed is interrupted, and its lock is free', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = waiting(folder)
  const pc = machine([script])
  const action = makeAction([runScript(script)])
  const running = apply(pc, action)
  await waitFor(() => read('runs') !== '', 'the script to begin')
  const [pid] = read(`state/actions/${action.id}/pid`).split(' ')
  process.kill(Number(pid), 'SIGKILL')
  const outcome = await running
  t.is(`${classOf(outcome)} ${codeOf(outcome)}`, 'wait failed interrupted')
  writeFileSync(join(folder, 'go'), '')
  t.is(codeOf(await apply(pc, makeAction([runScript(script)]))), 'complete')
  t.is(codeOf(await apply(pc, action)), 'failed interrupted')
})

test('the deadline stops a running action on the PC itself, and one that is late does not start', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = waiting(folder)
  const next = makeScript('next', `echo next >>${folder}/next`)
  const pc = machine([script, next])
  const changes = [runScript(script), runScript(next)]
  const outcome = await apply(pc, makeAction(changes, { deadline: Date.now() + 3000 }))
  if (outcome.kind !== 'failed') throw t.fail(outcome.kind)
  t.deepEqual(
    outcome.results.map((result) => result.reason?.code),
    ['deadline-exceeded', 'deadline-exceeded'],
  )
  t.is(read('next'), '')
  const late = await apply(pc, makeAction(changes, { deadline: Date.now() - 1 }))
  t.is(`${classOf(late)} ${codeOf(late)}`, 'wait failed deadline-passed')
  t.is(read('runs'), 'run\n')
})

test('progress names the running change and its last line', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  const script = makeScript('talking', `echo working; while [ ! -e ${folder}/go ]; do sleep 0.05; done`)
  const seen: Progress[] = []
  const outcome = await apply(machine([script]), makeAction([runScript(script)]), (progress) => {
    seen.push(progress)
    if (progress.line === 'working') writeFileSync(join(folder, 'go'), '')
  })
  t.is(codeOf(outcome), 'complete')
  t.like(seen.at(-1), { line: 'working', done: 0, total: 1, step: { facet: 'scripts', item: 'talking' } })
  t.is(read('state/running').trim().length > 0, true)
})

test('a long output is kept by its end', async (t) => {
  const { apply, machine } = await bench(t)
  const script = makeScript('loud', 'head -c 200000 /dev/zero | tr "\\0" x; echo; echo last')
  const outcome = await apply(machine([script]), makeAction([runScript(script)]))
  const output = outcome.kind === 'complete' ? (outcome.results[0]?.output ?? '') : ''
  t.is(output.length, 16384)
  t.true(output.endsWith('xxx\nlast\n'))
})

test('the record is closed to everybody but root', async (t) => {
  const { apply, machine, folder } = await bench(t)
  const script = makeScript('proxy', 'true')
  await apply(machine([script]), makeAction([runScript(script)]))
  t.is(statSync(join(folder, 'state')).mode & 0o777, 0o700)
})

test('a record that cannot be written is a reason, and nothing runs', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  writeFileSync(join(folder, 'state'), 'a file where the folder should be')
  const script = makeScript('counting', `echo run >>${folder}/runs`)
  const outcome = await apply(machine([script]), makeAction([runScript(script)]))
  t.is(codeOf(outcome), 'failed record-unwritable')
  t.is(read('runs'), '')
})

test('a full disk is said before anything runs', async (t) => {
  const { apply, machine, folder, read } = await bench(t)
  mkdirSync(join(folder, 'state'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(folder, 'state')])
  t.teardown(() => execFileSync('umount', [join(folder, 'state')]))
  writeFileSync(join(folder, 'state/ballast'), Buffer.alloc(48 << 10))
  const script = makeScript('counting', `echo run >>${folder}/runs`)
  t.is(codeOf(await apply(machine([script]), makeAction([runScript(script)]))), 'failed disk-full')
  t.is(read('runs'), '')
})

test('an account that may log in and run nothing is silent, and says so', async (t) => {
  const { provider, sshd } = await bench(t)
  chmodSync(sshd.folder, 0o711)
  const pc = makeMachine({ port: sshd.port, hostKey: sshd.fingerprint('ed25519'), user: 'nobody' })
  const seen = await provider.observe(pc, site, undefined, never)
  t.is(seen.reach, 'silent')
  // Its login shell is nologin: whatever it is told, it runs nothing.
  t.deepEqual(
    seen.errors.map((error) => error.code),
    ['shell-failed'],
  )
})

type Lone = { outcome(): Promise<Outcome>; readonly ended: Promise<void>; kill(): void }

function lone(input: Pick<Bench, 'sshd' | 'folder'> & Pick<LoneWork, 'script' | 'action'>): Lone {
  const { sshd, folder, script, action } = input
  const work: LoneWork = {
    port: sshd.port,
    hostKey: sshd.fingerprint('ed25519'),
    privateKey: sshd.privateKey,
    folder,
    script,
    action,
  }
  const file = join(folder, 'work.json')
  writeFileSync(file, JSON.stringify(work))
  const client = spawn(
    process.execPath,
    [fileURLToPath(new URL('./lone-client.ts', import.meta.url)), file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const chunks: Buffer[] = []
  client.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>((resolve) => client.once('close', () => resolve()))
  return {
    ended,
    outcome: () => ended.then(() => JSON.parse(Buffer.concat(chunks).toString('utf8'))),
    kill: () => void client.kill('SIGKILL'),
  }
}
