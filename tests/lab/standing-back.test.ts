/** When Proviseur must not touch a PC: somebody works there, it was told not to, it cannot be sure who answers, or what is wanted. */
import test from 'ava'
import { createLab, type Lab, type Pc } from './lab.ts'
import {
  type MachineStatus,
  type ManagedLycee,
  manageLycee,
  packageFiles,
  roleFile,
  scriptFile,
} from './managed-lycee.ts'
import type { ParkOptions } from './park.ts'
import { isConverged, type Match, type Up } from './running-up.ts'

const wanting = (...packages: readonly string[]): ParkOptions => ({
  lycee: { role: 'poste' },
  // Nobody has said yet which key this one has.
  machines: { 'cdi-02': { hostKey: undefined } },
  files: {
    ...packageFiles('geogebra', 'scratux', 'inkscape', 'gimp', 'krita', 'blender'),
    ...roleFile('poste', {
      packages: Object.fromEntries(packages.map((name) => [name, 'present'])),
      scripts: ['stamp'],
    }),
    ...scriptFile('stamp', { when: 'once', apply: 'echo here >>/var/log/stamp.runs\n' }),
  },
})

let lab: Lab
let lycee: ManagedLycee
let up: Up

test.before(async () => {
  lab = await createLab({
    packages: ['geogebra', 'scratux', 'inkscape', 'gimp', 'krita', 'blender'].map((name) => ({
      name,
      version: '1.0-1',
    })),
    pcs: ['b204-01', 'b204-02', 'cdi-01', 'cdi-02'].map((name) => ({ name, room: name.split('-')[0] ?? '' })),
  })
  lycee = await manageLycee(lab)
  await lycee.commit(wanting('geogebra'))
  up = lycee.up()
})

test.afterEach.always(async (t) => {
  if (!t.passed) t.log(await lab.describe(), up.output())
})

test.after.always(async () => {
  await lycee?.dispose()
  await lab?.dispose()
})

test.serial('a PC whose host key nobody has confirmed is left alone until it is trusted', async (t) => {
  const pc = lab.pc('cdi-02')
  const key = await pc.hostKeyFingerprint()
  for (const name of ['b204-01', 'b204-02', 'cdi-01']) await up.reaches(name, isConverged)
  const decision = await up.reaches('cdi-02', hasCode('host-key-unknown'))
  t.true(String(decision['message']).includes(key), 'says which key it shows')
  t.regex(String(decision['message']), /proviseur trust victor-hugo\/cdi-02/)
  await t.throwsAsync(pc.readFile('/var/lib/proviseur/fence'))
  t.deepEqual(await logins(pc), [])

  const asked = await lycee.run('trust', 'cdi-02')
  t.is(asked.code, 1)
  t.regex(asked.stderr, /--yes/)
  t.is(up.decided('cdi-02')?.['code'], 'host-key-unknown')

  const trusted = await lycee.run('trust', 'cdi-02', '--yes')
  t.is(trusted.code, 0, trusted.stderr)
  t.true(trusted.stdout.includes(key))
  await up.reaches('cdi-02', isConverged)
  t.is(await pc.installed('geogebra'), '1.0-1')
  const pinned = (await lycee.log()).filter(({ kind }) => kind === 'host-key-pinned')
  t.deepEqual(
    pinned.map(({ machine, data }) => [machine, data?.['fingerprint']]),
    [['victor-hugo/cdi-02', key]],
  )
})

test.serial('a PC with somebody at work is held until the logout', async (t) => {
  const pc = lab.pc('b204-01')
  await pc.openSession('eleve')
  const revision = await lycee.commit(wanting('geogebra', 'scratux'), 'scratux')
  for (const name of ['b204-02', 'cdi-01', 'cdi-02']) await up.reaches(name, hasBecomeConverged(revision))
  const held = await up.reaches('b204-01', hasGate('occupied'))
  t.regex(String(held['message']), /session|logged in|at work|in use/i)
  t.is(await pc.installed('scratux'), undefined)
  const shown = await statusOf('b204-01')
  t.is(shown.gate, 'occupied')
  t.regex((await lycee.run('explain', 'b204-01')).stdout, /eleve/)

  await pc.closeSessions()
  await up.converged(revision)
  t.is(await pc.installed('scratux'), '1.0-1')
})

