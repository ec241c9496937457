/** A commit with a mistake in it reaches one room of real PCs and no other; the commit that mends it reaches all, that room first. */
import test from 'ava'
import { createLab, type Lab, type Pc } from './lab.ts'
import {
  type LogEvent,
  type ManagedLycee,
  manageLycee,
  packageFiles,
  roleFile,
  scriptFile,
} from './managed-lycee.ts'
import type { ParkOptions } from './park.ts'
import type { Match, Up } from './running-up.ts'

const CANARY = ['b204-01', 'b204-02']
const OTHERS = ['cdi-01', 'cdi-02', 'salle-profs']

/** Each run of the script leaves a line, and each version writes another address of the proxy. */
const proxy = (port: number, checked = port): ParkOptions => ({
  park: { rollout: { waves: [{ rooms: ['b204'] }, { percent: 100 }], soak: '4s', health: '1m' } },
  lycee: { role: 'poste' },
  files: {
    ...packageFiles('geogebra'),
    ...roleFile('poste', { packages: { geogebra: 'present' }, scripts: ['proxy'] }),
    ...scriptFile('proxy', {
      check: `grep -q :${checked}$ /etc/proxy.lycee\n`,
      apply: `echo ${port} >>/var/log/proxy.runs; echo proxy.lycee.example:${port} >/etc/proxy.lycee\n`,
    }),
  },
})

let lab: Lab
let lycee: ManagedLycee
let up: Up
let sound: string
let broken: string

test.before(async () => {
  lab = await createLab({
    packages: [{ name: 'geogebra', version: '6.0.850-1' }],
    pcs: [...CANARY, ...OTHERS].map((name) => ({ name, room: name.split('-')[0] ?? '' })),
  })
  lycee = await manageLycee(lab)
  sound = await lycee.commit(proxy(3128), 'A proxy')
  up = lycee.up()
})

test.afterEach.always(async (t) => {
  if (!t.passed) t.log(await lab.describe(), up.output())
})

test.after.always(async () => {
  await lycee?.dispose()
  await lab?.dispose()
})

test.serial(
  'a good commit comes to the canary room, and to the others when that has stayed well',
  async (t) => {
    await isDone(sound)
    for (const pc of lab.pcs) t.is(await pc.readFile('/var/log/proxy.runs'), '3128\n', pc.name)
    const log = await lycee.log()
    const passed = log.findIndex(({ kind }) => kind === 'wave-passed')
    for (const name of OTHERS) t.true(firstAction(log, name) > passed, name)
    for (const name of CANARY) t.true(firstAction(log, name) < passed, name)
  },
)

test.serial(
  'a commit whose check can never say yes stops at that room, and no other PC is touched',
  async (t) => {
    const before = new Map<string, string>()
    for (const name of OTHERS) before.set(name, await recordOf(lab.pc(name)))
    const from = up.events.length
    // A slip of the pen: it writes 8080 and looks for 8090.
    broken = await lycee.commit(proxy(8080, 8090), 'Another proxy')
    // Where both fail in the step in which the rollout is first told of, that is how it is told.
    const paused = await up.next('the pause', hasStopped, from)
    t.regex(String(paused['message']), /stopped itself: it failed on \d of the \d/)

    const status = await lycee.json<RolloutJson>('rollout', 'status')
    t.like(status, { revision: broken, phase: 'paused', by: 'failures', code: 'too-many-failures' })
    for (const { machines, message } of status.failures) {
      t.true(
        machines.every((machine) => CANARY.some((name) => machine.endsWith(`/${name}`))),
        String(machines),
      )
      t.regex(message, /proxy/, 'it says which script')
    }
    t.deepEqual(
      status.waves.map(({ state }) => state),
      ['open', 'closed'],
    )
    t.regex((await lycee.run('rollout', 'status')).stdout, /commit a correction/i)

    // Long after the soak time, and whatever else is looked at meanwhile: the others are as they were.
    const later = up.events.length
    await up.when('looks at all of them', () =>
      OTHERS.every((name) => up.events.slice(later).filter(isLookAt(name)).length >= 4),
    )
    for (const name of OTHERS) {
      const pc = lab.pc(name)
      t.is(before.get(name), await recordOf(pc), `${name}: what was run there`)
      t.is(await pc.readFile('/var/log/proxy.runs'), '3128\n', name)
      t.is(await pc.readFile('/etc/proxy.lycee'), 'proxy.lycee.example:3128\n', name)
      const held = (await lycee.status()).machines.find(({ machine }) => machine.endsWith(`/${name}`))
      t.like(held ?? {}, { decision: 'held', gate: 'wave', code: 'wave-not-open' }, name)
    }
    for (const name of CANARY) t.regex(await lab.pc(name).readFile('/var/log/proxy.runs'), /^3128\n/, name)
    const { stdout } = await lycee.run('explain', 'cdi-01')
    t.regex(stdout, /wave 2 of 2/)
    t.regex(stdout, /has stopped itself/)
  },
)

