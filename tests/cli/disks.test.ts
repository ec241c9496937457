import { join } from 'node:path'
import test from 'ava'
import { encodeHello } from '../../imaging/job-codec.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { json, scratch, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { samplePark } from './sample-park.ts'

const digest = `sha256:${'ab'.repeat(32)}`

const files: Readonly<Record<string, string>> = {
  ...samplePark(),
  'images/edu.yaml': `kind: Image
name: edu
os: debian
versions: { "1": { digest: "${digest}" } }
disk:
  table: gpt
  partitions:
    - { name: esp, type: esp, size: 256MiB, content: image }
    - { name: root, type: linux, size: rest, content: image }
`,
  'lycees/victor-hugo.yaml': `kind: Lycee
name: victor-hugo
network: { subnet: 127.0.0.0/8 }
server: { address: 127.0.0.9, netboot: off }
role: poste
rooms:
  b204:
    image: edu@1
    machines:
      b204-01: { mac: 52:54:00:25:02:01, address: 127.0.0.1 }
      b204-02: { mac: 52:54:00:25:02:02, address: 127.0.0.2, reset: { policy: never } }
  b205:
    machines:
      b205-01: { mac: 52:54:00:25:02:03, address: 127.0.0.3 }
`,
}

const park = async (t: { teardown(fn: () => Promise<void>): void }) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, files)
  const stored = async <Result>(
    use: (store: Awaited<ReturnType<typeof openStore>>) => Promise<Result>,
  ): Promise<Result> => {
    const store = await openStore(`sqlite:${join(folder.path, '.proviseur/store.db')}`)
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }
  return { run: (args: readonly string[]) => proviseur(args, { cwd: folder.path }), stored }
}

test('a reset of a room is put into the store for those that may be reset, and the others are told why not', async (t) => {
  const { run, stored } = await park(t)
  const ran = await run(['reset', 'b204', '--yes', '--who', 'jeanne'])
  t.is(ran.code, 1)
  t.regex(ran.stdout, /✗ victor-hugo\/b204-02\n +The spec forbids resets .*\[reset-never\]/)
  t.regex(ran.stdout, /Reset asked for: 1 machine\./)
  const requests = await stored((store) => store.diskRequests())
  t.is(requests.length, 1)
  t.like(requests[0], { machine: 'victor-hugo/b204-01', kind: 'reset', who: 'jeanne' })
  const again = json(await run(['reset', 'b204-01', '--yes', '--json']))
  t.deepEqual(again, { asked: [], open: ['victor-hugo/b204-01'], refused: [] })
  t.regex((await run(['log'])).stdout, /jeanne.*Reset asked for|Reset asked for/)
})

test('without a terminal nothing is asked for unless that was said', async (t) => {
  const { run, stored } = await park(t)
  for (const args of [
    ['reset', 'b204-01'],
    ['verify', 'b204-01'],
    ['image', 'capture', 'b204-01', 'golden@1'],
  ]) {
    const ran = await run(args)
    t.is(ran.code, 1)
    t.regex(ran.stderr, /Not on a terminal: add --yes/)
  }
  t.deepEqual(await stored((store) => store.diskRequests()), [])
})

test('a machine without an image has nothing to be reset to, compared with or captured by', async (t) => {
  const { run } = await park(t)
  for (const args of [
    ['reset', 'b205'],
    ['verify', 'b205-01'],
    ['image', 'capture', 'b205-01', 'golden@1'],
  ]) {
    const ran = await run([...args, '--yes', '--json'])
    t.is(ran.code, 1)
    t.like(json(ran).refused[0], { machine: 'victor-hugo/b205-01', code: 'disk-not-managed' })
  }
})

test('a comparison and a capture are asked for, and shown until they are done', async (t) => {
  const { run, stored } = await park(t)
  t.is((await run(['verify', 'b204', '--yes'])).code, 0)
  t.is((await run(['image', 'capture', 'b204-02', 'golden@2', '--yes'])).code, 0)
  const requests = await stored((store) => store.diskRequests())
  t.deepEqual(requests.map(({ machine, kind, image }) => [machine, kind, image]).sort(), [
    ['victor-hugo/b204-01', 'verify', undefined],
    ['victor-hugo/b204-02', 'capture', 'golden@2'],
    ['victor-hugo/b204-02', 'verify', undefined],
  ])
  t.regex((await run(['explain', 'b204-02'])).stdout, /capture asked for by technician@/)
})

