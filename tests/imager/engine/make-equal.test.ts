import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { EqualResult } from '../../../imager/engine/make-equal.ts'
import { compressChunk } from '../../../imaging/codec.ts'
import type { ImageStore } from '../../../imaging/folder-store.ts'
import { type ChunkSource, folderSource } from '../../../imaging/source.ts'
import { chunkPath } from '../../../imaging/store-paths.ts'
import { createUsedMap, wholeMap } from '../../../imaging/used-map.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { equal, seedOf, target } from './equal-parts.ts'
import {
  chunkBytes,
  chunkIsRight,
  firstWrongByte,
  folder,
  freshStore,
  pick,
  randomBytes,
  randomContent,
  randomMap,
  type SampleImage,
  storeImage,
} from './sample-image.ts'
import { simulatedDisk } from './simulated-disk.ts'

/** An image of many chunks, all of noise, all used. */
const noisyImage = async (store: ImageStore, chunks: number, seed = 1): Promise<SampleImage> => {
  const content = randomBytes(createRandom(seed), chunks * chunkBytes)
  return storeImage(store, 'root', content, wholeMap(content.length))
}

const reasonOf = (result: EqualResult): string => (result.ok ? 'ok' : result.reason)

test('a blank disk becomes equal, and what the image does not use keeps its bytes', async (t) => {
  const random = createRandom(seedOf(t))
  const store = await freshStore(t)
  const sizeBytes = 512 * pick(random, 4_000, 12_000)
  const image = await storeImage(
    store,
    'root',
    randomContent(random, sizeBytes),
    randomMap(random, sizeBytes),
  )
  const file = join(await folder(t), 'disk.img')
  const offsetBytes = 512 * pick(random, 0, 9)
  const before = randomBytes(random, offsetBytes + sizeBytes + 512 * pick(random, 0, 9))
  await writeFile(file, before)

  const result = await equal({
    targets: [target(image, { device: file, offsetBytes })],
    source: folderSource(store),
  })

  t.is(reasonOf(result), 'ok')
  const after = await readFile(file)
  const inside = (bytes: Uint8Array) => bytes.subarray(offsetBytes, offsetBytes + sizeBytes)
  t.is(firstWrongByte(image, inside(before), inside(after)), undefined)
  t.is(Buffer.compare(after.subarray(0, offsetBytes), before.subarray(0, offsetBytes)), 0)
  const end = offsetBytes + sizeBytes
  t.is(Buffer.compare(after.subarray(end), before.subarray(end)), 0)
})

test('an equal disk is read once, and neither written nor asked for', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 40)
  const disk = simulatedDisk(image.content)
  const asking: ChunkSource = {
    ...folderSource(store),
    chunks: () => {
      throw new Error('nothing is to be fetched')
    },
  }

  const result = await equal({ targets: [target(image)], source: asking, openDevice: disk.open })

  t.is(reasonOf(result), 'ok')
  t.is(disk.written, 0)
  // The first chunk twice: for the mark of an interrupted run.
  t.is(disk.read, image.content.length + chunkBytes)
  t.is(result.tally.matched, image.content.length)
  t.is(result.tally.perPartition[0]?.differing, 0)
})

test('only chunks that differ are fetched and written, and the first of a system', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 200)
  const changed = [3, 50, 51, 120, 199]
  const damaged = Uint8Array.from(image.content)
  for (const index of changed) damaged.fill(0, index * chunkBytes + 77, index * chunkBytes + 99)
  const disk = simulatedDisk(damaged)

  const plain = simulatedDisk(damaged)
  const asPlain = await equal({
    targets: [target(image, { bootable: 'plain' })],
    source: folderSource(store),
    openDevice: plain.open,
  })
  const asSystem = await equal({
    targets: [target(image)],
    source: folderSource(store),
    openDevice: disk.open,
  })

  t.is(reasonOf(asPlain), 'ok')
  t.is(reasonOf(asSystem), 'ok')
  t.is(firstWrongByte(image, image.content, plain.bytes), undefined)
  t.is(firstWrongByte(image, image.content, disk.bytes), undefined)
  t.is(plain.written, changed.length * chunkBytes)
  t.is(disk.written, (changed.length + 2) * chunkBytes)
  t.is(asSystem.tally.perPartition[0]?.differing, changed.length)
})

