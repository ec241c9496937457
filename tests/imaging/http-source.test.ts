import { readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { chunkListDigest } from '../../imaging/chunk-list.ts'
import { openChunk } from '../../imaging/codec.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import { createExchange } from '../../imaging/http-exchange.ts'
import { createHttpSource } from '../../imaging/http-source.ts'
import type { ChunkItem } from '../../imaging/source.ts'
import { chunkPath } from '../../imaging/store-paths.ts'
import type { Route } from '../../providers/imaging/route.ts'
import { storeRoutes } from '../../providers/imaging/store-routes.ts'
import { until } from '../lab/until.ts'
import { chunkBytes, makeImage } from './made-image.ts'
import { deadPort, patience, serve, wire } from './served.ts'

const quick = { pauseMs: 1, pauseCapMs: 2 }

async function collect(items: AsyncIterable<ChunkItem>): Promise<readonly ChunkItem[]> {
  const all: ChunkItem[] = []
  for await (const item of items) all.push(item)
  return all
}

const summary = (items: readonly ChunkItem[]): readonly string[] =>
  items.map((item) =>
    'failure' in item
      ? item.failure.code
      : 'missing' in item
        ? 'missing'
        : openChunk(item.name, item.compressed, chunkBytes).ok
          ? item.name
          : 'damaged',
  )

test('chunks come in the order of asking, in several batches over one kept connection', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 20 })
  const server = await serve(t, [storeRoutes({ store })])
  const source = createHttpSource({ baseUrl: server.baseUrl, batchNames: 8 })
  t.teardown(() => source.close())
  const asked = names.toReversed()
  t.deepEqual(summary(await collect(source.chunks(asked, patience()))), asked)
  t.deepEqual(server.requests, Array(3).fill('POST /store/batch'))
  t.is(server.connections(), 1)
})

test('a chunk that the server lacks is missing, and the others come all the same', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 3 })
  const server = await serve(t, [storeRoutes({ store })])
  const source = createHttpSource({ baseUrl: server.baseUrl })
  t.teardown(() => source.close())
  const [first, second] = names
  const absent = 'a'.repeat(64) as ChunkName
  if (first === undefined || second === undefined) return t.fail()
  t.deepEqual(summary(await collect(source.chunks([first, absent, second], patience()))), [
    first,
    'missing',
    second,
  ])
})

test('a connection that breaks in the middle of a batch goes on with what has not come yet', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 24 })
  const server = await serve(t, [storeRoutes({ store })])
  // Each connection is cut after some 200 kB: several are needed, and each brings something.
  const url = await wire(t, server.port, (bytes, offset) => (offset > 200_000 ? 'cut' : bytes))
  const source = createHttpSource({ baseUrl: url, ...quick })
  t.teardown(() => source.close())
  t.deepEqual(summary(await collect(source.chunks(names, patience()))), names)
  t.true(server.requests.length > 2)
})

test('a server that breaks every connection before anything came is given up, with the reason', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 4 })
  const server = await serve(t, [storeRoutes({ store })])
  let connections = 0
  const url = await wire(t, server.port, (_bytes, _offset, connection) => {
    connections = connection + 1
    return 'cut'
  })
  const source = createHttpSource({ baseUrl: url, attempts: 4, ...quick })
  t.teardown(() => source.close())
  t.deepEqual(summary(await collect(source.chunks(names, patience()))), ['source-silent'])
  t.is(connections, 4)
})

test('a server that goes silent in the middle of a chunk is found dead', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 8 })
  const server = await serve(t, [storeRoutes({ store })])
  const url = await wire(t, server.port, (bytes, offset) => (offset > 100_000 ? 'stall' : bytes))
  const source = createHttpSource({ baseUrl: url, attempts: 20, idleMs: 1_000, ...quick })
  t.teardown(() => source.close())
  // A connection passes more than one chunk before it stalls, so that all come in the end.
  t.deepEqual(summary(await collect(source.chunks(names, patience()))), names)
  t.true(server.requests.length > 1)
})

test('nobody at the address is a value, and so is a name that the server does not have', async (t) => {
  const { store, digest } = await makeImage(t, { chunks: 2 })
  const dead = createHttpSource({ baseUrl: `http://127.0.0.1:${await deadPort()}`, attempts: 2, ...quick })
  t.like(await dead.manifest(digest, patience()), { ok: false, code: 'source-silent' })
  const server = await serve(t, [storeRoutes({ store })])
  const source = createHttpSource({ baseUrl: server.baseUrl })
  t.teardown(() => source.close())
  t.like(await source.manifest('b'.repeat(64) as typeof digest, patience()), { ok: false, code: 'missing' })
})

