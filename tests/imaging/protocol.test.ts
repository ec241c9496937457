import test from 'ava'
import fc from 'fast-check'
import { parse } from 'yaml'
import { type BatchItem, encodeNames, frameHeader, parseNames, readBatch } from '../../imaging/batch.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import { discoveredSnippet } from '../../imaging/discovered.ts'
import {
  encodeDone,
  encodeHello,
  encodeJob,
  encodeProgress,
  parseAnswer,
  parseDone,
  parseHello,
  parseJob,
  parseProgress,
} from '../../imaging/job-codec.ts'
import type { Job } from '../../imaging/protocol.ts'
import { encodeDiskState, parseDiskState } from '../../imaging/state.ts'
import {
  doneOf,
  failedOf,
  helloOf,
  nonceOf,
  orderOf,
  progressOf,
  recordOf,
  restoreOf,
  usedDisk,
} from './hellos.ts'

const job: Job = {
  format: 'proviseur-job-1',
  ...orderOf('action-1'),
  nonce: nonceOf('first'),
  token: 'ab'.repeat(64),
  issuedAt: 1_000,
}

const restore: Job = { ...job, ...restoreOf('action-1') }

const state = recordOf('action-1')

test('what is written is read as it was', (t) => {
  const hello = helloOf('first', { disks: [usedDisk], state, vendor: 'Dell', serial: '7XK' })
  t.deepEqual(parseHello(encodeHello(hello)), { ok: true, value: hello })
  t.deepEqual(parseJob(encodeJob(job)), { ok: true, value: job })
  t.deepEqual(parseJob(encodeJob(restore)), { ok: true, value: restore })
  t.deepEqual(parseProgress(encodeProgress(progressOf('a'))), { ok: true, value: progressOf('a') })
  t.deepEqual(parseDone(encodeDone(doneOf('a'))), { ok: true, value: doneOf('a') })
  t.deepEqual(parseDone(encodeDone(failedOf('a'))), { ok: true, value: failedOf('a') })
  t.deepEqual(parseDiskState(encodeDiskState(state)), { ok: true, value: state })
})

test('a fault is told with its place', (t) => {
  const wrong = JSON.stringify({ ...helloOf('x'), disks: [{ ...usedDisk, sizeBytes: -1 }] })
  const parsed = parseHello(wrong)
  t.like(parsed, { ok: false, code: 'hello-malformed' })
  t.regex(parsed.ok ? '' : parsed.message.en, /`disks\[0\]\.sizeBytes`/)
  t.false(parseAnswer('{"kind":"job"}').ok)
  t.false(parseAnswer('{"kind":"__proto__"}').ok)
  t.false(parseHello(Buffer.from([0xff, 0xfe])).ok)
  t.false(parseJob(JSON.stringify({ ...restore, work: { ...restore.work, kind: 'reset', extra: 1 } })).ok)
  t.false(parseJob(JSON.stringify({ ...job, work: restore.work }).replace('"restore"', '"verify"')).ok)
})

test('a job of which any member is missing, of another type, or renamed is refused', (t) => {
  const strangers = [null, -1, 1.5, 'x'.repeat(20_000), [], {}, true]
  const check = (document: unknown, at: readonly (string | number)[]): void => {
    if (typeof document !== 'object' || document === null) return
    for (const [key, value] of Object.entries(document)) {
      const place = [...at, key]
      t.false(
        parseJob(JSON.stringify(changed(restore, place, undefined))).ok && !isOptional(place),
        `without ${place}`,
      )
      for (const stranger of strangers) {
        if (typeof stranger === typeof value && !Array.isArray(value)) continue
        if (Array.isArray(stranger) === Array.isArray(value) && typeof value === 'object') continue
        t.false(
          parseJob(JSON.stringify(changed(restore, place, stranger))).ok,
          `${place}: ${typeof stranger}`,
        )
      }
      check(value, place)
    }
  }
  check(restore, [])
})

const isOptional = (place: readonly (string | number)[]): boolean =>
  place.at(-1) === 'os' || place.includes('keep') || place.includes('authorizedKeys')

function changed(document: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(document)) {
    return document.flatMap((one, index) =>
      String(index) !== String(key)
        ? [one]
        : rest.length === 0 && value === undefined
          ? []
          : [changed(one, rest, value)],
    )
  }
  return Object.fromEntries(
    Object.entries(document as object).map(([name, one]) => [
      name,
      name === key ? changed(one, rest, value) : one,
    ]),
  )
}

test('no bytes make the reading throw', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        for (const read of [parseHello, parseJob, parseAnswer, parseProgress, parseDone, parseDiskState])
          read(bytes)
      },
    ),
  )
  t.pass()
})

const names = Array.from({ length: 4 }, (_, index) => nonceOf(String(index)) as ChunkName)

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(bytes: Uint8Array, size: number): Promise<readonly BatchItem[]> {
  const items: BatchItem[] = []
  for await (const item of readBatch(inPieces(bytes, size), names)) items.push(item)
  return items
}

test('frames come out as they went in, however the network cuts them', async (t) => {
  t.deepEqual(parseNames(encodeNames(names)), names)
  t.is(parseNames(new Uint8Array(31)), undefined)
  const content = fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(content, content, content, content),
      fc.integer({ min: 1, max: 70 }),
      async (contents, size) => {
        const bytes = Buffer.concat(
          contents.flatMap((one) => [frameHeader(one?.length), one ?? new Uint8Array()]),
        )
        const items = await readAll(bytes, size)
        t.deepEqual(
          items.map((item) => (item.kind === 'chunk' ? Buffer.from(item.compressed) : item.kind)),
          contents.map((one) => (one === undefined ? 'missing' : Buffer.from(one))),
        )
        const cut = await readAll(bytes.subarray(0, -1), size)
        t.deepEqual(cut.at(-1), { kind: 'broken', why: 'cut' })
        const more = await readAll(Buffer.concat([bytes, Buffer.from('x')]), size)
        t.deepEqual(more.at(-1), { kind: 'broken', why: 'surplus' })
      },
    ),
  )
})

test('a frame that claims more than a chunk can have is not waited for', async (t) => {
  const header = Buffer.alloc(4)
  header.writeUInt32LE(1_000_000_000)
  t.deepEqual(await readAll(header, 4), [{ kind: 'broken', why: 'frame-too-long' }])
})

test('the snippet for a discovered PC is YAML of one machine, whatever the PC says of itself', (t) => {
  const hello = helloOf('x', {
    macs: ['02:00:00:00:00:09', '02:00:00:00:00:0a'],
    vendor: 'Dell Inc.',
    model: 'OptiPlex 3070',
    serial: '7XK2Q03',
    cpu: 'Intel(R) Core(TM) i5-9500',
    disks: [{ ...usedDisk, model: 'KXG60ZNV256G', rotational: false, bus: 'nvme' }],
  })
  t.is(
    discoveredSnippet(hello),
    `# Dell Inc. OptiPlex 3070
# serial 7XK2Q03
# 8 GiB, 4 × Intel(R) Core(TM) i5-9500
# UEFI, Secure Boot
# disk sda, 256 GB, nvme SSD, KXG60ZNV256G
# other network cards 02:00:00:00:00:0a
pc-000009: 02:00:00:00:00:09
`,
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (vendor, serial) => {
      const evil = `${vendor}\nevil: 1\r\u2028x\u0085: ${serial}`
      const snippet = discoveredSnippet(helloOf('x', { vendor: evil, model: evil, serial: evil, cpu: evil }))
      t.deepEqual(parse(snippet, { schema: 'failsafe' }), { 'pc-250201': '52:54:00:25:02:01' })
    }),
  )
})