test('unused chunks are never read', async (t) => {
  const store = await freshStore(t)
  const content = randomBytes(createRandom(3), 20 * chunkBytes)
  const map = createUsedMap(content.length, [
    { fromByte: 0, bytes: chunkBytes },
    { fromByte: 10 * chunkBytes, bytes: 2 * chunkBytes },
  ])
  const image = await storeImage(store, 'root', content, map)
  const disk = simulatedDisk(randomBytes(createRandom(4), content.length))
  disk.failReadAt(15 * chunkBytes)

  const result = await equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })

  t.is(reasonOf(result), 'ok')
})

test('a blank disk is not read before it is written: a sample tells', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 800)
  const disk = simulatedDisk(new Uint8Array(image.content.length))

  const result = await equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })

  t.is(reasonOf(result), 'ok')
  t.is(firstWrongByte(image, image.content, disk.bytes), undefined)
  // Reading back is one pass; before it, the first hundred or so and one of eight.
  t.true(disk.read < image.content.length * 1.35, `${disk.read} of ${image.content.length}`)
})

test('a disk with a read error is refused with the place', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 30)
  const disk = simulatedDisk(image.content)
  disk.failReadAt(7 * chunkBytes + 5_000)

  const result = await equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })

  t.is(reasonOf(result), 'disk-unreadable')
  t.deepEqual(result.ok ? undefined : result.place, {
    device: 'simulated',
    partition: 'root',
    byte: 7 * chunkBytes + 4096,
  })
  t.is(disk.written, 0)
})

test('a read error in what the image does not use is no hindrance', async (t) => {
  const store = await freshStore(t)
  const content = randomBytes(createRandom(3), 4 * chunkBytes)
  const map = createUsedMap(content.length, [
    { fromByte: 0, bytes: 8192 },
    { fromByte: 16_384, bytes: chunkBytes },
  ])
  const image = await storeImage(store, 'root', content, map)
  const disk = simulatedDisk(image.content)
  disk.failReadAt(12_000)

  const result = await equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })

  t.is(reasonOf(result), 'ok')
})

test('a disk that refuses a write, or loses it in silence, is found out', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 30)
  const refusing = simulatedDisk(new Uint8Array(image.content.length))
  refusing.failWriteAt(20 * chunkBytes)
  const lossy = simulatedDisk(new Uint8Array(image.content.length))
  lossy.deafAt(21 * chunkBytes)

  const refused = await equal({
    targets: [target(image)],
    source: folderSource(store),
    openDevice: refusing.open,
  })
  const lost = await equal({ targets: [target(image)], source: folderSource(store), openDevice: lossy.open })

  t.is(reasonOf(refused), 'disk-unwritable')
  t.is(reasonOf(lost), 'verification-failed')
  t.is(lost.ok ? undefined : lost.place?.byte, 21 * chunkBytes)
  t.false(chunkIsRight(image, lossy.bytes, 0))
})

test('a disk that does not answer is given up', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 4)
  const disk = simulatedDisk(image.content)
  disk.hang()

  const result = await equal({
    targets: [target(image)],
    source: folderSource(store),
    openDevice: disk.open,
    slowness: { requestMs: 50, inARow: 10, eachMs: 1_000 },
  })

  t.is(reasonOf(result), 'disk-slow')
})

test('a partition that is too small is refused before anything is read', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 4)
  const disk = simulatedDisk(image.content)

  const result = await equal({
    targets: [target(image, { sizeBytes: image.content.length - 512 })],
    source: folderSource(store),
    openDevice: disk.open,
  })

  t.is(reasonOf(result), 'disk-too-small')
  t.is(disk.read, 0)
})

/** A source that spoils the first so many deliveries of a chunk. */
const spoiling = (source: ChunkSource, name: string | undefined, times: number): ChunkSource => {
  let left = times
  return {
    ...source,
    async *chunks(names, signal) {
      for await (const item of source.chunks(names, signal)) {
        if ('name' in item && item.name === name && left > 0) {
          left -= 1
          yield { name: item.name, compressed: compressChunk(new Uint8Array(chunkBytes)) }
        } else yield item
      }
    },
  }
}

test('a chunk damaged on the wire is fetched once more, then given up', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 20)
  const once = simulatedDisk(new Uint8Array(image.content.length))
  const always = simulatedDisk(new Uint8Array(image.content.length))

  const recovered = await equal({
    targets: [target(image)],
    source: spoiling(folderSource(store), image.names[9], 1),
    openDevice: once.open,
  })
  const refused = await equal({
    targets: [target(image)],
    source: spoiling(folderSource(store), image.names[9], 2),
    openDevice: always.open,
  })

  t.is(reasonOf(recovered), 'ok')
  t.is(firstWrongByte(image, image.content, once.bytes), undefined)
  t.is(reasonOf(refused), 'chunk-damaged')
  t.false(chunkIsRight(image, always.bytes, 0))
})

