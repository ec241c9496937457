import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../cli/clock.ts'
import { compressChunk, openChunk } from '../../imaging/codec.ts'
import { type ImageStore, openFolderStore } from '../../imaging/folder-store.ts'
import { createHttpSource, type HttpSourceOptions } from '../../imaging/http-source.ts'
import { createSigningKey, signBytes } from '../../imaging/signature.ts'
import { chunkPath, type ImageLabel, listPath } from '../../imaging/store-paths.ts'
import { createBandwidth } from '../../providers/imaging/bandwidth.ts'
import { isComplete, type PullParts, pullImage } from '../../providers/imaging/pull.ts'
import { storeRoutes } from '../../providers/imaging/store-routes.ts'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import { createRandom } from '../../providers/simulated/random.ts'
import {
  chunkBytes,
  contentsOf,
  emptyStore,
  type MadeImage,
  makeImage,
  temporaryFolder,
} from './made-image.ts'
import { patience, serve, type Tamper, wire } from './served.ts'

const run = promisify(execFile)

const quick = { pauseMs: 1, pauseCapMs: 2 }

function pulling(t: ExecutionContext, baseUrl: string, image: MadeImage, into: ImageStore) {
  return async (more: Partial<PullParts> & { http?: Partial<HttpSourceOptions> } = {}) => {
    const { http, ...parts } = more
    const source = createHttpSource({ baseUrl, ...quick, ...http })
    t.teardown(() => source.close())
    return pullImage(
      { from: source, into, parkKey: image.key.publicKeyPem, clock: systemClock, ...parts },
      { label: image.label, digest: image.digest },
      patience(),
    )
  }
}

/** Each chunk opened, and nothing else named: the store is what the origin is. */
async function assertWhole(t: ExecutionContext, into: ImageStore, image: MadeImage): Promise<void> {
  for (const name of image.names) {
    const stored = await into.readChunk(name)
    t.true(stored !== undefined && openChunk(name, stored, chunkBytes).ok, name)
  }
  t.is(await into.pointer(image.label), image.digest)
  t.true(await isComplete(into, image.digest))
}

/** The version may not be found by anybody before it is complete. */
async function assertAbsent(t: ExecutionContext, into: ImageStore, image: MadeImage): Promise<void> {
  t.is(await into.pointer(image.label), undefined)
  t.deepEqual(await into.manifests(), [])
  t.false(await isComplete(into, image.digest))
}

