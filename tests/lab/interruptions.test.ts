/** What interrupts real PCs in the middle of a change: a cable, a power cut, a script without end, a restart. All at once. */
import test from 'ava'
import { must } from './command.ts'
import { createLab, type Lab, type Pc } from './lab.ts'
import { type ManagedLycee, manageLycee, packageFiles, roleFile, scriptFile } from './managed-lycee.ts'
import type { ParkOptions } from './park.ts'
import { isConverged, type Match, type Up } from './running-up.ts'
import { until } from './until.ts'

/** A package whose configuration waits for the test, and tells each time that it was run. */
const waiting = 'echo run >>/var/log/blender.runs; while [ -e /etc/slow ]; do sleep 0.1; done'

const first: ParkOptions = {
  park: { defaults: { retry: { attempts: 3, base: '1s', cap: '2s' } } },
  lycee: { role: 'poste' },
  files: {
    ...packageFiles('geogebra', 'blender', 'noyau'),
    ...roleFile('poste', { packages: { geogebra: 'present' } }),
    ...scriptFile('endless', {
      // Long enough that a busy machine sees it run.
      timeout: '15s',
      apply: [
        'sleep 4242 &',
        'nohup setsid sh -c "sleep 4243" >/dev/null 2>&1 &',
        '(setsid sh -c "sleep 4244 & sleep 4245" &) &',
        'trap "" TERM',
        ': >/run/endless-began',
        'sh -c "trap \\"\\" TERM; while :; do sleep 4246; done"',
        'sleep 4247\n',
      ].join('\n'),
    }),
    ...scriptFile('greeting', {
      when: 'boot',
      apply: 'cat /proc/sys/kernel/random/boot_id >>/var/log/greeting.boots\n',
    }),
  },
}

const second: ParkOptions = {
  ...first,
  machines: {
    cable: { packages: { blender: '4.2' } },
    mains: { packages: { blender: '4.2' } },
    endless: { scripts: ['endless'] },
    restart: { packages: { noyau: 'present' }, scripts: ['greeting'], inUse: 'quiet' },
  },
}

let lab: Lab
let lycee: ManagedLycee
let up: Up
/** Events before it are of the time before anything was interrupted. */
let from: number
/** What ran on the PC with the endless script while that did. */
let processes: string

test.before(async () => {
  lab = await createLab({
    packages: [
      { name: 'geogebra', version: '6.0.850-1' },
      { name: 'blender', version: '4.2-1', postinst: waiting },
      { name: 'noyau', version: '6.12-1', postinst: ': >/run/reboot-required' },
    ],
    pcs: ['cable', 'mains', 'endless', 'restart'].map((name) => ({ name, room: 'labo' })),
  })
  lycee = await manageLycee(lab)
  const revision = await lycee.commit(first)
  up = lycee.up()
  await up.converged(revision)
  for (const name of ['cable', 'mains']) await lab.pc(name).writeFile('/etc/slow', '')
  await lab.pc('restart').openSession('prof')
  from = up.events.length
  await lycee.commit(second, 'Something to do for everybody')
  await interrupt()
})

/** In the foreground, in the background, in sessions of their own, deaf to signals. */
const startedByIt = /sleep 4242[\s\S]*sleep 4243[\s\S]*sleep 424[45][\s\S]*sleep 4246/

/** All at once, so that the tests wait for it together, in whatever order they run. */
async function interrupt(): Promise<void> {
  const [cable, mains, endless] = [lab.pc('cable'), lab.pc('mains'), lab.pc('endless')]
  await there(endless, '/run/endless-began')
  await until('all that the endless script starts', async () => {
    processes = await endless.exec('ps -eo args')
    return startedByIt.test(processes)
  })
  await there(cable, '/var/log/blender.runs')
  await cable.unplug()
  await cable.exec('rm /etc/slow')
  await there(mains, '/var/log/blender.runs')
  await mains.cut()
  await mains.disk('rm /etc/slow')
}