test.serial('while it stands still, what the PCs had before is kept up', async (t) => {
  const pc = lab.pc('cdi-01')
  const from = up.events.length
  await pc.exec('echo gone >/etc/proxy.lycee; dpkg --remove geogebra')
  await up.next(
    'the healing',
    ({ kind, machine, outcome }) =>
      kind === 'ended' && machine?.endsWith('/cdi-01') === true && outcome === 'complete',
    from,
  )
  t.is(await pc.installed('geogebra'), '6.0.850-1')
  t.is(await pc.readFile('/etc/proxy.lycee'), 'proxy.lycee.example:3128\n', 'the old address')
})

test.serial(
  'the commit that mends it comes to the room that has the mistake first, and then to all',
  async (t) => {
    const from = (await lycee.log()).at(-1)?.seq ?? 0
    const mended = await lycee.commit(proxy(8080), 'The right check')
    await isDone(mended)
    for (const pc of lab.pcs) {
      t.is(await pc.readFile('/etc/proxy.lycee'), 'proxy.lycee.example:8080\n', pc.name)
      t.is((await pc.readFile('/var/log/proxy.runs')).trim().split('\n').at(-1), '8080', pc.name)
    }
    const log = (await lycee.log()).filter(({ seq }) => seq > from)
    const passed = log.findIndex(({ kind }) => kind === 'wave-passed')
    for (const name of OTHERS) t.true(firstAction(log, name) > passed, name)
    t.is((await lycee.status()).counts['converged'], lab.pcs.length)
    const { rollouts } = await lycee.json<{ rollouts: readonly RolloutJson[] }>('rollout', 'history')
    t.deepEqual(
      rollouts.map(({ revision, phase }) => [revision, phase]),
      [
        [mended, 'done'],
        [broken, 'superseded'],
        [sound, 'done'],
      ],
    )
    t.is(await up.stop(), 0)
  },
)

type RolloutJson = {
  readonly revision: string
  readonly phase: string
  readonly failures: readonly { readonly message: string; readonly machines: readonly string[] }[]
  readonly waves: readonly { readonly state: string }[]
}

const isDone = (revision: string): Promise<unknown> =>
  up.next(
    `the end of the rollout of ${revision}`,
    ({ kind, news, ...event }) =>
      kind === 'rollout' && news === 'rollout-ended' && event['revision'] === revision,
  )

const hasStopped: Match = ({ kind, message }) => kind === 'rollout' && /stopped itself/.test(String(message))

const isLookAt =
  (name: string): Match =>
  ({ kind, machine }) =>
    kind === 'observed' && machine?.endsWith(`/${name}`) === true

/** Where in the log something was first begun on this PC; past its end: never. */
function firstAction(log: readonly LogEvent[], name: string): number {
  const index = log.findIndex(
    ({ kind, machine }) => kind === 'action-started' && machine?.endsWith(`/${name}`),
  )
  return index < 0 ? log.length : index
}

/** Every file of the PC's own record of what was run on it, with its contents' digest and when it was changed. */
const recordOf = (pc: Pc): Promise<string> =>
  pc.disk('cd /var/lib/proviseur && find . -type f -printf "%p %T@ " -exec sha256sum {} + | sort')
