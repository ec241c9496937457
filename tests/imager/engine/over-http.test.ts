import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { createHttpSource } from '../../../imaging/http-source.ts'
import { chunkPath } from '../../../imaging/store-paths.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { equal, outcome, seedOf, target } from './equal-parts.ts'
import { faultyServer } from './faulty-server.ts'
import {
  chunkBytes,
  chunkIsRight,
  firstWrongByte,
  freshStore,
  randomBytes,
  randomMap,
  storeImage,
} from './sample-image.ts'
import { simulatedDisk } from './simulated-disk.ts'

const sizeBytes = 150 * chunkBytes

test('connections that break and bits that flip on the way do not reach the disk', async (t) => {
  const random = createRandom(seedOf(t))
  const store = await freshStore(t)
  const image = await storeImage(store, 'root', randomBytes(random, sizeBytes), randomMap(random, sizeBytes))
  const baseUrl = await faultyServer(t, store, random, { cut: 0.05, flip: 0.1 })
  const source = createHttpSource({ baseUrl, attempts: 40, pauseMs: 1 })
  const disk = simulatedDisk(new Uint8Array(sizeBytes))

  const result = await equal({ targets: [target(image)], source, openDevice: disk.open })
  source.close()

  t.is(outcome(result), 'ok')
  t.is(firstWrongByte(image, new Uint8Array(sizeBytes), disk.bytes), undefined)
})

test('a store file that vanished is told as a missing chunk, and the system does not start', async (t) => {
  const store = await freshStore(t)
  const image = await storeImage(
    store,
    'root',
    randomBytes(createRandom(3), sizeBytes),
    randomMap(createRandom(4), sizeBytes),
  )
  const gone = image.names.findLast((name) => name !== undefined)
  if (gone === undefined) return t.fail('an empty image')
  await rm(join(store.folder, chunkPath(gone)))
  const baseUrl = await faultyServer(t, store, createRandom(5), { cut: 0, flip: 0 })
  const source = createHttpSource({ baseUrl })
  const disk = simulatedDisk(new Uint8Array(sizeBytes))

  const result = await equal({ targets: [target(image)], source, openDevice: disk.open })
  source.close()

  t.is(result.ok ? 'ok' : result.reason, 'chunk-missing')
  t.false(chunkIsRight(image, disk.bytes, 0))
})

test('a server that is gone is told as silent', async (t) => {
  const store = await freshStore(t)
  const image = await storeImage(
    store,
    'root',
    randomBytes(createRandom(3), sizeBytes),
    randomMap(createRandom(4), sizeBytes),
  )
  const source = createHttpSource({ baseUrl: 'http://127.0.0.1:1', attempts: 2, pauseMs: 1 })
  const disk = simulatedDisk(new Uint8Array(sizeBytes))

  const result = await equal({ targets: [target(image)], source, openDevice: disk.open })
  source.close()

  t.is(result.ok ? 'ok' : result.reason, 'server-silent')
  t.is(disk.written, 0)
})