test.afterEach.always(async (t) => {
  if (!t.passed) t.log(await lab.describe(), up.output())
})

test.after.always(async () => {
  await lycee?.dispose()
  await lab?.dispose()
})

test('a PC whose cable is pulled in mid-install goes on by itself, and is found done when the cable is back', async (t) => {
  const pc = lab.pc('cable')
  await until('the end of the action on the PC', async () => (await pc.installed('blender')) !== undefined)
  await until('a connection given up for lost', async () => (await connectionsTo(pc)) === '')
  t.not(up.decided('cable')?.['decision'], 'converged')
  await pc.plug()
  await up.reaches('cable', isConverged)
  t.is(await pc.installed('blender'), '4.2-1')
  t.is(await pc.readFile('/var/log/blender.runs'), 'run\n', 'nothing ran twice')
  t.is(await dpkgLines(pc, 'install blender'), 1)
  const ends = up.events.filter(isOf('cable', 'ended')).at(-1)
  t.is(ends?.['outcome'], 'complete')
})

test('a PC whose power is cut in mid-install is woken, repaired and finished', async (t) => {
  const pc = lab.pc('mains')
  await up.reaches('mains', isConverged, 240_000)
  t.is(await pc.installed('blender'), '4.2-1')
  t.is(await pc.exec('dpkg --audit'), '')
  t.deepEqual(
    pc
      .history()
      .map(({ cause }) => cause)
      .slice(-3),
    ['cut', 'magic-packet', 'boot'],
  )
})

test('a script that does not end is stopped with all that it started, wherever that went', async (t) => {
  const pc = lab.pc('endless')
  t.regex(processes, startedByIt)
  const end = await up.next('its end', isOf('endless', 'ended'), from)
  t.is(end['code'], 'script-timeout')
  const stalled = await up.reaches('endless', (event) => event['decision'] === 'stalled')
  t.is(stalled['code'], 'script-timeout')
  t.regex(String(stalled['message']), /did not end within 15 s/)
  t.notRegex(await pc.exec('ps -eo args'), /sleep 424|nohup/)
  t.is(await pc.exec('ls /run/proviseur'), '')
})

test('a package that asks for a restart gets it when nobody is logged in, and scripts for each boot run again', async (t) => {
  const pc = lab.pc('restart')
  const before = pc.bootId
  const held = await up.reaches('restart', (event) => event['gate'] === 'occupied')
  t.regex(String(held['message']), /logged in|session/)
  t.is(await pc.installed('noyau'), '6.12-1', 'what nobody notices was done')
  t.is(pc.bootId, before)
  t.is(await pc.readFile('/var/log/greeting.boots'), `${before}\n`)

  const booted = pc.nextBoot(120_000)
  await pc.closeSessions()
  await booted
  await up.reaches('restart', isConverged)
  t.not(pc.bootId, before)
  t.is(await pc.readFile('/var/log/greeting.boots'), `${before}\n${pc.bootId}\n`)
  t.deepEqual(
    pc.history().map(({ cause }) => cause),
    ['mains', 'button', 'boot', 'shutdown', 'reboot', 'reboot', 'boot'],
  )
})

const there = (pc: Pc, file: string): Promise<boolean> =>
  until(`${file} on ${pc.name}`, async () => (await pc.execResult(`test -e ${file}`)).exitCode === 0)

const isOf =
  (name: string, kind: string): Match =>
  (event) =>
    event.kind === kind && event.machine === `victor-hugo/${name}`

/** From this machine, as the kernel counts them. */
const connectionsTo = (pc: Pc): Promise<string> => must('ss', ['-Htn', 'state', 'established', 'dst', pc.ip])

const dpkgLines = async (pc: Pc, text: string): Promise<number> =>
  (await pc.readFile('/var/log/dpkg.log')).split('\n').filter((line) => line.includes(` ${text}`)).length
