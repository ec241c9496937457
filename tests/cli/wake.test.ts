import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import type { Revision } from '../../reconciler/model/ids.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { compile } from '../../specs/compile.ts'
import { sealed, serialize } from '../../specs/serialize.ts'
import { json, scratch, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { samplePark } from './sample-park.ts'

/**
 * A park that `up` follows already, whose magic packets go to a port of the loopback. The specs themselves refuse such an
 * address, so that it is put into the store, where the command finds what machines are to be.
 */
const followed = async (folder: string, port: number): Promise<void> => {
  await writeFiles(folder, samplePark())
  const bytes = new TextEncoder()
  const files = new Map(Object.entries(samplePark()).map(([path, text]) => [path, bytes.encode(text)]))
  const { desired } = compile(files)
  if (desired === undefined) throw new Error('the sample park is broken')
  const wake = { broadcast: '127.0.0.1', port }
  const sites = new Map([...desired.sites].map(([id, site]) => [id, { ...site, wake }]))
  const changed = sealed({ ...desired, sites })
  const store = await openStore(`sqlite:${join(folder, '.proviseur', 'store.db')}`)
  const revision = 'a'.repeat(40) as Revision
  await store.putRevision(revision, changed.digest, serialize(changed), 1)
  await store.advanceTarget({
    fence: { epoch: 1, generation: 1 },
    parent: null,
    revision,
    desired: changed.digest,
    at: 1,
  })
  await store.close()
}

test('waking a room sends a magic packet for each of its machines to the lycée’s address', async (t) => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const heard = new Set<string>()
  socket.on('message', (packet) => heard.add(packet.subarray(6, 12).toString('hex')))
  const folder = await scratch()
  t.teardown(folder.remove)
  await followed(folder.path, socket.address().port)

  const ran = await proviseur(['wake', 'b204', '--park', folder.path, '--json', '--who', 'jeanne'])
  t.is(ran.code, 0, ran.stdout + ran.stderr)
  t.deepEqual(json(ran).sent, ['victor-hugo/b204-01', 'victor-hugo/b204-02'])
  t.deepEqual([...heard].sort(), ['525400250201', '525400250202'])
  const log = await proviseur(['log', '--park', folder.path, '--json', '--machine', 'b204-02'])
  t.like(JSON.parse(log.stdout), { kind: 'woken', actor: 'jeanne', machine: 'victor-hugo/b204-02' })
})

test('a machine that is not in the park is not woken, and the likely one is named', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, samplePark())
  const ran = await proviseur(['wake', 'b204-20', '--park', folder.path])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /Did you mean b204/u)
})
