/** What goes wrong with packages on real PCs: each PC has one trouble, says which, and gets over it; the others go on. */
import test from 'ava'
import type { Result } from './command.ts'
import { createLab, type Lab } from './lab.ts'
import {
  type MachineStatus,
  type ManagedLycee,
  manageLycee,
  packageFiles,
  roleFile,
} from './managed-lycee.ts'
import type { ParkOptions, SpecFields } from './park.ts'
import { isConverged, type Match, type Up } from './running-up.ts'
import { until } from './until.ts'

/** So that attempts follow each other within the test; the default waits a minute and more. */
const quickly = { attempts: 3, base: '1s', cap: '2s' }
const patiently = { attempts: 100, base: '1s', cap: '2s' }

let lab: Lab
let lycee: ManagedLycee
let up: Up
/** What each PC shall have besides the role, now. */
const wishes: Record<string, SpecFields> = {}

const specs = (): ParkOptions => ({
  lycee: { role: 'poste' },
  machines: wishes,
  files: {
    ...packageFiles(
      'geogebra',
      'gimp',
      'blender',
      'inkscape',
      'libreoffice',
      'scratux',
      'stellarium',
      'krita',
    ),
    ...roleFile('poste', { packages: { geogebra: 'present' }, retry: quickly }),
  },
})

const wish = (pc: string, fields: SpecFields): Promise<string> => {
  wishes[pc] = fields
  return lycee.commit(specs(), `${pc}: ${JSON.stringify(fields)}`)
}

test.before(async () => {
  lab = await createLab({
    packages: [
      { name: 'geogebra', version: '6.0.850-1' },
      { name: 'scratux', version: '1.4.1-2' },
      { name: 'scratux', version: '1.5.0-1' },
      {
        name: 'gimp',
        version: '3.0-1',
        postinst: 'if [ -e /etc/no-licence ]; then echo "gimp: the licence server says no" >&2; exit 1; fi',
      },
      {
        name: 'blender',
        version: '4.2-1',
        preinst: 'if [ -e /etc/slow ]; then : >/var/tmp/unpacking; sleep 1000; fi',
      },
      {
        name: 'inkscape',
        version: '1.3-1',
        postinst: ': >/run/inkscape-busy; while [ -e /etc/slow ]; do sleep 0.1; done',
      },
      { name: 'libreoffice', version: '24.2-1', sizeBytes: 400_000 },
    ],
    pcs: ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map((name) => ({ name, room: 'labo' })),
  })
  lycee = await manageLycee(lab)
  const revision = await lycee.commit(specs())
  up = lycee.up()
  await up.converged(revision)
})

test.afterEach.always(async (t) => {
  if (!t.passed) t.log(await lab.describe(), up?.output())
})

test.after.always(async () => {
  await lycee?.dispose()
  await lab?.dispose()
})

test.serial(
  'a package whose own script fails stalls its PC with what the PC said, and the others go on',
  async (t) => {
    const pc = lab.pc('p1')
    await pc.writeFile('/etc/no-licence', '')
    for (const name of ['p1', 'p2', 'p3']) wishes[name] = { packages: { gimp: '3.0' } }
    const from = up.events.length
    await lycee.commit(specs(), 'gimp for three')
    await up.reaches('p1', isStalled)
    for (const name of ['p2', 'p3']) {
      await up.reaches(name, isConverged)
      t.is(await lab.pc(name).installed('gimp'), '3.0-1')
    }
    t.is(up.events.slice(from).filter(isActingOn('p1')).length, quickly.attempts)
    t.is(await pc.installed('gimp'), undefined)

    const shown = await statusOf('p1')
    t.is(shown.decision, 'stalled')
    t.is(shown.code, 'maintainer-script-failed')
    t.regex(shown.detail ?? '', /gimp: the licence server says no/)
    const explained = (await lycee.run('explain', 'p1')).stdout
    t.regex(explained, /gimp: the licence server says no/)
    t.regex(explained, /post-installation script of its package failed/)

    await lab.repository.publish('gimp', '3.0-2', { postinst: 'echo "gimp: no licence asked for"' })
    for (const name of ['p1', 'p2', 'p3']) wishes[name] = { packages: { gimp: '3.0-2' } }
    await up.converged(await lycee.commit(specs(), 'The repaired gimp'))
    for (const name of ['p1', 'p2', 'p3']) t.is(await lab.pc(name).installed('gimp'), '3.0-2')
    t.is(await pc.exec('dpkg --audit'), '')
  },
)

test.serial(
  'a version that is in no repository stalls its PC at once and names those that are',
  async (t) => {
    const from = up.events.length
    await wish('p2', { packages: { scratux: '9.9' } })
    const decision = await up.reaches('p2', isStalled)
    t.is(decision['code'], 'version-not-found')
    t.regex(String(decision['message']), /no repository of the PC has version 9\.9.*1\.5\.0-1.*1\.4\.1-2/)
    t.is(up.events.slice(from).filter(isActingOn('p2')).length, 1)
    t.is(await lab.pc('p2').installed('scratux'), undefined)

    await up.converged(await wish('p2', { packages: { scratux: '1.4.1' } }))
    t.is(await lab.pc('p2').installed('scratux'), '1.4.1-2')
  },
)

