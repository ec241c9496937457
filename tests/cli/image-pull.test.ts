import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { createSigningKey } from '../../imaging/signature.ts'
import { isComplete } from '../../providers/imaging/pull.ts'
import type { Route } from '../../providers/imaging/route.ts'
import { storeRoutes } from '../../providers/imaging/store-routes.ts'
import { type MadeImage, makeImage } from '../imaging/made-image.ts'
import { deadPort, serve } from '../imaging/served.ts'
import { json, scratch, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** A site server that trusts the image's park, and knows of it only the public key. */
const siteServer = async (t: ExecutionContext, image: MadeImage, spec?: string) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const keys = join(folder.path, '.proviseur/keys')
  await mkdir(keys, { recursive: true, mode: 0o700 })
  await writeFile(join(keys, 'image-signing.pub'), image.key.publicKeyPem)
  await writeFiles(folder.path, {
    'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n',
    ...(spec === undefined ? {} : { 'images/debian-edu.yaml': spec }),
  })
  return {
    folder: folder.path,
    keys,
    store: openFolderStore(join(folder.path, '.proviseur/images')),
    call: (...args: readonly string[]) => proviseur(['image', ...args], { cwd: folder.path }),
  }
}

const specWith = (digest: string): string => `kind: Image
name: debian-edu
os: debian
versions: { "2026.09": { digest: "sha256:${digest}" } }
disk: { table: gpt, partitions: [ { name: root, type: linux, size: rest, content: image } ] }
`

test('a version comes whole with the public key alone; a second time nothing comes', async (t) => {
  const image = await makeImage(t, { chunks: 10 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const { store, call, keys } = await siteServer(t, image)
  const ran = await call('pull', image.label, '--from', `${baseUrl}/`, '--bandwidth', '1Gbit/s')
  t.is(ran.code, 0, ran.stderr)
  t.regex(ran.stdout, /✓ debian-edu@2026\.09 {2}sha256:[0-9a-f]{64}\n.*fetched in 10 chunks/u)
  t.regex(ran.stderr, /debian-edu@2026\.09 .*10 MiB \/ 10 MiB/u)
  t.true(await isComplete(store, image.digest))
  const again = json(await call('pull', image.label, '--from', baseUrl, '--json'))
  t.deepEqual(again, {
    image: 'debian-edu@2026.09',
    digest: `sha256:${image.digest}`,
    fetchedChunks: 0,
    fetchedBytes: 0,
  })
  t.is((await call('verify')).code, 0)

  const disk = join(keys, '../disk.img')
  await writeFile(disk, Buffer.alloc(4096))
  const made = await call('import', 'debian-edu@2', disk)
  t.is(made.code, 1)
  t.regex(made.stderr, /Only the public half of the signing key is here/u)
  t.is(await readFile(join(keys, 'image-signing.pub'), 'utf8'), image.key.publicKeyPem)
})

test('interrupted it says so, and the next pull goes on with what is there', async (t) => {
  const image = await makeImage(t, { chunks: 150 })
  const { store, call, folder } = await siteServer(t, image)
  let interrupt: (() => void) | undefined
  let batches = 0
  const broken: Route = async (request) => {
    if (request.method !== 'POST' || ++batches === 1 || interrupt === undefined) return false
    // The other batches wait for ever, and the first one is in the store.
    while ((await store.missingChunks(image.names)).length === 150) await turn()
    interrupt()
    return new Promise<boolean>(() => {})
  }
  const { baseUrl } = await serve(t, [broken, storeRoutes({ store: image.store })])
  const child = spawn(process.execPath, [main, 'image', 'pull', image.label, '--from', baseUrl], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  interrupt = () => {
    interrupt = () => {}
    child.kill('SIGINT')
  }
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const [code] = await once(child, 'close')
  t.is(code, 130, told)
  t.regex(told, /Interrupted\. What came stays/u)
  t.deepEqual(await store.manifests(), [])
  const missing = (await store.missingChunks(image.names)).length
  t.true(missing < 150)
  interrupt = undefined
  t.is(json(await call('pull', image.label, '--from', baseUrl, '--json')).fetchedChunks, missing)
  t.true(await isComplete(store, image.digest))
})

test('the digest of the spec counts, not the name at the origin', async (t) => {
  const image = await makeImage(t, { chunks: 3 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const { store, call } = await siteServer(t, image, specWith('ab'.repeat(32)))
  const ran = await call('pull', image.label, '--from', baseUrl)
  t.is(ran.code, 1)
  t.regex(ran.stderr, /does not have .*manifests\/abab/u)
  t.deepEqual(await store.manifests(), [])
})

test('what cannot be is refused: no address, no server, no key, another key, an unknown version', async (t) => {
  const image = await makeImage(t, { chunks: 3 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const { call, keys, store } = await siteServer(t, image)
  for (const [args, code, told] of [
    [['debian-edu', '--from', baseUrl], 64, /names no image version/u],
    [[image.label], 64, /Say where the image comes from/u],
    [[image.label, '--from', 'hub:8080'], 64, /takes the address of a server/u],
    [[image.label, '--from', baseUrl, '--bandwidth', 'fast'], 64, /such as 20Mbit\/s, not “fast”/u],
    [['debian-edu@1999', '--from', baseUrl], 1, /The origin has no image debian-edu@1999/u],
    [[image.label, '--from', `http://127.0.0.1:${await deadPort()}`], 1, /could not be reached/u],
  ] as const) {
    const ran = await call('pull', ...args)
    t.is(ran.code, code, ran.stderr)
    t.regex(ran.stderr, told)
  }
  await writeFile(join(keys, 'image-signing.pub'), createSigningKey().publicKeyPem)
  t.regex((await call('pull', image.label, '--from', baseUrl)).stderr, /not signed by this park's key/u)
  await writeFile(join(keys, 'image-signing.pub'), '')
  t.regex((await call('pull', image.label, '--from', baseUrl)).stderr, /not signed by this park's key/u)
  t.deepEqual(await store.manifests(), [])
})