test('a chunk, a list or a map that is not there is told as such', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 20)
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  const whole = folderSource(store)
  const withoutChunk: ChunkSource = {
    ...whole,
    async *chunks(names) {
      for (const name of names) yield { name, missing: true }
    },
  }
  const gone = { ok: false, code: 'missing', message: { en: 'gone', fr: 'absent' } } as const
  const damaged = { ...gone, code: 'damaged' } as const

  const reasons = []
  for (const source of [
    withoutChunk,
    { ...whole, list: () => Promise.resolve(gone) },
    { ...whole, map: () => Promise.resolve(damaged) },
  ]) {
    reasons.push(reasonOf(await equal({ targets: [target(image)], source, openDevice: disk.open })))
  }

  t.deepEqual(reasons, ['chunk-missing', 'list-missing', 'list-damaged'])
})

test('a server that falls silent is told as such, and what was verified stays', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 300)
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  const whole = folderSource(store)
  let deliveries = 150
  const silent: ChunkSource = {
    ...whole,
    async *chunks(names, signal) {
      for await (const item of whole.chunks(names, signal)) {
        deliveries -= 1
        if (deliveries < 0) {
          yield { failure: { ok: false, code: 'source-silent', message: { en: 'silence', fr: 'silence' } } }
          return
        }
        yield item
      }
    },
  }

  const cut = await equal({ targets: [target(image)], source: silent, openDevice: disk.open })
  const resumed = await equal({ targets: [target(image)], source: whole, openDevice: disk.open })

  t.is(reasonOf(cut), 'server-silent')
  t.is(reasonOf(resumed), 'ok')
  t.true(resumed.tally.matched > 0)
  t.is(firstWrongByte(image, image.content, disk.bytes), undefined)
})

test('an abort ends the work with its own reason', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 100)
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  const whole = folderSource(store)
  const abort = new AbortController()
  const source: ChunkSource = {
    ...whole,
    async *chunks(names, signal) {
      for await (const item of whole.chunks(names, signal)) {
        yield item
        abort.abort()
      }
    },
  }

  const result = await equal({
    targets: [target(image)],
    source,
    openDevice: disk.open,
    signal: abort.signal,
  })

  t.is(reasonOf(result), 'aborted')
})

test('the cache is asked before the network, and a damaged chunk in it is replaced', async (t) => {
  const store = await freshStore(t)
  const cache = await freshStore(t)
  const image = await noisyImage(store, 20)
  const content = image.content
  await storeImage(cache, 'root', content, image.map)
  const [damagedName, lackingName] = [image.names[4], image.names[11]]
  if (damagedName === undefined || lackingName === undefined) return t.fail()
  await writeFile(join(cache.folder, chunkPath(damagedName)), 'rust')
  await writeFile(join(cache.folder, chunkPath(lackingName)), '')
  const asked: string[] = []
  const network: ChunkSource = {
    ...folderSource(store),
    chunks: (names, signal) => {
      asked.push(...names)
      return folderSource(store).chunks(names, signal)
    },
  }
  const disk = simulatedDisk(new Uint8Array(content.length))

  const result = await equal({ targets: [target(image)], source: network, cache, openDevice: disk.open })

  t.is(reasonOf(result), 'ok')
  t.deepEqual(asked.toSorted(), [damagedName, lackingName].toSorted())
  t.deepEqual(await cache.readChunk(damagedName), await store.readChunk(damagedName))
  t.deepEqual(await cache.readChunk(lackingName), await store.readChunk(lackingName))
})

test('progress adds up, and names what is done', async (t) => {
  const store = await freshStore(t)
  const image = await noisyImage(store, 60)
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  const phases = new Set<string>()

  const result = await equal({
    targets: [target(image)],
    source: folderSource(store),
    openDevice: disk.open,
    report: ({ phase, partition, total }) => {
      t.is(total, image.content.length)
      phases.add(`${phase} ${partition}`)
    },
  })

  t.deepEqual([...phases], ['compare root', 'write root'])
  t.is(result.tally.written, image.content.length + chunkBytes)
})