test.serial('a login that came after the last look is not disturbed either', async (t) => {
  const pc = lab.pc('cdi-01')
  t.is(await up.stop(), 0)
  up = lycee.up('--interval', '1h')
  await up.converged((await lycee.status()).revision)
  await pc.openSession('prof')
  const from = up.events.length
  await lycee.commit(wanting('geogebra', 'scratux', 'inkscape'), 'inkscape')
  const refused = await up.next(
    'the refusal',
    ({ kind, machine }) => kind === 'ended' && machine?.endsWith('/cdi-01') === true,
    from,
  )
  t.is(refused['outcome'], 'wrong-precondition')
  t.is(refused['code'], 'occupied')
  t.regex(String(refused['message']), /logged in .*: prof\./)
  await up.reaches('cdi-01', hasGate('occupied'))
  t.is(await pc.installed('inkscape'), undefined)
  t.is(await lab.pc('cdi-02').installed('inkscape'), '1.0-1')

  await pc.closeSessions()
  t.is(await up.stop(), 0)
  up = lycee.up()
  await up.converged((await lycee.status()).revision)
  t.is(await pc.installed('inkscape'), '1.0-1')
})

test.serial('a paused room is left as it is until it is resumed', async (t) => {
  const paused = await lycee.run('pause', 'victor-hugo/b204', '--why', 'bac blanc', '--who', 'claire')
  t.is(paused.code, 0, paused.stderr)
  const revision = await lycee.commit(wanting('geogebra', 'scratux', 'gimp'), 'gimp')
  for (const name of ['cdi-01', 'cdi-02']) {
    await up.reaches(name, hasBecomeConverged(revision))
    t.is(await lab.pc(name).installed('gimp'), '1.0-1')
  }
  for (const name of ['b204-01', 'b204-02']) {
    const held = await up.reaches(name, hasGate('suspended'))
    t.regex(String(held['message']), /Paused by claire: bac blanc/)
    t.is(await lab.pc(name).installed('gimp'), undefined)
  }
  t.regex((await lycee.run('status')).stdout, /paused by claire +bac blanc/)

  t.is((await lycee.run('resume', 'victor-hugo/b204', '--who', 'claire')).code, 0)
  await up.converged(revision)
  for (const name of ['b204-01', 'b204-02']) t.is(await lab.pc(name).installed('gimp'), '1.0-1')
})

test.serial('a PC that shows another host key is refused, and nothing runs on it', async (t) => {
  const pc = lab.pc('cdi-01')
  const pinned = await pc.hostKeyFingerprint()
  // As the park knows the key that it will have had: the specs are written anew with each commit.
  const known: ParkOptions = { machines: { 'cdi-01': { hostKey: pinned }, 'cdi-02': { hostKey: undefined } } }
  // So that the commit comes before any look at the changed PC: the refusal is then met by an action.
  t.is(await up.stop(), 0)
  up = lycee.up('--interval', '1h')
  await up.converged((await lycee.status()).revision)
  await pc.forgetHostKey()
  await pc.powerOff()
  await pc.powerOn()
  const record = await recordOf(pc)
  const revision = await lycee.commit(
    { ...wanting('geogebra', 'scratux', 'gimp', 'krita'), ...known },
    'krita',
  )
  for (const name of ['b204-01', 'b204-02', 'cdi-02']) await up.reaches(name, hasBecomeConverged(revision))
  const decision = await up.reaches('cdi-01', hasCode('host-key-changed'))
  const changed = await pc.hostKeyFingerprint()
  t.true(String(decision['message']).includes(`${changed} instead of ${pinned}`))
  t.is(await pc.installed('krita'), undefined)
  t.is(await recordOf(pc), record)
  t.deepEqual(await logins(pc), [], 'not even a login')
  const shown = await statusOf('cdi-01')
  t.is(shown.code, 'host-key-changed')
  t.is(shown.reach, 'silent')
  t.regex((await lycee.run('status')).stdout, /cdi-01[\s\S]*Nothing was run/)

  // What was refused was no fault of krita's: with the right key it is tried at once.
  const corrected = await lycee.commit(wanting('geogebra', 'scratux', 'gimp', 'krita'), 'Its new key')
  await up.converged(corrected)
  t.is(await pc.installed('krita'), '1.0-1')
  t.is(await up.stop(), 0)
  up = lycee.up()
  await up.converged(corrected)
})

