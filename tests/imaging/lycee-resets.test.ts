/** The reset page as `up` serves it: over HTTP, on the real store, with the PIN in an age secret. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import test, { type ExecutionContext } from 'ava'
import { createSecretOpener } from '../../cli/secrets.ts'
import { lyceeResets } from '../../cli/site/lycee-resets.ts'
import { resetRoutes } from '../../providers/imaging/reset-page.ts'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { DiskProgress } from '../../reconciler/model/outcome.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import { openStore } from '../../reconciler/store/open.ts'
import type { Desired, DesiredSecret, Profile } from '../../specs/desired.ts'
import type { SecretName } from '../../specs/ids.ts'
import { say } from '../../specs/text.ts'
import { requestedReset } from '../reconciler/sample-changes.ts'
import {
  digest,
  diskState,
  machine,
  machineId,
  now,
  observedDisk,
  off,
  park,
  profile,
  server,
  siteId,
  wantedDisk,
} from '../reconciler/sample-park.ts'
import { temporaryFolder } from './made-image.ts'
import { serve } from './served.ts'
import { fields, hiddenFields, visitor } from './visitor.ts'

const name = 'reset-pin' as SecretName

const imaged = (policy: NonNullable<Profile['reset']>['policy'] = 'on-demand'): Profile =>
  profile({ disk: wantedDisk(), reset: { policy, keep: [], by: [] } })

const machines = [
  machine('hugo/b204-01', imaged()),
  machine('hugo/b204-02', imaged('at-boot')),
  machine('hugo/b204-03', imaged('never')),
  machine('hugo/b204-04', imaged()),
  machine('hugo/cdi-01', imaged()),
  machine('hugo/admin-01', profile()),
  machine('zola/a1-01', imaged()),
]

async function scene(t: ExecutionContext) {
  const folder = await temporaryFolder(t)
  const identity = await generateIdentity()
  const identityFile = join(folder, 'age-identity.txt')
  await writeFile(identityFile, `${identity}\n`, { mode: 0o600 })
  const recipient = await identityToRecipient(identity)
  const secretOf = async (pin: string): Promise<DesiredSecret> => {
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    return { name, digest: digest(pin), armored: armor.encode(await encrypter.encrypt(`${pin}\n`)) }
  }
  const desiredWith = async (pin: string, of = machines): Promise<Desired> => ({
    ...park(of, { server: { ...server, resetPin: name } }),
    secrets: new Map([[name, await secretOf(pin)]]),
  })

  const store = await openStore(`sqlite:${join(folder, 'store.db')}`)
  t.teardown(() => store.close())
  const clock = createVirtualClock(now)
  const decisions = new Map<MachineId, Decision>()
  const running = new Map<MachineId, DiskProgress>()
  const current: { desired: Desired | undefined } = { desired: await desiredWith('4711') }
  const desk = lyceeResets({
    store,
    clock,
    site: siteId('hugo'),
    pin: name,
    openSecret: createSecretOpener(identityFile),
    desired: () => current.desired,
    decision: (id) => decisions.get(id),
    running: (id) => running.get(id),
  })
  const { baseUrl } = await serve(t, [
    resetRoutes({ desk, clock, lycee: 'Lycée Hugo', timezone: 'Europe/Paris', locale: 'en' }),
  ])
  const see = (id: string, disk: ObservedDisk) => store.putObserved([off(id, undefined, { disk })])
  const login = async (pin = '4711') => {
    const browser = visitor(baseUrl, { 'accept-language': 'en' })
    return { ...browser, page: await browser.go('/reset/login', fields({ pin })) }
  }
  return { store, clock, decisions, running, current, desiredWith, identityFile, see, login }
}

test('the page offers the PCs of this lycée that may be reset, and what store and loop know of them', async (t) => {
  const { see, login, decisions, running, store } = await scene(t)
  await see('hugo/b204-01', {
    ...observedDisk(),
    state: { ...diskState(wantedDisk(), now - 60_000), how: 'reset' },
  })
  await see('hugo/b204-04', observedDisk())
  running.set(machineId('hugo/b204-02'), {
    phase: 'write',
    readBytes: 25,
    totalBytes: 100,
    fetchedBytes: 0,
    writtenBytes: 0,
    bytesPerSecond: 1,
    leftMs: 120_000,
  })
  decisions.set(machineId('hugo/cdi-01'), {
    kind: 'stalled',
    reason: { code: 'disk-unreadable', message: say('The disk is dying.', 'Le disque est en fin de vie.') },
    changes: [requestedReset],
  })
  const { page, go } = await login()
  t.is(page.status, 200)
  const states: readonly { id: string; kind: string }[] = JSON.parse((await go('/reset/state')).html)
  t.deepEqual(
    states.map(({ id, kind }) => [id, kind]),
    [
      ['hugo/b204-01', 'ready'],
      ['hugo/b204-02', 'running'],
      ['hugo/cdi-01', 'failed'],
    ],
    'not those of policy never, without an image, with a disk that is not ours, or of another lycée',
  )
  t.regex(page.html, /last reset: Tuesday 13 October/)
  t.regex(page.html, /Being reset, 25%, about 2 min left/)
  t.regex(page.html, /Reset failed: The disk is dying\./)
  t.deepEqual(await store.diskRequests(), [], 'to look asks for nothing')
})

test('what is asked for is an open request in the store with its event, once, and shown as asked for', async (t) => {
  const { login, store, clock } = await scene(t)
  const { go } = await login()
  const ask = async (query: string) => {
    const form = hiddenFields((await go(`/reset/confirm?${query}`)).html, '/reset/ask')
    form.set('who', 'Mme Durand')
    return go('/reset/ask', form)
  }
  await ask('room=hugo%2Fb204')
  const who = 'reset page, 127.0.0.1, "Mme Durand"'
  const requests = await store.diskRequests()
  t.deepEqual(
    requests.map(({ machine: id, kind, at, who: by }) => [id, kind, at, by]).sort(),
    ['hugo/b204-01', 'hugo/b204-02', 'hugo/b204-04'].map((id) => [id, 'reset', now, who]),
  )
  const events = await store.events({ limit: 10 })
  t.deepEqual(
    events.map(({ kind, actor, machine: id }) => [kind, actor, id]).sort(),
    requests.map(({ machine: id }) => ['reset-requested', who, id]).sort(),
  )
  t.regex((await go('/reset')).html, /Reset asked for \(10:00\), waiting for the PC/)

  await clock.pass(60_000)
  await ask('machine=hugo%2Fb204-01')
  t.deepEqual(await store.diskRequests(), requests, 'the open one stays the only one')
  const [first] = requests
  if (first === undefined) throw new Error('no request')
  await store.closeDiskRequest(first.id, clock.now())
  await ask(`machine=${encodeURIComponent(first.machine)}`)
  t.is((await store.diskRequests()).length, 3, 'carried out, it may be asked for again')
})

test('the PIN is that of the newest revision, and without the identity nobody comes in', async (t) => {
  const { login, current, desiredWith, identityFile } = await scene(t)
  t.is((await login('4712')).page.status, 403)
  t.is((await login('4711')).page.status, 200)
  current.desired = await desiredWith('9999')
  t.is((await login('4711')).page.status, 403)
  t.is((await login('9999')).page.status, 200)
  await writeFile(identityFile, `${await generateIdentity()}\n`)
  t.is((await login('9999')).page.status, 403)
})

test('a PC that a new revision takes out, or never resets, is not reset by a page that still shows it', async (t) => {
  const { login, current, desiredWith, store } = await scene(t)
  const { go } = await login()
  const form = hiddenFields((await go('/reset/confirm?machine=hugo%2Fcdi-01')).html, '/reset/ask')
  current.desired = await desiredWith('4711', [
    ...machines.slice(0, 4),
    machine('hugo/cdi-01', imaged('never')),
  ])
  t.is((await go('/reset/ask', form)).status, 409)
  current.desired = await desiredWith('4711', machines.slice(6))
  t.is((await go('/reset/ask', form)).status, 409)
  current.desired = undefined
  t.is((await go('/reset')).status, 200)
  t.deepEqual(await store.diskRequests(), [])
})
