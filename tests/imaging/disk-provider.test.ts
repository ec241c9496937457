import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../cli/clock.ts'
import type { DiskState, ImagerDigests, Job } from '../../imaging/protocol.ts'
import { createSigningKey } from '../../imaging/signature.ts'
import { createDesk, type Desk } from '../../providers/imaging/desk.ts'
import type { DiskMemory, DiskParts } from '../../providers/imaging/disk-parts.ts'
import { createDiskProvider } from '../../providers/imaging/disk-provider.ts'
import type { Change, DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import type { ActionId, DiskRequestId } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { DiskProgress, Outcome } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Provider } from '../../reconciler/ports.ts'
import type { Desired, DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import type { Digest } from '../../specs/ids.ts'
import { until } from '../lab/until.ts'
import { machine, park, profile, server, wantedDisk } from '../reconciler/sample-park.ts'
import { bootImager, createFakePc, type FakePc, serveDesk } from './fake-pc.ts'

const hex = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest
const wanted = wantedDisk('1', { manifest: 'a'.repeat(64), layoutDigest: hex('b'), settingsDigest: hex('c') })
const pcProfile = profile({ disk: wanted, ssh: { user: 'root', port: 22, firstContact: 'refuse' } })
const b204 = machine('victor-hugo/b204-01', pcProfile)
const desired = park([b204], { server })
const [site] = desired.sites.values() as Iterable<DesiredSite>
const managementKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== proviseur@test'

const restore: DiskChange = {
  facet: 'disk',
  item: 'image',
  operation: 'restore',
  from: null,
  to: wanted.manifest ?? '',
  image: 'debian-edu@1',
  layout: wanted.layoutDigest,
  settings: wanted.settingsDigest,
  wipes: [],
  effect: 'destructive',
}
const verify: DiskChange = { ...restore, operation: 'verify', effect: 'disruptive', from: restore.to }
const reset: ResetChange = {
  facet: 'reset',
  item: 'reset',
  cause: 'requested',
  from: 1,
  to: restore.to,
  image: restore.image,
  layout: restore.layout,
  settings: restore.settings,
  request: 'r1' as DiskRequestId,
  effect: 'disruptive',
}

let count = 0
const actionOf = (changes: readonly Change[], more: Partial<Action> = {}): Action => {
  count += 1
  return {
    id: `action-${count}` as ActionId,
    machine: b204.id,
    changes,
    fence: { epoch: 1, generation: 7 },
    content: desired.digest,
    expect: { packages: {} },
    deadline: Date.now() + 3_600_000,
    ...more,
  }
}

type Scene = {
  readonly pc: FakePc
  readonly origin: string
  readonly publicKey: string
  readonly pins: string[]
  readonly noted: ObservedDisk[]
  readonly verified: NonNullable<ObservedDisk['verified']>[]
  readonly progress: DiskProgress[]
  /** What the site gives out as kernel and ramdisk. */
  readonly imager: { current: ImagerDigests | undefined }
  readonly provider: () => Provider
  readonly desk: () => Desk
  /** As after `kill -9`: another desk and another provider, the same keys, the same address. */
  restart(): void
  apply(action: Action, signal?: AbortSignal): Promise<Outcome>
}

const never = new AbortController().signal

const setUp = async (
  t: ExecutionContext,
  limits: DiskParts['limits'] = {},
  known?: ObservedDisk,
): Promise<Scene> => {
  const key = createSigningKey()
  const pc = createFakePc()
  const [pins, noted, verified, progress]: [string[], ObservedDisk[], Scene['verified'], DiskProgress[]] = [
    [],
    [],
    [],
    [],
  ]
  const memory: DiskMemory = {
    disk: async () => known,
    note: async (_machine, disk) => {
      noted.push(disk)
    },
    verified: async (_action, found) => {
      verified.push(found)
    },
  }
  const make = () => {
    const desk = createDesk({
      clock: systemClock,
      siteKeyPem: key.privateKeyPem,
      lookup: (macs) => (macs.includes(b204.mac) ? { machine: b204.id } : undefined),
      onDiscovered: () => undefined,
      limits: { askAgainMs: 10 },
    })
    const provider = createDiskProvider({
      inner: pc.ssh,
      desk,
      wake: async () => {
        pc.wake()
        return { kind: 'sent' }
      },
      clock: systemClock,
      observer: 'test',
      managementKeys: [managementKey],
      imager: async () => imager.current,
      pins: {
        pin: async (_machine, fingerprint) => {
          pins.push(fingerprint)
        },
      },
      memory,
      finishCapture: async () => ({ ok: true }),
      limits: { lookEveryMs: 20, ...limits },
    })
    return { desk, provider }
  }
  const imager: Scene['imager'] = { current: { vmlinuz: '12'.repeat(32), initrd: '34'.repeat(32) } }
  let current = make()
  const { origin } = await serveDesk(t, () => current.desk)
  return {
    pc,
    origin,
    publicKey: key.publicKeyPem,
    pins,
    noted,
    verified,
    progress,
    imager,
    desk: () => current.desk,
    provider: () => current.provider,
    restart: () => {
      current = make()
    },
    apply: (action, signal = never) =>
      current.provider.apply(
        action,
        b204,
        siteOf(),
        desired,
        (one) => {
          if (one.disk) progress.push(one.disk)
        },
        signal,
      ),
  }
}

const siteOf = (): DesiredSite => {
  if (site === undefined) throw new Error('the park has no site')
  return site
}

const stateAfter = (job: Pick<Job, 'id'>, how: DiskState['how'] = 'restore'): DiskState => ({
  format: 'proviseur-disk-1',
  manifest: restore.to,
  image: restore.image,
  layout: restore.layout,
  settings: restore.settings,
  job: job.id,
  at: Date.now(),
  how,
})

/** The rest of a PC's way once the imager runs: job, progress, done, its own system. */
const image = async (scene: Scene): Promise<Job> => {
  await until('the imager', () => scene.pc.power === 'imager')
  const imager = bootImager(scene.origin, b204.mac, scene.publicKey)
  const job = await imager.job()
  await imager.progress(job, { phase: 'write', partition: 'root', read: 500, total: 1000, written: 300 })
  await until('the progress', () => scene.progress.some(({ phase }) => phase === 'write'))
  scene.pc.state.current = stateAfter(job)
  const key = `ssh-ed25519 ${Buffer.from('a host key').toString('base64')} root@b204-01`
  await imager.done(job, {
    kind: 'done',
    state: stateAfter(job),
    hostKeys: [{ partition: 'root', key }],
  })
  scene.pc.power = 'up'
  return job
}

test('a PC that is off is woken, written, and done when its own system lets us in', async (t) => {
  const scene = await setUp(t)
  const action = actionOf([restore])
  const [outcome, job] = await Promise.all([scene.apply(action), image(scene)])
  t.is(outcome.kind, 'complete')
  t.true(scene.pc.magicPackets() > 0)
  t.deepEqual(scene.pc.asked, [])
  t.deepEqual([job.id, job.machine, job.mac, job.fence], [action.id, b204.id, b204.mac, action.fence])
  const { work } = job
  if (work.kind !== 'restore') return t.fail(`the work is ${work.kind}`)
  t.deepEqual(work.identity, { hostname: 'b204-01', user: 'root', authorizedKeys: [managementKey] })
  t.true(work.mayRepartition)
  t.deepEqual(work.imager, scene.imager.current, 'the imager that goes into the cache is signed for')
  t.is(scene.pins.length, 1)
  t.regex(scene.pins[0] ?? '', /^SHA256:/)
  t.is(scene.noted[0]?.state?.job, action.id)
  if (outcome.kind === 'complete')
    t.regex(outcome.results[0]?.output ?? '', /fetched 250 .* written 600 bytes/)
  const answer = await bootImager(scene.origin, b204.mac, scene.publicKey).hello()
  t.not(answer.kind, 'job', 'the job lies there no longer')
})

test('a server without an imager writes no disk, and says what to build; a comparison needs none', async (t) => {
  const scene = await setUp(t)
  scene.imager.current = undefined
  t.like(await scene.apply(actionOf([restore])), {
    kind: 'failed',
    class: 'retry',
    reason: { code: 'imager-not-built' },
  })
  t.is(scene.pc.magicPackets(), 0)
  const comparing = scene.apply(actionOf([verify]))
  await until('the imager', () => scene.pc.power === 'imager')
  const pc = bootImager(scene.origin, b204.mac, scene.publicKey)
  await pc.done(await pc.job(), { kind: 'done', hostKeys: [], differences: [] })
  t.is((await comparing).kind, 'complete')
})

test('a PC that is on is restarted under the fence of its action, if nobody is at work there', async (t) => {
  const scene = await setUp(t)
  scene.pc.power = 'up'
  const action = actionOf([restore], { warnMs: 5 })
  const [outcome] = await Promise.all([scene.apply(action), image(scene)])
  t.is(outcome.kind, 'complete')
  const [restart] = scene.pc.asked
  t.deepEqual(restart?.fence, action.fence)
  t.true(restart?.expect.unoccupied)
  t.is(restart?.warnMs, 5)
  t.is(scene.pc.magicPackets(), 0)
})

test('a reset that somebody asked for does not ask whether somebody is there', async (t) => {
  const scene = await setUp(t)
  scene.pc.power = 'up'
  const [outcome, job] = await Promise.all([scene.apply(actionOf([reset])), image(scene)])
  t.is(outcome.kind, 'complete')
  t.is(scene.pc.asked[0]?.expect.unoccupied, undefined)
  t.is(job.work.kind, 'reset')
})

test('a restart that the PC refuses ends the action, and nothing is left to be written', async (t) => {
  const scene = await setUp(t)
  scene.pc.power = 'up'
  scene.pc.refusal = {
    kind: 'wrong-precondition',
    reason: { code: 'occupied', message: { en: 'Somebody is there.', fr: 'Quelqu’un est là.' } },
    at: Date.now(),
  }
  const outcome = await scene.apply(actionOf([restore]))
  t.is(outcome.kind, 'wrong-precondition')
  scene.pc.power = 'imager'
  t.not((await bootImager(scene.origin, b204.mac, scene.publicKey).hello()).kind, 'job')
})

test('a PC that starts its own disk again and again is told with what to do', async (t) => {
  const scene = await setUp(t)
  scene.pc.power = 'up'
  scene.pc.refusal = { kind: 'complete', results: [], at: Date.now() }
  const outcome = await scene.apply(actionOf([restore]))
  if (outcome.kind !== 'failed') return t.fail(outcome.kind)
  t.is(outcome.reason.code, 'imager-not-first')
  t.is(scene.pc.asked.length, 2)
  t.not(scene.pc.asked[0]?.id, scene.pc.asked[1]?.id)
})

test('a PC that never comes waits for another time', async (t) => {
  const scene = await setUp(t, { patienceMs: 200 })
  scene.pc.wake = () => undefined
  const outcome = await scene.apply(actionOf([restore]))
  if (outcome.kind !== 'failed') return t.fail(outcome.kind)
  t.deepEqual([outcome.class, outcome.reason.code], ['wait', 'imager-not-started'])
  t.is(scene.progress[0]?.phase, 'coming')
})

test('what the imager says went wrong is the reason, and its class tells whether to try again', async (t) => {
  for (const [reason, kind] of [
    ['disk-too-small', 'terminal'],
    ['chunk-missing', 'retry'],
    ['several-disks', 'terminal'],
    ['server-silent', 'retry'],
  ] as const) {
    const scene = await setUp(t)
    const failing = async () => {
      const imager = bootImager(scene.origin, b204.mac, scene.publicKey)
      const job = await imager.job()
      t.is(await imager.done(job, { kind: 'failed', reason, detail: 'sda' }), 204)
      t.is((await imager.hello()).kind, 'local', 'that start of the imager is over')
    }
    const [outcome] = await Promise.all([scene.apply(actionOf([restore])), failing()])
    if (outcome.kind !== 'failed') return t.fail(outcome.kind)
    t.deepEqual([outcome.class, outcome.reason.code, outcome.reason.detail], [kind, reason, 'sda'])
  }
})

test('a process that comes after a kill joins the job that still runs, and the PC does not notice', async (t) => {
  const scene = await setUp(t)
  const action = actionOf([restore])
  const killed = new AbortController()
  const first = scene.apply(action, killed.signal)
  const imager = bootImager(scene.origin, b204.mac, scene.publicKey)
  scene.pc.power = 'imager'
  const job = await imager.job()
  killed.abort()
  const left = await first
  t.true(left.kind === 'failed' && left.class === 'wait')
  scene.restart()
  t.is(await imager.progress(job, { read: 10, total: 100 }), 204, 'before the action is posted again')
  const second = scene.apply(action)
  t.is(await imager.progress(job, { read: 50, total: 100 }), 204)
  scene.pc.state.current = stateAfter(job)
  t.is(await imager.done(job, { kind: 'done', state: stateAfter(job) }), 204)
  scene.pc.power = 'up'
  t.is((await second).kind, 'complete')
})

test('a job whose end only a killed process heard is found done on the PC itself', async (t) => {
  const scene = await setUp(t)
  const action = actionOf([restore])
  scene.pc.power = 'up'
  scene.pc.state.current = stateAfter(action)
  t.is((await scene.apply(action)).kind, 'complete')
  t.deepEqual(scene.pc.asked, [])
})

test('a power cut in mid-job is followed by the same job in the next start', async (t) => {
  const scene = await setUp(t)
  const running = scene.apply(actionOf([restore]))
  const first = bootImager(scene.origin, b204.mac, scene.publicKey)
  scene.pc.power = 'imager'
  const cut = await first.job()
  const second = bootImager(scene.origin, b204.mac, scene.publicKey)
  const job = await second.job()
  t.is(job.id, cut.id)
  t.not(job.nonce, cut.nonce)
  t.is(await first.done(cut, { kind: 'failed', reason: 'program-error' }), 410, 'the dead say nothing')
  scene.pc.state.current = stateAfter(job)
  await second.done(job, { kind: 'done', state: stateAfter(job) })
  scene.pc.power = 'up'
  t.is((await running).kind, 'complete')
})

test('a change that was planned for another layout is planned again, and nothing is written', async (t) => {
  const scene = await setUp(t)
  const outcome = await scene.apply(actionOf([{ ...restore, layout: hex('d') }]))
  t.is(outcome.kind, 'wrong-precondition')
  t.is(scene.pc.magicPackets(), 0)
})

test('a PC in the imager is seen there with its disks, and what was known of it stays', async (t) => {
  const scene = await setUp(t)
  await bootImager(scene.origin, b204.mac, scene.publicKey).hello()
  const before = await scene.pc.ssh.observe(b204, siteOf(), undefined, never)
  const verified = { at: 1, manifest: restore.to, differing: [] }
  const seen = await scene
    .provider()
    .observe(b204, siteOf(), { ...before, disk: { at: 1, by: 'system', verified } }, never)
  t.is(seen.reach, 'imager')
  t.is(seen.disk?.by, 'imager')
  t.deepEqual(seen.disk?.disks?.[0]?.partitions, [])
  t.deepEqual(seen.disk?.verified, verified)
  t.deepEqual(seen.facts, before.facts)
})

test('a PC that is off keeps what is known of its disk', async (t) => {
  const scene = await setUp(t)
  const disk: ObservedDisk = { at: 5, by: 'imager', disks: [] }
  const before = { ...(await scene.pc.ssh.observe(b204, siteOf(), undefined, never)), disk }
  t.deepEqual((await scene.provider().observe(b204, siteOf(), before, never)).disk, disk)
})

test('a verification writes nothing, and what differs is remembered', async (t) => {
  const scene = await setUp(t)
  const verifying = async () => {
    const imager = bootImager(scene.origin, b204.mac, scene.publicKey)
    const job = await imager.job()
    t.deepEqual(job.work.kind, 'verify')
    const runs = [{ fromByte: 0, bytes: 4096 }]
    const difference = { partition: 'root', chunks: 10, differing: 1, runs, files: ['/etc/hosts'] }
    await imager.done(job, { kind: 'done', differences: [difference] })
  }
  const [outcome] = await Promise.all([scene.apply(actionOf([verify])), verifying()])
  t.is(outcome.kind, 'complete')
  t.deepEqual(scene.verified[0]?.differing, [
    { partition: 'root', chunks: 10, differing: 1, files: ['/etc/hosts'] },
  ])
  t.deepEqual(scene.pins, [])
})

test('waking a PC whose disk was never seen is done when the imager says hello', async (t) => {
  const scene = await setUp(t)
  const wakeUp: Change = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }
  t.is(scene.desk().bootAnswer(b204.mac), 'local')
  const woken = scene.apply(actionOf([wakeUp]))
  await until('the boot answer', () => scene.desk().bootAnswer(b204.mac) === 'imager')
  t.is((await bootImager(scene.origin, b204.mac, scene.publicKey).hello()).kind, 'wait')
  t.is((await woken).kind, 'complete')
})

test('a PC whose disk is known is woken into its own system', async (t) => {
  const scene = await setUp(t, {}, { at: 1, by: 'system' })
  const wakeUp: Change = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }
  scene.pc.refusal = { kind: 'complete', results: [], at: Date.now() }
  t.is((await scene.apply(actionOf([wakeUp]))).kind, 'complete')
  t.is(scene.desk().bootAnswer(b204.mac), 'local')
})

test('a machine whose disk is not managed is left to the other provider altogether', async (t) => {
  const scene = await setUp(t)
  const plain: DesiredMachine = machine('victor-hugo/b204-01', profile())
  const plainPark: Desired = park([plain], { server })
  const wakeUp: Change = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }
  scene.pc.refusal = { kind: 'complete', results: [], at: Date.now() }
  await scene.provider().apply(actionOf([wakeUp]), plain, siteOf(), plainPark, () => undefined, never)
  t.is(scene.pc.asked.length, 1)
  t.is(scene.desk().bootAnswer(b204.mac), 'local')
})