test.serial('a broken commit is told and changes nothing; the next sound one is followed', async (t) => {
  const before = (await lycee.status()).revision
  const from = up.events.length
  const broken = await lycee.commit(
    { files: { 'roles/poste.yaml': 'kind: Role\nname: poste\npackages:\n  geogebr: present\n' } },
    'A slip of the pen',
  )
  const refused = await up.next('the refusal', ({ kind }) => kind === 'revision-refused', from)
  t.is(refused['revision'], broken)
  t.regex(String(refused['detail']), /roles\/poste\.yaml:4:3/)
  await up.when('looks after it', () =>
    lab.pcs.every(({ name }) => up.events.slice(from).filter(isLookAt(name)).length >= 2),
  )
  t.deepEqual(
    up.events.slice(from).filter(({ kind }) => kind === 'acting' || kind === 'revision'),
    [],
  )
  const status = await lycee.status()
  t.is(status.revision, before)
  t.is(status.counts['converged'], 4)
  const log = await lycee.log()
  t.is(log.filter(({ kind, revision }) => kind === 'revision-refused' && revision === broken).length, 1)
  for (const pc of lab.pcs) t.is(await pc.installed('geogebra'), '1.0-1', pc.name)

  const unreadable = await lycee.commit({ files: { 'roles/poste.yaml': 'kind: [Role\n' } }, 'Another slip')
  await up.next('its refusal', (event) => event['revision'] === unreadable, from)
  await up.converged(await lycee.commit(wanting('geogebra', 'blender'), 'As it should be'))
  for (const pc of lab.pcs) t.is(await pc.installed('blender'), '1.0-1', pc.name)
  for (const pc of lab.pcs) t.is(await pc.readFile('/var/log/stamp.runs'), 'here\n', pc.name)
  t.is(await up.stop(), 0)
})

const hasCode =
  (code: string): Match =>
  (event) =>
    event['code'] === code

const hasGate =
  (gate: string): Match =>
  (event) =>
    event['gate'] === gate

const isLookAt =
  (name: string): Match =>
  ({ kind, machine }) =>
    kind === 'observed' && machine?.endsWith(`/${name}`) === true

/** Converged, as decided after `up` took this revision. */
const hasBecomeConverged =
  (revision: string): Match =>
  (event) => {
    const at = up.events.findLastIndex((other) => other.kind === 'revision' && other['revision'] === revision)
    return at >= 0 && up.events.indexOf(event) > at && isConverged(event)
  }

async function statusOf(name: string): Promise<MachineStatus> {
  const found = (await lycee.status()).machines.find(({ machine }) => machine.endsWith(`/${name}`))
  if (found === undefined) throw new Error(`status does not know ${name}`)
  return found
}

/** Every file of the PC's record with its contents' digest and when it was changed. */
const recordOf = (pc: Pc): Promise<string> =>
  pc.disk('cd /var/lib/proviseur && find . -type f -printf "%p %T@ " -exec sha256sum {} + | sort')

/** What its sshd has said of logins with the management key since it last started. */
async function logins(pc: Pc): Promise<readonly string[]> {
  const lines = (await pc.describe()).split('\n')
  const started = lines.findLastIndex((line) => line.startsWith('Server listening on 0.0.0.0'))
  if (started < 0) throw new Error(`${pc.name}: its console does not go back to the start of sshd`)
  return lines.slice(started).filter((line) => line.startsWith('Accepted '))
}
