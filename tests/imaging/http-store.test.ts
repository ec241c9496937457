import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { Agent, get, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { type BatchItem, encodeNames, readBatch } from '../../imaging/batch.ts'
import { chunkName, compressChunk, openChunk } from '../../imaging/codec.ts'
import type { ChunkListDigest, ChunkName } from '../../imaging/digest.ts'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { createHttpUpload } from '../../imaging/http-upload.ts'
import { chunkPath, listPath, signaturePath } from '../../imaging/store-paths.ts'
import { createBandwidth } from '../../providers/imaging/bandwidth.ts'
import { storeRoutes } from '../../providers/imaging/store-routes.ts'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import { until } from '../lab/until.ts'
import { chunkBytes, contentsOf, emptyStore, makeImage, temporaryFolder } from './made-image.ts'
import { patience, serve } from './served.ts'

const run = promisify(execFile)

const token = 'c0'.repeat(64)
const onlyThat = (given: string) => (given === token ? 'yes' : 'no')

const batch = (baseUrl: string, names: readonly ChunkName[]) =>
  fetch(`${baseUrl}/store/batch`, { method: 'POST', body: encodeNames(names) })

async function items(response: Response, names: readonly ChunkName[]): Promise<readonly BatchItem[]> {
  if (response.body === null) throw new Error('a batch has a body')
  const all: BatchItem[] = []
  for await (const item of readBatch(response.body, names)) all.push(item)
  return all
}

test('what is named by its content may be kept for ever, what may change is asked for again', async (t) => {
  const { store, names, digest, label } = await makeImage(t, { chunks: 2 })
  const { baseUrl } = await serve(t, [storeRoutes({ store })])
  const [name] = names
  if (name === undefined) return t.fail()
  const chunk = await fetch(`${baseUrl}/store/${chunkPath(name)}`)
  t.true(openChunk(name, new Uint8Array(await chunk.arrayBuffer()), chunkBytes).ok)
  t.regex(chunk.headers.get('cache-control') ?? '', /immutable/)
  const pointer = await fetch(`${baseUrl}/store/names/${label}`)
  t.is((await pointer.text()).trim(), digest)
  t.is(pointer.headers.get('cache-control'), 'no-cache')
  const etag = pointer.headers.get('etag') ?? ''
  const again = await fetch(`${baseUrl}/store/names/${label}`, { headers: { 'if-none-match': etag } })
  t.is(again.status, 304)
  await store.setPointer(label, 'd'.repeat(64) as typeof digest)
  const changed = await fetch(`${baseUrl}/store/names/${label}`, { headers: { 'if-none-match': etag } })
  t.is((await changed.text()).trim(), 'd'.repeat(64))
  t.is((await fetch(`${baseUrl}/store/${signaturePath(digest)}`)).headers.get('cache-control'), 'no-cache')
})

test('ranges, heads and what cannot be satisfied', async (t) => {
  const { store, manifest } = await makeImage(t, { chunks: 8 })
  const { baseUrl } = await serve(t, [storeRoutes({ store })])
  const digest = manifest.partitions[0]?.list as ChunkListDigest
  const url = `${baseUrl}/store/${listPath(digest)}`
  const whole = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const ask = async (range: string) => {
    const response = await fetch(url, { headers: { range } })
    return [response.status, response.headers.get('content-range'), await response.bytes()] as const
  }
  t.deepEqual(await ask('bytes=32-63'), [206, `bytes 32-63/${whole.length}`, whole.slice(32, 64)])
  t.deepEqual(await ask('bytes=100-'), [
    206,
    `bytes 100-${whole.length - 1}/${whole.length}`,
    whole.slice(100),
  ])
  t.deepEqual(await ask('bytes=-5'), [
    206,
    `bytes ${whole.length - 5}-${whole.length - 1}/${whole.length}`,
    whole.slice(-5),
  ])
  t.deepEqual(await ask('bytes=0-0,5-6'), [200, null, whole])
  t.deepEqual(await ask(`bytes=${whole.length}-`), [416, `bytes */${whole.length}`, new Uint8Array()])
  const other = await fetch(url, { headers: { range: 'bytes=1-', 'if-range': '"another"' } })
  t.is(other.status, 200)
  const head = await fetch(url, { method: 'HEAD' })
  t.is(head.headers.get('content-length'), String(whole.length))
  t.is((await head.arrayBuffer()).byteLength, 0)
})

test('no path leads out of the store, however it is written', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'secret'), 'secret')
  const store = openFolderStore(join(folder, 'images'))
  await mkdir(join(folder, 'images', 'lists'), { recursive: true })
  await writeFile(join(folder, 'images', 'lists', 'notes'), 'secret')
  const { port } = await serve(t, [storeRoutes({ store, mayUpload: () => 'yes' })])
  const raw = (path: string, method: string) =>
    new Promise<string>((resolve, reject) => {
      const sent = httpRequest({ port, host: '127.0.0.1', path, method }, (response) => {
        let body = ''
        response.on('data', (part) => {
          body += part
        })
        response.on('end', () => resolve(`${response.statusCode} ${body}`))
      })
      sent.on('error', reject)
      sent.end()
    })
  for (const path of [
    '/store/../secret',
    '/store/lists/../../secret',
    '/store/lists/%2e%2e%2f%2e%2e%2fsecret',
    '/store/lists/..%2f..%2fsecret',
    '/store//etc/passwd',
    '/store/lists/notes',
    '/store/chunks/ab/../../../secret',
    `/store/chunks/xx/${'a'.repeat(64)}.zst`,
    '/store/names/..@..',
    '/store/names/%00@1',
    '/store/lists/%ff',
    '/store/',
  ]) {
    for (const method of ['GET', 'PUT']) {
      const answer = await raw(path, method)
      t.regex(answer, /^404 /, `${method} ${path}`)
      t.notRegex(answer, /secret$/)
    }
  }
})

