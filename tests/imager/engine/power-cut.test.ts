import test, { type ExecutionContext } from 'ava'
import { headBytes } from '../../../imager/engine/half-written.ts'
import { type Journal, openJournal } from '../../../imager/engine/journal.ts'
import { folderSource } from '../../../imaging/source.ts'
import { createUsedMap, type Extent, usedIn } from '../../../imaging/used-map.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import type { Random } from '../../../reconciler/ports.ts'
import { equal, outcome, seedOf, target } from './equal-parts.ts'
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
import { PowerCut, type SimulatedDisk, simulatedDisk } from './simulated-disk.ts'

const lives = 10
const mostCuts = 4

/** Blank, another's, or the image with some damage. */
const damagedDisk = (random: Random, image: SampleImage): Uint8Array => {
  const kind = random()
  const sizeBytes = image.content.length
  if (kind < 0.3) return randomBytes(random, sizeBytes)
  const disk = randomBytes(random, sizeBytes)
  for (let at = 0; at < image.map.bounds.length; at += 2) {
    const [from, end] = [image.map.bounds[at] ?? 0, image.map.bounds[at + 1] ?? 0]
    disk.set(image.content.subarray(from, end), from)
  }
  for (let scratches = pick(random, 1, 12); scratches > 0; scratches -= 1) {
    const at = pick(random, 0, sizeBytes - 512)
    disk.set(randomBytes(random, 512), at)
  }
  return disk
}

/**
 * What the engine promises of a system's partition at any instant. As long as another chunk waits to be written, of the first chunk there
 * is the mark and nothing else; and its head, by which a file system is known, comes after all the rest of it.
 */
const neverHalf = (
  t: ExecutionContext,
  image: SampleImage,
  before: Uint8Array,
  { bytes }: SimulatedDisk,
): void => {
  const others = image.names.map((_, index) => index).filter((index) => index > 0)
  const isAsBefore = others.every((index) => chunkIs(image, bytes, before, index))
  const isWritten = others.every((index) => chunkIsRight(image, bytes, index))
  if (!isAsBefore && !isWritten)
    t.true(isDestroyed(image, bytes), 'a half-written system has its first chunk')
  if (isAsBefore) return
  const rest = usedIn(image.map, headBytes, chunkBytes - headBytes)
  const restIsRight = rest.every((extent) => isSame(extent, bytes, image.content))
  if (!restIsRight) t.true(isDestroyed(image, bytes, headBytes), 'its head is there before the rest')
}

const isSame = ({ fromByte, bytes }: Extent, a: Uint8Array, b: Uint8Array): boolean =>
  Buffer.compare(a.subarray(fromByte, fromByte + bytes), b.subarray(fromByte, fromByte + bytes)) === 0

const chunkIs = (image: SampleImage, a: Uint8Array, b: Uint8Array, index: number): boolean =>
  usedIn(image.map, index * chunkBytes, Math.min(chunkBytes, a.length - index * chunkBytes)).every((extent) =>
    isSame(extent, a, b),
  )

/** Nothing but the mark is left in the used bytes of the first chunk, or of its beginning. */
const isDestroyed = (image: SampleImage, disk: Uint8Array, bytes = chunkBytes): boolean => {
  const used = usedIn(image.map, 0, bytes).map((extent) =>
    Buffer.from(disk.subarray(extent.fromByte, extent.fromByte + extent.bytes)),
  )
  return /^proviseur: half-written [0-9a-f]{32}\n\0*$/.test(Buffer.concat(used).toString('latin1'))
}

const liveOnce = async (t: ExecutionContext, random: Random, journal: Journal | undefined): Promise<void> => {
  const store = await freshStore(t)
  const sizeBytes = 512 * pick(random, 500, 12_000)
  const image = await storeImage(
    store,
    'root',
    randomContent(random, sizeBytes),
    randomMap(random, sizeBytes),
  )
  const before = damagedDisk(random, image)
  const disk = simulatedDisk(before)
  const run = () =>
    equal({
      targets: [target(image)],
      source: folderSource(store),
      openDevice: disk.open,
      ...(journal === undefined ? {} : { journal }),
    })

  for (let cuts = pick(random, 1, mostCuts); cuts > 0; cuts -= 1) {
    disk.cutAfter(pick(random, 0, Math.ceil(image.map.usedBytes * 1.1)))
    try {
      t.is(outcome(await run()), 'ok')
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error
      disk.powerOn(random)
    }
    neverHalf(t, image, before, disk)
  }
  disk.cutAfter(Number.POSITIVE_INFINITY)
  t.is(outcome(await run()), 'ok')
  t.is(firstWrongByte(image, before, disk.bytes), undefined)
}

test('whenever the power goes, the next run ends equal, and a half-written system never has its first chunk', async (t) => {
  const random = createRandom(seedOf(t))
  for (let life = 0; life < lives; life += 1) await liveOnce(t, random, undefined)
})