test('an image version that is none is refused before anything else', async (t) => {
  const { run } = await park(t)
  const ran = await run(['image', 'capture', 'b204-01', 'golden', '--yes', '--json'])
  t.is(ran.code, 64)
  t.is(json(ran).error.code, 'bad-image')
})

test('status and explain show which image a disk has, and what its comparison found', async (t) => {
  const { run, stored } = await park(t)
  const disk: ObservedDisk = {
    at: Date.now(),
    by: 'system',
    state: {
      manifest: 'cd'.repeat(32),
      image: 'edu@0',
      layout: 'sha256:l',
      settings: 'sha256:s',
      job: 'j',
      at: Date.now() - 86_400_000,
      how: 'reset',
    },
    verified: {
      at: Date.now() - 60_000,
      manifest: 'cd'.repeat(32),
      differing: [{ partition: 'root', chunks: 900, differing: 3, files: ['/etc/hosts'] }],
    },
  }
  await stored((store) =>
    store.putObserved([
      {
        machine: 'victor-hugo/b204-01' as MachineId,
        observedAt: Date.now(),
        observer: 'test',
        reach: 'off',
        disk,
        errors: [],
      },
    ]),
  )
  t.regex((await run(['status', 'b204'])).stdout, /b204-01 +off +edu@0/)
  const [machine] = json(await run(['status', 'b204-01', '--json'])).machines
  t.like(machine.disk, { image: 'edu@0', how: 'reset', differing: [{ partition: 'root', differing: 3 }] })
  const { stdout } = await run(['explain', 'b204-01'])
  t.regex(stdout, /disk image edu@0, last reset +1 d ago/)
  t.regex(stdout, /disk compared: root differs in 3 blocks of 900/)
  t.regex(stdout, /\/etc\/hosts/)
  t.regex(stdout, /disk image edu@1 \(abababababab\) +lycees\/victor-hugo\.yaml:8/)
  const planned = json(await run(['plan', '--json']))
  t.like(planned.disks[0], { machine: 'victor-hugo/b204-01', effect: 'destructive', image: 'edu@1' })
  t.false('wipes' in planned.disks[0], 'its own system does not tell which partitions there are')
  t.deepEqual(
    planned.unseenDisks.map(({ machine: unseen, effect }: Record<string, string>) => [unseen, effect]),
    [['victor-hugo/b204-02', 'destructive']],
  )
})

test('a PC that is in no spec is shown with its hardware and the line to paste, until it is in one', async (t) => {
  const { run, stored } = await park(t)
  t.regex((await run(['discovered'])).stdout, /No PC that is in no spec has started/)
  const hello = (mac: string) =>
    encodeHello({
      format: 'proviseur-hello-1',
      nonce: 'ab'.repeat(32),
      macs: [mac],
      vendor: 'Éditeur',
      model: 'ProDesk 400',
      firmware: 'uefi',
      secureBoot: true,
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      disks: [],
      imager: 'v1',
    })
  await stored(async (store) => {
    for (const mac of ['52:54:00:aa:bb:cc', '52:54:00:25:02:01'])
      await store.putDiscovered({ mac, seenAt: Date.now(), hello: hello(mac) })
  })
  const { stdout } = await run(['discovered'])
  t.regex(stdout, /# Éditeur ProDesk 400\n/)
  t.regex(stdout, /pc-aabbcc: 52:54:00:aa:bb:cc/)
  t.notRegex(stdout, /52:54:00:25:02:01/)
  const told = json(await run(['discovered', '--json'])).discovered
  t.is(told.length, 1)
  t.like(told[0], { mac: '52:54:00:aa:bb:cc', hello: { model: 'ProDesk 400' } })
})