test('a batch answers each name in order, also those that vanished, are empty or cannot be read', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 6 })
  const troubles: string[] = []
  const { baseUrl } = await serve(t, [storeRoutes({ store, onTrouble: (path) => troubles.push(path) })])
  const [first, vanished, empty, unreadable, ...rest] = names
  if (first === undefined || vanished === undefined || empty === undefined || unreadable === undefined)
    return t.fail()
  await rm(join(store.folder, chunkPath(vanished)))
  await truncate(join(store.folder, chunkPath(empty)))
  // A folder in place of the file is what even root cannot read.
  await rm(join(store.folder, chunkPath(unreadable)))
  await mkdir(join(store.folder, chunkPath(unreadable)))
  const answered = await items(await batch(baseUrl, names), names)
  t.deepEqual(
    answered.map(({ kind }) => kind),
    ['chunk', 'missing', 'missing', 'missing', ...rest.map(() => 'chunk' as const)],
  )
  t.deepEqual(troubles, [chunkPath(unreadable)])
})

test('a batch that is no list of names, or too long a one, is refused', async (t) => {
  const { store } = await makeImage(t, { chunks: 1 })
  const { baseUrl } = await serve(t, [storeRoutes({ store })])
  const post = (body: Uint8Array) => fetch(`${baseUrl}/store/batch`, { method: 'POST', body })
  t.is((await post(randomBytes(33))).status, 400)
  t.is((await post(randomBytes(513 * 32))).status, 413)
  t.is((await fetch(`${baseUrl}/store/batch`)).status, 405)
  t.deepEqual(new Uint8Array(await (await post(new Uint8Array())).arrayBuffer()), new Uint8Array())
})

test('a batch is read from the disk no faster than the client reads, and no more once it is gone', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 4 })
  const [name] = names
  if (name === undefined) return t.fail()
  let reads = 0
  const counting = {
    ...store,
    readChunk: (one: ChunkName) => {
      reads++
      return store.readChunk(one)
    },
  }
  await writeFile(join(store.folder, chunkPath(name)), randomBytes(8 << 20))
  const server = await serve(t, [storeRoutes({ store: counting })])
  const asked = Array.from({ length: 200 }, () => name)
  const body = encodeNames(asked)
  const client = connect(server.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.pause()
  client.write(`POST /store/batch HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`)
  client.write(body)
  await until('a first chunk', () => reads > 0)
  // Nothing is left to do for the server but to wait: what the kernel buffers is a few megabytes.
  let before = -1
  await until('a server that waits', () => {
    const still = reads === before
    before = reads
    return still
  })
  t.true(reads < 20, `${reads} chunks of 8 MiB were read for a client that reads nothing`)
  client.destroy()
  await until('no connection', async () => (await server.open()) === 0)
  const after = reads
  const [, other = name] = names
  t.is((await items(await batch(server.baseUrl, [other]), [other])).length, 1)
  t.is(reads, after + 1, 'the batch of the client that is gone was read on')
})