test('the same with a journal that is written at every occasion', async (t) => {
  const random = createRandom(seedOf(t))
  for (let life = 0; life < lives; life += 1) await liveOnce(t, random, openJournal(await folder(t), 0))
})

test('whenever the power goes while the first chunk comes back, its head comes last of all', async (t) => {
  const random = createRandom(seedOf(t))
  const store = await freshStore(t)
  const map = createUsedMap(12 * chunkBytes, [{ fromByte: 0, bytes: 12 * chunkBytes }])
  const image = await storeImage(store, 'root', randomBytes(random, 12 * chunkBytes), map)
  const before = new Uint8Array(image.content.length)
  const cutAfter = async (bytes: number): Promise<SimulatedDisk> => {
    const disk = simulatedDisk(before)
    disk.cutAfter(bytes)
    const run = equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })
    await run.catch((error: unknown) => t.true(error instanceof PowerCut))
    return disk
  }
  const { written } = await cutAfter(Number.POSITIVE_INFINITY)
  for (let left = 512; left <= chunkBytes; left += 2560) {
    const disk = await cutAfter(written - left)
    disk.powerOn(random)
    neverHalf(t, image, before, disk)
  }
})

test('a first chunk whose destruction was cut short is destroyed before anything else is written', async (t) => {
  const random = createRandom(seedOf(t))
  const map = createUsedMap(12 * chunkBytes, [{ fromByte: 0, bytes: 12 * chunkBytes }])
  const store = await freshStore(t)
  const image = await storeImage(store, 'root', randomBytes(random, 12 * chunkBytes), map)
  // Of the old system's first chunk the mark reached the disk, and the zeros behind it did not.
  const before = randomBytes(random, image.content.length)
  before.set(Buffer.from(`proviseur: half-written ${'0123456789abcdef'.repeat(2)}\n`))
  const disk = simulatedDisk(before)
  const run = () => equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })

  disk.cutAfter(3 * chunkBytes)
  await t.throwsAsync(run(), { instanceOf: PowerCut })
  disk.powerOn(random)

  neverHalf(t, image, before, disk)
  t.true(isDestroyed(image, disk.bytes))
  t.is(outcome(await run()), 'ok')
  t.is(firstWrongByte(image, before, disk.bytes), undefined)
})

/** A restore of noise that was cut half-way, with a journal. */
const interrupted = async (t: ExecutionContext) => {
  const store = await freshStore(t)
  const content = randomBytes(createRandom(5), 400 * chunkBytes)
  const map = randomMap(createRandom(6), content.length)
  const image = await storeImage(store, 'root', content, map)
  const disk = simulatedDisk(new Uint8Array(content.length))
  const journal = openJournal(await folder(t), 0)
  const run = (over: { readonly journal?: Journal } = { journal }) =>
    equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open, ...over })
  disk.cutAfter(Math.floor(map.usedBytes * 0.6))
  await t.throwsAsync(run(), { instanceOf: PowerCut })
  disk.powerOn(createRandom(7))
  return { image, disk, journal, run, content }
}

test('with its journal, a resumed restore does not read again what was verified', async (t) => {
  const { image, disk, journal, run } = await interrupted(t)
  const entry = await journal.load(image.partition, 0)
  const readBefore = disk.read

  const result = await run()

  t.is(outcome(result), 'ok')
  t.true((entry?.verified.length ?? 0) > 0)
  t.true(disk.read - readBefore < image.map.usedBytes, `${disk.read - readBefore} of ${image.map.usedBytes}`)
  t.is(firstWrongByte(image, new Uint8Array(image.content.length), disk.bytes), undefined)
  t.is(await journal.load(image.partition, 0), undefined)
})

test('a journal of a disk that someone else wrote since is not believed', async (t) => {
  const { image, disk, run } = await interrupted(t)
  const other = await folder(t)
  const otherStore = await freshStore(t)
  const otherImage = await storeImage(
    otherStore,
    'root',
    randomBytes(createRandom(8), image.content.length),
    image.map,
  )
  const between = await equal({
    targets: [target(otherImage)],
    source: folderSource(otherStore),
    openDevice: disk.open,
    journal: openJournal(other, 0),
  })
  t.is(outcome(between), 'ok')

  t.is(outcome(await run()), 'ok')
  t.is(firstWrongByte(image, new Uint8Array(image.content.length), disk.bytes), undefined)
})

test('a damaged journal is none', async (t) => {
  const { image, disk, journal, run } = await interrupted(t)
  const entry = await journal.load(image.partition, 0)
  if (entry === undefined) return t.fail('no journal was written')
  const lying = { ...entry, verified: [0, entry.verified.at(-1) ?? 0], mark: '0'.repeat(32) }
  await journal.save(lying)

  t.is(outcome(await run()), 'ok')
  t.is(firstWrongByte(image, new Uint8Array(image.content.length), disk.bytes), undefined)
})