test('a slow reader does not make the server look dead', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 8 })
  const server = await serve(t, [storeRoutes({ store })])
  const source = createHttpSource({ baseUrl: server.baseUrl, idleMs: 2_500, attempts: 1 })
  t.teardown(() => source.close())
  const seen: string[] = []
  for await (const item of source.chunks(names, patience())) {
    const began = performance.now()
    if (seen.length === 0) await until('twice the limit', () => performance.now() - began > 5_000)
    seen.push(...summary([item]))
  }
  t.deepEqual(seen, names)
})

test('leaving the iteration early, and aborting, close the connection', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 24 })
  const server = await serve(t, [storeRoutes({ store })])
  const source = createHttpSource({ baseUrl: server.baseUrl })
  t.teardown(() => source.close())
  for await (const item of source.chunks(names, patience())) {
    t.true('compressed' in item)
    break
  }
  await until('no connection left', async () => (await server.open()) === 0)
  const stop = new AbortController()
  const reading = (async () => {
    for await (const _ of source.chunks(names, stop.signal)) stop.abort()
  })()
  await t.throwsAsync(reading, { name: 'AbortError' })
  await until('no connection left', async () => (await server.open()) === 0)
})

test('a large file that breaks off is fetched on from there, as a range of the same version', async (t) => {
  const { store } = await makeImage(t, { chunks: 2 })
  const list = Buffer.alloc(32 * 20_000, 7)
  const digest = chunkListDigest(list)
  await store.putList(digest, list)
  const server = await serve(t, [storeRoutes({ store })])
  const url = await wire(t, server.port, (bytes, offset, connection) =>
    connection === 0 && offset > 300_000 ? 'cut' : bytes,
  )
  const source = createHttpSource({ baseUrl: url, ...quick })
  t.teardown(() => source.close())
  const fetched = await source.list(digest, patience())
  t.true(fetched.ok && Buffer.from(fetched.value).equals(list))
  t.is(server.requests.length, 2)
  t.regex(String(server.headers[1]?.['range']), /^bytes=[1-9]\d*-$/)
})

test('a list of which one bit was changed on the way is damaged', async (t) => {
  const { store, manifest } = await makeImage(t, { chunks: 24 })
  const server = await serve(t, [storeRoutes({ store })])
  const url = await wire(t, server.port, (bytes) => {
    const lying = Buffer.from(bytes)
    lying[lying.length - 1] = (lying.at(-1) ?? 0) ^ 1
    return lying
  })
  const source = createHttpSource({ baseUrl: url, ...quick })
  t.teardown(() => source.close())
  const digest = manifest.partitions[0]?.list
  if (digest === undefined) return t.fail()
  t.like(await source.list(digest, patience()), { ok: false, code: 'damaged' })
})

test('a store on any static web server serves, chunk by chunk', async (t) => {
  const { store, names, digest } = await makeImage(t, { chunks: 12 })
  const [, , third] = names
  if (third === undefined) return t.fail()
  await truncate(join(store.folder, chunkPath(third)), 10)
  const plain: Route = async (request, response, url) => {
    if (request.method !== 'GET') response.writeHead(405).end()
    else response.end(await readFile(join(store.folder, url.pathname.slice('/store/'.length))))
    return true
  }
  const server = await serve(t, [plain])
  const source = createHttpSource({ baseUrl: server.baseUrl })
  t.teardown(() => source.close())
  const expected = names.map((name) => (name === third ? 'damaged' : name))
  t.deepEqual(summary(await collect(source.chunks(names, patience()))), expected)
  t.true((await source.manifest(digest, patience())).ok)
})

test('a busy server is asked again, however often, and is not taken for dead', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 4 })
  let refusals = 0
  const busy: Route = async (_request, response) => {
    if (refusals >= 5) return false
    refusals++
    response.writeHead(503, { 'retry-after': '0' }).end()
    return true
  }
  const server = await serve(t, [busy, storeRoutes({ store })])
  const source = createHttpSource({ baseUrl: server.baseUrl, attempts: 2, ...quick })
  t.teardown(() => source.close())
  t.deepEqual(summary(await collect(source.chunks(names, patience()))), names)
  t.is(refusals, 5)
})

test('answers that nobody reads leave the connection usable', async (t) => {
  const server = await serve(t, [])
  const exchange = createExchange({ baseUrl: server.baseUrl })
  t.teardown(() => exchange.close())
  for (let asked = 0; asked < 5; asked++) {
    const reply = await exchange.send({ method: 'GET', path: '/nothing' }, patience())
    if (reply.kind === 'lost') return t.fail(reply.detail)
    t.is(reply.status, 404)
    reply.discard()
    // The connection is free in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.is(server.connections(), 1)
})