test('a client that stops reading is let go after a while, and its place is free', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 2 })
  const [name, other] = names
  if (name === undefined || other === undefined) return t.fail()
  await writeFile(join(store.folder, chunkPath(name)), randomBytes(8 << 20))
  const server = await serve(t, [storeRoutes({ store, streams: 1, stallMs: 100, queueMs: 50 })])
  const body = encodeNames(Array.from({ length: 50 }, () => name))
  const client = connect(server.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.pause()
  client.write(`POST /store/batch HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`)
  client.write(body)
  const refused = await until('a busy server', async () => {
    const response = await batch(server.baseUrl, [other])
    await response.arrayBuffer()
    return response.status === 503 && response
  })
  t.is(refused.headers.get('retry-after'), '1')
  await until(
    'a free place',
    async () => (await items(await batch(server.baseUrl, [other]), [other])).length === 1,
  )
})

test('all transfers together keep to the bandwidth', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 10 })
  const clock = createVirtualClock(0)
  const bandwidth = createBandwidth(clock, 100_000)
  const { baseUrl } = await serve(t, [storeRoutes({ store, bandwidth })])
  const fetchAll = async () => {
    const [a, b] = await Promise.all([batch(baseUrl, names), batch(baseUrl, names)])
    return [await items(a, names), await items(b, names)].flat()
  }
  // Real sockets do not know of the virtual clock: it goes on as soon as somebody waits for it.
  let ended = false
  const fetching = fetchAll().finally(() => {
    ended = true
  })
  while (!ended) {
    await clock.pass(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const bytes = (await fetching).reduce(
    (sum, item) => sum + (item.kind === 'chunk' ? item.compressed.length : 0),
    0,
  )
  t.true(bytes > 200_000)
  // The burst of a quarter of a second is free.
  t.true(clock.now() >= (bytes / 100_000 - 0.25) * 1000, `${bytes} bytes in ${clock.now()} ms`)
})

test('a bandwidth lets through what it says over time, whoever asks', async (t) => {
  const clock = createVirtualClock(1_000_000)
  const { signal } = new AbortController()
  const bandwidth = createBandwidth(clock, 1_000, 0)
  const ends: number[] = []
  const one = async (bytes: number) => {
    await bandwidth.take(bytes, signal)
    ends.push(clock.now() - 1_000_000)
  }
  await clock.until(Promise.all([one(500), one(1_000), one(250)]))
  t.deepEqual(ends, [500, 1_500, 1_750])
  await clock.pass(10_000)
  const before = clock.now()
  await clock.until(bandwidth.take(1_000, signal))
  t.is(clock.now() - before, 1_000, 'what was not used is not saved up')
})

test('a capture learns what is missing, and sends it; what is there is not sent twice', async (t) => {
  const store = await emptyStore(t)
  const { baseUrl } = await serve(t, [storeRoutes({ store, mayUpload: onlyThat })])
  const upload = createHttpUpload({ baseUrl, token })
  t.teardown(() => upload.close())
  const bytes = contentsOf(3, 0)
  const name = chunkName(bytes)
  const other = chunkName(contentsOf(3, 1))
  t.deepEqual(await upload.missing([name, other], patience()), { ok: true, value: [name, other] })
  t.deepEqual(await upload.putChunk(name, compressChunk(bytes), patience()), { ok: true, value: undefined })
  t.deepEqual(await upload.missing([name, other], patience()), { ok: true, value: [other] })
  const stored = await store.readChunk(name)
  t.true(stored !== undefined && openChunk(name, stored, chunkBytes).ok)
})

test('without the token of a running capture nothing is taken, and nothing is told', async (t) => {
  const { store, names } = await makeImage(t, { chunks: 1 })
  const bytes = contentsOf(4, 0)
  const name = chunkName(bytes)
  let answer: 'no' | 'later' = 'no'
  const { baseUrl } = await serve(t, [storeRoutes({ store, mayUpload: () => answer })])
  const put = (headers: Record<string, string>) =>
    fetch(`${baseUrl}/store/${chunkPath(name)}`, {
      method: 'PUT',
      headers,
      body: Buffer.from(compressChunk(bytes)),
    })
  t.is((await put({})).status, 401)
  t.is((await put({ authorization: `Bearer ${token}` })).status, 401)
  t.is((await put({ authorization: 'Bearer x' })).status, 401)
  const asked = await fetch(`${baseUrl}/store/missing`, { method: 'POST', body: encodeNames(names) })
  t.is(asked.status, 401)
  answer = 'later'
  t.is((await put({ authorization: `Bearer ${token}` })).status, 503)
  t.is(await store.readChunk(name), undefined)
})