test.serial('while somebody else uses apt on the PC it waits, then goes on by itself', async (t) => {
  const pc = lab.pc('p3')
  await pc.writeFile('/etc/slow', '')
  await pc.exec('apt-get update')
  const other: Promise<Result> = pc.execResult('apt-get install -y inkscape')
  await until('a busy apt', async () => (await pc.execResult('test -e /run/inkscape-busy')).exitCode === 0)
  const from = up.events.length
  const revision = await wish('p3', { packages: { scratux: 'present' } })
  await up.next(
    'word of the lock',
    ({ kind, machine, line }) =>
      kind === 'progress' && machine?.endsWith('/p3') === true && /lock/.test(String(line)),
    from,
  )
  t.is(await pc.installed('scratux'), undefined)
  await pc.exec('rm /etc/slow')
  t.is((await other).exitCode, 0)
  await up.converged(revision)
  t.is(await pc.installed('scratux'), '1.5.0-1')
  t.is(await pc.installed('inkscape'), '1.3-1', 'what somebody else installed is left alone')
})

test.serial('a dpkg that a power cut interrupted in its unpacking is repaired', async (t) => {
  const pc = lab.pc('p4')
  await pc.writeFile('/etc/slow', '')
  await pc.exec('apt-get update')
  const install = pc.execResult('apt-get install -y blender')
  await until('unpacking', async () => (await pc.execResult('test -e /var/tmp/unpacking')).exitCode === 0)
  await pc.cut()
  t.not((await install).exitCode, 0)
  await pc.disk('rm /etc/slow')
  t.regex(await pc.disk('dpkg --list blender'), /^iH[R ] +blender/m)
  await pc.powerOn()
  await up.converged(await wish('p4', { packages: { blender: '4.2', scratux: 'present' } }))
  t.is(await pc.installed('blender'), '4.2-1')
  t.is(await pc.installed('scratux'), '1.5.0-1')
  t.is(await pc.exec('dpkg --audit'), '')
  t.is(await pc.exec('ls /var/lib/dpkg/updates'), '')
})

test.serial('a package server that is down is tried again until it is back', async (t) => {
  const pc = lab.pc('p5')
  await lab.repository.publish('stellarium', '24.1-1')
  await lab.repository.fault({ kind: 'stopped' })
  const from = up.events.length
  const revision = await wish('p5', { packages: { stellarium: 'present' }, retry: patiently })
  const failure = await up.next('a failure', isFailureOn('p5'), from)
  t.is(failure['code'], 'repository-unreachable')
  t.regex(String(failure['detail']), /Could not connect to .*Connection refused/)
  await lab.repository.fault({ kind: 'none' })
  await up.converged(revision)
  t.is(await pc.installed('stellarium'), '24.1-1')
})

test.serial('a full disk is told as such, and there is room again for what was wanted', async (t) => {
  const pc = lab.pc('p6')
  const folder = '/usr/share/libreoffice'
  await pc.exec(`mkdir -p ${folder} && mount -t tmpfs -o size=64k full ${folder}`)
  const from = up.events.length
  const revision = await wish('p6', {
    packages: { libreoffice: 'present', scratux: 'present' },
    retry: patiently,
  })
  const failure = await up.next('a failure', isFailureOn('p6'), from)
  t.is(failure['code'], 'disk-full')
  t.regex(String(failure['message']), /disk is full/)
  t.is(await pc.installed('libreoffice'), undefined)
  t.is(await pc.installed('scratux'), '1.5.0-1', 'what does have room is there')
  await pc.exec(`mount -o remount,size=16m ${folder}`)
  await up.converged(revision)
  t.is(await pc.installed('libreoffice'), '24.2-1')
  t.is((await pc.exec(`stat -c %s ${folder}/data`)).trim(), '400000')
  t.is(await pc.exec('dpkg --audit'), '')
})

test.serial('where not even its record can be written nothing is begun, until there is room', async (t) => {
  const pc = lab.pc('p6')
  await pc.exec(
    'mkdir /run/record && cp -a /var/lib/proviseur/. /run/record/ && mount -t tmpfs -o size=2m,mode=0700 full /var/lib/proviseur && cp -a /run/record/. /var/lib/proviseur/ && { dd if=/dev/zero of=/var/lib/proviseur/ballast bs=4k 2>/dev/null || true; }',
  )
  const from = up.events.length
  await lab.repository.publish('krita', '5.2-1')
  const revision = await wish('p6', {
    packages: { libreoffice: 'present', scratux: 'present', krita: 'present' },
    retry: patiently,
  })
  const failure = await up.next('a failure', isFailureOn('p6'), from)
  t.regex(`${failure['message']} ${failure['detail']}`, /full|No space left/)
  t.is(await pc.installed('krita'), undefined)
  await pc.exec('rm /var/lib/proviseur/ballast')
  await up.converged(revision)
  t.is(await pc.installed('krita'), '5.2-1')
  t.is(await up.stop(), 0)
})

const isStalled: Match = (event) => event['decision'] === 'stalled'

const isOn = (name: string, machine: string | undefined): boolean => machine?.endsWith(`/${name}`) === true

const isActingOn =
  (name: string): Match =>
  ({ kind, machine }) =>
    kind === 'acting' && isOn(name, machine)

const isFailureOn =
  (name: string): Match =>
  ({ kind, machine, outcome }) =>
    kind === 'ended' && isOn(name, machine) && outcome === 'failed'

async function statusOf(name: string): Promise<MachineStatus> {
  const found = (await lycee.status()).machines.find(({ machine }) => isOn(name, machine))
  if (found === undefined) throw new Error(`status does not know ${name}`)
  return found
}