test('an image comes whole, and a second version brings only what differs', async (t) => {
  const image = await makeImage(t, { chunks: 30 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const told: number[] = []
  const pulled = await pulling(t, baseUrl, image, into)({ onProgress: ({ stored }) => told.push(stored) })
  t.like(pulled, { ok: true, value: { fetchedChunks: 30 } })
  t.deepEqual(told, [...Array(31).keys()])
  await assertWhole(t, into, image)
  t.like(await pulling(t, baseUrl, image, into)(), { ok: true, value: { fetchedChunks: 0 } })

  const next = await makeImage(t, { chunks: 32, version: '2026.10', key: image.key })
  const later = await serve(t, [storeRoutes({ store: next.store })])
  t.like(await pulling(t, later.baseUrl, next, into)(), { ok: true, value: { fetchedChunks: 2 } })
  await assertWhole(t, into, next)
  await assertWhole(t, into, image)
})

test('a manifest signed by another key is refused, and nothing is fetched', async (t) => {
  const image = await makeImage(t, { chunks: 4 })
  const server = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const parkKey = createSigningKey().publicKeyPem
  const pulled = await pulling(t, server.baseUrl, image, into)({ parkKey })
  t.like(pulled, { ok: false, code: 'manifest-signature-wrong' })
  t.deepEqual(
    server.requests.filter((one) => !one.includes('manifests')),
    [],
  )
  await assertAbsent(t, into, image)
})

test('a version under the name of another is refused, however well it is signed', async (t) => {
  const image = await makeImage(t, { chunks: 4 })
  const server = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const other = { ...image, label: 'debian-edu@2027.01' as ImageLabel }
  t.like(await pulling(t, server.baseUrl, other, into)(), { ok: false, code: 'manifest-not-the-planned-one' })
  await assertAbsent(t, into, other)
})

test('a signature renewed at the origin replaces one that the store can no longer trust', async (t) => {
  const image = await makeImage(t, { chunks: 4 })
  const server = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  t.true((await pulling(t, server.baseUrl, image, into)()).ok)
  const key = createSigningKey()
  const read = await image.store.readManifest(image.digest)
  if (!read.ok) return t.fail()
  await image.store.putManifest(
    image.digest,
    read.value.bytes,
    signBytes(key.privateKeyPem, read.value.bytes),
  )
  const renewed = { ...image, key }
  t.true((await pulling(t, server.baseUrl, renewed, into)()).ok)
  const kept = await into.readManifest(image.digest)
  t.is(kept.ok && kept.value.signature, signBytes(key.privateKeyPem, read.value.bytes))
})

/** Flips a bit at these bytes of the first connection. */
const flipping =
  (places: readonly number[]): Tamper =>
  (bytes, offset, connection) => {
    const passed = Buffer.from(bytes)
    for (const place of connection === 0 ? places : []) {
      const at = place - offset
      if (at >= 0 && at < passed.length) passed[at] = (passed[at] ?? 0) ^ 0x10
    }
    return passed
  }

test('bits that were flipped on the wire are noticed, and those chunks come again', async (t) => {
  const image = await makeImage(t, { chunks: 24 })
  const server = await serve(t, [storeRoutes({ store: image.store })])
  const url = await wire(t, server.port, flipping([60_000, 200_000, 350_000]))
  const into = await emptyStore(t)
  const pulled = await pulling(t, url, image, into)({ streams: 1 })
  t.like(pulled, { ok: true, value: { fetchedChunks: 24 } })
  t.true(server.requests.filter((one) => one.endsWith('batch')).length > 1, 'nothing came again')
  await assertWhole(t, into, image)
})

test('a chunk that is damaged at the origin is not stored, and the version does not appear', async (t) => {
  const image = await makeImage(t, { chunks: 12 })
  const [bad] = image.names
  if (bad === undefined) return t.fail()
  await writeFile(join(image.store.folder, chunkPath(bad)), compressChunk(contentsOf(99, 0)))
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const pulled = await pulling(
    t,
    baseUrl,
    image,
    into,
  )({ clock: { ...systemClock, sleep: async () => undefined } })
  t.like(pulled, { ok: false, code: 'chunk-damaged' })
  t.is(await into.readChunk(bad), undefined)
  await assertAbsent(t, into, image)
})

test('a chunk or a list that vanished at the origin, and an origin that is down, each have their reason', async (t) => {
  const image = await makeImage(t, { chunks: 6 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const [gone] = image.names
  const list = image.manifest.partitions[1]?.list
  if (gone === undefined || list === undefined) return t.fail()
  await rm(join(image.store.folder, chunkPath(gone)))
  t.like(await pulling(t, baseUrl, image, into)(), { ok: false, code: 'chunk-missing' })
  await rm(join(image.store.folder, listPath(list)))
  t.like(await pulling(t, baseUrl, image, await emptyStore(t))(), { ok: false, code: 'missing' })
  const down = await serve(t, [async (_request, response) => response.writeHead(500).end() === response])
  t.like(await pulling(t, down.baseUrl, image, into)({ http: { attempts: 2 } }), {
    ok: false,
    code: 'source-silent',
  })
  await assertAbsent(t, into, image)
})

test('a connection that breaks again and again only makes it longer', async (t) => {
  const image = await makeImage(t, { chunks: 24 })
  const server = await serve(t, [storeRoutes({ store: image.store })])
  const url = await wire(t, server.port, (bytes, offset) => (offset > 150_000 ? 'cut' : bytes))
  const into = await emptyStore(t)
  t.like(await pulling(t, url, image, into)(), { ok: true, value: { fetchedChunks: 24 } })
  await assertWhole(t, into, image)
})

test('a full disk is said, and after room was made the rest comes', async (t) => {
  const image = await makeImage(t, { chunks: 24 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const folder = await temporaryFolder(t)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=500k', 'tmpfs', folder])
  t.teardown(() => run('umount', [folder]))
  const into = openFolderStore(join(folder, 'images'))
  t.like(await pulling(t, baseUrl, image, into)(), { ok: false, code: 'store-full' })
  await assertAbsent(t, into, image)
  await run('mount', ['-o', 'remount,size=50m', folder])
  const pulled = await pulling(t, baseUrl, image, into)()
  t.true(pulled.ok && pulled.value.fetchedChunks > 0 && pulled.value.fetchedChunks < 24)
  await assertWhole(t, into, image)
})

test('a pull keeps to its bandwidth', async (t) => {
  const image = await makeImage(t, { chunks: 12 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const clock = createVirtualClock(0)
  const bandwidth = createBandwidth(clock, 50_000)
  let ended = false
  const pull = pulling(
    t,
    baseUrl,
    image,
    into,
  )({
    clock,
    http: { onBytes: (bytes, signal) => bandwidth.take(bytes, signal) },
  }).finally(() => {
    ended = true
  })
  while (!ended) {
    await clock.pass(20)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const pulled = await pull
  if (!pulled.ok) return t.fail(pulled.message.en)
  t.true(pulled.value.fetchedBytes > 200_000)
  t.true(clock.now() >= (pulled.value.fetchedBytes / 50_000 - 0.25) * 1000, `${clock.now()} ms`)
})

const script = fileURLToPath(new URL('pulling-process.ts', import.meta.url))

test('killed at any point, a pull goes on where it was, and nobody ever finds half a version', async (t) => {
  const seed = 20260901
  const random = createRandom(seed)
  t.log(`seed ${seed}`)
  const image = await makeImage(t, { chunks: 60 })
  const folder = await temporaryFolder(t)
  const keyFile = join(folder, 'park.pub')
  await writeFile(keyFile, image.key.publicKeyPem)
  const into = openFolderStore(join(folder, 'images'))
  let killAfter = Number.POSITIVE_INFINITY
  let killNow: () => void = () => undefined
  let sent = 0
  const server = await serve(t, [storeRoutes({ store: image.store })])
  const url = await wire(t, server.port, (bytes) => {
    sent += bytes.length
    if (sent > killAfter) killNow()
    return bytes
  })
  const start = () =>
    spawn(process.execPath, [script, url, into.folder, image.label, image.digest, keyFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const sizes: number[] = []
  for (let kill = 0; kill < 6; kill++) {
    sent = 0
    killAfter = 5_000 + Math.floor(random() * 400_000)
    const child = start()
    killNow = () => void child.kill('SIGKILL')
    const [code, signal] = await once(child, 'exit')
    t.true(signal === 'SIGKILL' || code === 0, `${code} ${signal}`)
    sizes.push(60 - (await into.missingChunks(image.names)).length)
    // Whatever got a name is whole, and the version has its own only if all of it is.
    for (const name of image.names) {
      const stored = await into.readChunk(name)
      if (stored !== undefined) t.true(openChunk(name, stored, chunkBytes).ok)
    }
    if ((await into.pointer(image.label)) !== undefined) await assertWhole(t, into, image)
    else t.is(signal, 'SIGKILL')
  }
  t.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
    'what was stored stays',
  )
  t.true((sizes[0] ?? 60) < 60, 'the first was killed before its end')
  killAfter = Number.POSITIVE_INFINITY
  const last = start()
  const [code] = await once(last, 'exit')
  t.is(code, 0)
  await assertWhole(t, into, image)
  t.is((await readFile(join(into.folder, 'names', image.label), 'utf8')).trim(), image.digest)
})

test('stopped on request, a pull ends with the reason of the stop and keeps what it has', async (t) => {
  const image = await makeImage(t, { chunks: 24 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const into = await emptyStore(t)
  const source = createHttpSource({ baseUrl })
  t.teardown(() => source.close())
  const stop = new AbortController()
  const pull = pullImage(
    {
      from: source,
      into,
      parkKey: image.key.publicKeyPem,
      clock: systemClock,
      streams: 1,
      onProgress: ({ stored }) => {
        if (stored === 5) stop.abort()
      },
    },
    { label: image.label, digest: image.digest },
    stop.signal,
  )
  await t.throwsAsync(pull, { name: 'AbortError' })
  await assertAbsent(t, into, image)
  const left = await into.missingChunks(image.names)
  t.true(left.length < 24 && left.length > 0)
})

test('a complete version is one of which nothing is missing', async (t) => {
  const image = await makeImage(t, { chunks: 6 })
  t.true(await isComplete(image.store, image.digest))
  t.false(await isComplete(image.store, 'f'.repeat(64) as typeof image.digest))
  const [one] = image.names
  if (one === undefined) return t.fail()
  await rm(join(image.store.folder, chunkPath(one)))
  t.false(await isComplete(image.store, image.digest))
})