test('a server that was restarted, and does not know of the capture yet, is asked again until it does', async (t) => {
  const store = await emptyStore(t)
  const answers = ['later', 'later', 'yes'] as const
  let asked = 0
  const { baseUrl } = await serve(t, [
    async (_request, response) => {
      // As the routes do, only sooner.
      if (answers[asked++] === 'yes' || asked > answers.length) return false
      response.writeHead(503, { 'retry-after': '0', 'content-length': 0 }).end()
      return true
    },
    storeRoutes({ store, mayUpload: onlyThat }),
  ])
  const upload = createHttpUpload({ baseUrl, token, attempts: 1 })
  t.teardown(() => upload.close())
  const name = chunkName(contentsOf(8, 0))
  t.true((await upload.putChunk(name, compressChunk(contentsOf(8, 0)), patience())).ok)
  t.is(asked, 3)
})

test('what is not what its name says is not stored: a chunk, a list, a bomb', async (t) => {
  const store = await emptyStore(t)
  const { baseUrl } = await serve(t, [storeRoutes({ store, mayUpload: onlyThat })])
  const name = chunkName(contentsOf(5, 0))
  const send = (path: string, body: Uint8Array) =>
    fetch(`${baseUrl}/store/${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: Buffer.from(body),
    })
  t.is((await send(chunkPath(name), compressChunk(contentsOf(5, 1)))).status, 422)
  t.is((await send(chunkPath(name), randomBytes(100))).status, 422)
  t.is((await send(chunkPath(name), compressChunk(new Uint8Array(64 << 20)))).status, 422)
  t.is((await send(chunkPath(name), new Uint8Array(18 << 20))).status, 413)
  t.is((await send(listPath('e'.repeat(64) as ChunkListDigest), randomBytes(64))).status, 422)
  t.is((await send(`manifests/${'e'.repeat(64)}.json`, Buffer.from('{}'))).status, 405)
  t.is(await store.readChunk(name), undefined)
})

test('a full disk is told as such, and leaves nothing half behind', async (t) => {
  const folder = await temporaryFolder(t)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder])
  t.teardown(() => run('umount', [folder]))
  const store = openFolderStore(join(folder, 'images'))
  const { baseUrl } = await serve(t, [storeRoutes({ store, mayUpload: onlyThat })])
  const upload = createHttpUpload({ baseUrl, token })
  t.teardown(() => upload.close())
  const taken: ChunkName[] = []
  let code = ''
  for (let index = 0; code === ''; index++) {
    const bytes = contentsOf(6, index)
    const name = chunkName(bytes)
    const sent = await upload.putChunk(name, compressChunk(bytes), patience())
    if (sent.ok) taken.push(name)
    else code = sent.code
  }
  t.is(code, 'store-full')
  t.true(taken.length > 0)
  for (const name of taken) {
    const stored = await store.readChunk(name)
    t.true(stored !== undefined && openChunk(name, stored, chunkBytes).ok)
  }
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  )
  t.is(files.length, taken.length)
  const raw = await fetch(`${baseUrl}/store/${chunkPath(chunkName(contentsOf(6, 99)))}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.from(compressChunk(contentsOf(6, 99))),
  })
  t.is(raw.status, 507)
})

test('a client that goes away in the middle of sending leaves nothing behind', async (t) => {
  const store = await emptyStore(t)
  const server = await serve(t, [storeRoutes({ store, mayUpload: onlyThat })])
  const bytes = compressChunk(contentsOf(7, 0))
  const name = chunkName(contentsOf(7, 0))
  const client = connect(server.port, '127.0.0.1')
  client.write(
    `PUT /store/${chunkPath(name)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${bytes.length}\r\n\r\n`,
  )
  client.write(bytes.subarray(0, bytes.length - 1))
  await until('the request', () => server.requests.length > 0)
  client.destroy()
  await until('no connection', async () => (await server.open()) === 0)
  t.is(await store.readChunk(name), undefined)
})

test('the connection is kept from one file to the next', async (t) => {
  const { store, manifest } = await makeImage(t, { chunks: 4 })
  const server = await serve(t, [storeRoutes({ store })])
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  for (const { list } of manifest.partitions) {
    await new Promise<void>((resolve, reject) => {
      get(`${server.baseUrl}/store/${listPath(list)}`, { agent }, (response) => {
        response.resume()
        response.on('end', resolve)
      }).on('error', reject)
    })
  }
  t.is(server.connections(), 1)
})
