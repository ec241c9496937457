import { createHash } from 'node:crypto'
import { once } from 'node:events'
import test from 'ava'
import ssh2 from 'ssh2'
import { createKeyPair } from '../../cli/management-key.ts'
import { json, scratch } from './command.ts'
import { proviseur } from './in-process.ts'
import { writePark } from './sample-park.ts'

type Teardown = { teardown(fn: () => Promise<void>): void }

/** A real SSH server on all of the loopback's addresses, with a host key of its own; nobody may log in. */
const listen = async (t: Teardown) => {
  const key = createKeyPair('host')
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
    client.on('error', () => client.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise((resolve) => server.close(() => resolve())))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const blob = Buffer.from(key.public.split(' ')[1] ?? '', 'base64')
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/u, '')}`
  return { port: address.port, fingerprint }
}

const park = async (t: Teardown, port: number): Promise<string> => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path, port)
  return folder.path
}

test('the key that a machine shows is pinned once somebody agrees', async (t) => {
  const { port, fingerprint } = await listen(t)
  const folder = await park(t, port)
  const asked = await proviseur(['trust', 'b204-01', '--park', folder])
  t.is(asked.code, 1)
  t.true(asked.stdout.includes(fingerprint))
  t.regex(asked.stderr, /add --yes/u)

  const agreed = await proviseur(['trust', 'b204-01', '--park', folder, '--yes', '--who', 'jeanne'])
  t.is(agreed.code, 0, agreed.stderr)
  t.regex(agreed.stdout, /Pinned: 1\./u)
  const again = json(await proviseur(['trust', 'b204-01', '--park', folder, '--yes', '--json']))
  t.deepEqual(again.machines, [{ machine: 'victor-hugo/b204-01', fingerprint, state: 'known' }])
  t.is(again.pinned, 0)
  const log = JSON.parse((await proviseur(['log', '--park', folder, '--json'])).stdout)
  t.like(log, { kind: 'host-key-pinned', actor: 'jeanne', machine: 'victor-hugo/b204-01' })
})

test('another key than the pinned one is shown aloud, and pinned only when it is agreed to', async (t) => {
  const first = await listen(t)
  const folder = await park(t, first.port)
  await proviseur(['trust', 'b204-01', '--park', folder, '--yes'])
  const second = await listen(t)
  await writePark(folder, second.port)
  const shown = await proviseur(['trust', 'b204-01', '--park', folder, '--lang', 'fr'])
  t.is(shown.code, 1)
  t.regex(shown.stdout, /AUTRE clé que celle épinglée/u)
  const agreed = json(await proviseur(['trust', 'b204-01', '--park', folder, '--yes', '--json']))
  t.like(agreed.machines[0], { fingerprint: second.fingerprint, state: 'changed' })
  t.is(agreed.pinned, 1)
})
