import test, { type ExecutionContext } from 'ava'
import { type Journal, openJournal } from '../../../imager/engine/journal.ts'
import { folderSource } from '../../../imaging/source.ts'
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

/** A system passes for whole by its first chunk: unless nothing was touched yet, it is right only where everything is. */
const neverHalf = (
  t: ExecutionContext,
  image: SampleImage,
  before: Uint8Array,
  disk: SimulatedDisk,
): void => {
  if (Buffer.compare(before, disk.bytes) === 0 || firstWrongByte(image, before, disk.bytes) === undefined)
    return
  t.false(chunkIsRight(image, disk.bytes, 0), 'a half-written system has its first chunk')
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
