/**
 * A commit that names the next version of an image, and a PC that runs the version before: what is fetched and written against what a
 * package upgrade really changed on the disk, as the test finds it by itself in the two versions' raw disks.
 */
import { join } from 'node:path'
import test from 'ava'
import { checkExt4, readExt4 } from '../../imager/agent/pc-disk.ts'
import { must } from '../command.ts'
import { isConverged, type UpEvent } from '../running-up.ts'
import { type DebianImages, debianImages } from './debian-image.ts'
import { differences, treeOf } from './disk-tree.ts'
import {
  type Chunk,
  chunksOf,
  differingBlocks,
  nonZeroBytes,
  ownersOf,
  ownersOfChecked,
  usedBlocks,
} from './ext4-blocks.ts'
import { heldAfter, holdRestart, letGo } from './held-restart.ts'
import { type ImagedLycee, openImagedLycee } from './imaged-lycee.ts'
import {
  diskEnded,
  IMAGER_DONE,
  mib,
  OWN_FILES,
  RESTARTS,
  receivedBytes,
  shellOn,
  strangersAmong,
  tallyOf,
} from './imaged-pc.ts'
import { listedNames, storedChunks, storedImage } from './store-folder.ts'
import { createVm, type DiskCounters, type Vm } from './vm.ts'
import { layVmNetwork, type VmNetwork } from './vm-network.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const MINUTES = 60_000
const CABLE = 7
/**
 * What an upgrade writes besides the image's chunks: the loader on the ESP and its seal, names and keys, a file system that grows into
 * its partition, the journals of the file systems that were mounted for it.
 */
const BESIDES = 24 * MIB

let images: DebianImages
let network: VmNetwork
let lycee: ImagedLycee
/** The PC's disk when it restarts into the imager, and when the imager restarts it. */
let before: string
let after: string
/** Between the two. */
let asked: DiskCounters
let received: number
let ended: UpEvent
let forecast: { readonly fetchBytes: number }
let packages: string

test.before(async (t) => {
  t.timeout(40 * MINUTES)
  images = await debianImages((step) => t.log(step))
  network = await layVmNetwork()
  lycee = await openImagedLycee(network, { machines: { 'b204-07': { index: CABLE } } })
  const pc = await createVm(network, {
    name: 'b204-07',
    index: CABLE,
    firmware: 'bios',
    disks: [{ sizeBytes: 2 * GIB, bus: 'virtio' }],
  })
  const shell = shellOn(network, lycee, pc)
  const up = lycee.up()
  await up.reaches('b204-07', isConverged, 20 * MINUTES)
  t.regex(pc.serial, /lab: b204-07 has started, image 1/)
  t.is(await shell('dpkg-query --show bureautique'), 'bureautique\t1.0\n')
  forecast = JSON.parse((await lycee.run('image', 'diff', 'debian-lab@1', 'debian-lab@2', '--json')).stdout)

  const events = up.events.length
  await holdRestart(pc)
  const systemFrom = pc.serial.length
  await lycee.change('image: debian-lab@2\n')
  await heldAfter(pc, RESTARTS, systemFrom, 5 * MINUTES)
  before = await copyOf(pc, 'before.raw')
  const countersBefore = await pc.counters()
  const imagerFrom = pc.serial.length
  await letGo(pc)
  await holdRestart(pc)
  await pc.waitForSerial(/Asking the site server/, { from: imagerFrom, timeoutMs: 5 * MINUTES })
  const receivedBefore = await receivedBytes(network, CABLE)
  await heldAfter(pc, IMAGER_DONE, imagerFrom, 15 * MINUTES)
  received = (await receivedBytes(network, CABLE)) - receivedBefore
  asked = since(countersBefore, await pc.counters())
  after = await copyOf(pc, 'after.raw')
  const newFrom = pc.serial.length
  await letGo(pc)

  await pc.waitForSerial(/lab: b204-07 has started, image 2/, { from: newFrom, timeoutMs: 5 * MINUTES })
  ended = await up.next('the end of the upgrade', diskEnded, events, 5 * MINUTES)
  t.is(ended['outcome'], 'complete', `${ended['message']}: ${ended['detail']}`)
  await up.reaches('b204-07', isConverged, 2 * MINUTES)
  packages = await shell('dpkg-query --show bureautique manuel')
  await up.stop()
  await pc.cut()
})
test.after.always(async () => {
  await lycee?.[Symbol.asyncDispose]()
  await network?.dispose()
})

async function copyOf(pc: Vm, name: string): Promise<string> {
  const file = join(network.folder, name)
  await must('cp', ['--sparse=always', pc.disks[0]?.file ?? '', file])
  return file
}

const since = (one: DiskCounters, other: DiskCounters): DiskCounters => ({
  readBytes: other.readBytes - one.readBytes,
  writtenBytes: other.writtenBytes - one.writtenBytes,
  flushes: other.flushes - one.flushes,
})

const namesOf = (chunks: readonly Chunk[]) => chunks.map(({ name }) => name)
const bytesOf = (chunks: readonly Chunk[]) => chunks.reduce((sum, { usedBytes }) => sum + usedBytes, 0)

/** Chunks of the one that the other has not in the same place. */
const changedFrom = (other: readonly Chunk[], chunks: readonly Chunk[]): readonly Chunk[] =>
  chunks.filter(({ name }, index) => name !== other[index]?.name)

test.serial('After the commit that names the next version, the PC runs it', (t) => {
  t.is(packages, 'bureautique\t2.0\nmanuel\t1.0\n')
})

test.serial('Its files are those of the next version, but for its own name, keys and record', async (t) => {
  t.timeout(5 * MINUTES)
  t.deepEqual(differences(await treeOf(after, 'root'), await treeOf(images.v2.file, 'root')), OWN_FILES)
  t.regex(await checkExt4(after, 'root'), /files/)
  t.like(JSON.parse(await readExt4(after, 'root', '/var/lib/proviseur/disk.json')), {
    manifest: lycee.digests['2']?.replace('sha256:', ''),
    how: 'upgrade',
  })
})

test.serial(
  'Each of its chunks is the manifest’s, but for the blocks of its own files and of its grown file system',
  async (t) => {
    t.timeout(5 * MINUTES)
    const used = await usedBlocks(images.v2.file, 'root')
    const wanted = await chunksOf(images.v2.file, 'root', used)
    const store = join(lycee.state, 'images')
    const image = await storedImage(store, lycee.digests['2'] ?? '')
    t.deepEqual(await listedNames(store, image, 'root'), namesOf(wanted))
    const own = changedFrom(wanted, await chunksOf(after, 'root', used))
    const blocks = await differingBlocks(after, images.v2.file, 'root', used)
    const owners = await ownersOf(images.v2.file, 'root', blocks)
    t.log(`${own.length} of ${wanted.length} chunks differ, in ${blocks.length} blocks: ${owners.join(', ')}`)
    const checked = await ownersOfChecked(images.v2.file, 'root')
    t.deepEqual(
      strangersAmong(owners).filter((owner) => !checked.includes(owner)),
      [],
    )
  },
)

test.serial(
  'It fetched the chunks that are new in the version, once, and wrote those that differed on its disk',
  async (t) => {
    t.timeout(5 * MINUTES)
    const { v1, v2 } = images
    const used = await usedBlocks(v2.file, 'root')
    const wanted = await chunksOf(v2.file, 'root', used)
    const upgraded = await differingBlocks(v1.file, v2.file, 'root', used)
    const upgradedChunks = changedFrom(await chunksOf(v1.file, 'root', used), wanted)
    const had = new Set(namesOf(await chunksOf(v1.file, 'root', await usedBlocks(v1.file, 'root'))))
    const fresh = new Set(namesOf(wanted).filter((name) => name !== undefined && !had.has(name)))
    const stored = await storedChunks(join(lycee.state, 'images'))
    const freshBytes = [...fresh].reduce((sum, name) => sum + (stored.get(name ?? '') ?? Number.NaN), 0)
    const differing = changedFrom(await chunksOf(before, 'root', used), wanted)
    const differingBytes = bytesOf(differing)
    const espBytes = await nonZeroBytes(after, 'esp')
    const tally = tallyOf(ended)

    t.log(`between the versions: ${upgraded.length} blocks, ${mib(upgraded.length * used.blockBytes)},`)
    t.log(`in ${upgradedChunks.length} chunks with ${mib(bytesOf(upgradedChunks))} used;`)
    t.log(`${fresh.size} chunks are new, ${mib(freshBytes)} compressed`)
    t.log(
      `between the PC that ran version 1 and version 2: ${differing.length} chunks, ${mib(differingBytes)}`,
    )
    t.log(`the imager: fetched ${mib(tally.fetched)}, from its cache ${mib(tally.fromCache)},`)
    t.log(`wrote ${mib(tally.written)}, read ${mib(tally.read)}; chunks that differed:`, tally.differing)
    t.log(`the PC’s card received ${mib(received)}; its disk was asked to write ${mib(asked.writtenBytes)}`)
    t.log(`and to read ${mib(asked.readBytes)}, flushed ${asked.flushes} times; ESP: ${mib(espBytes)}`)

    t.is(forecast.fetchBytes, freshBytes)
    t.true(tally.fetched >= freshBytes && tally.fetched <= 1.02 * freshBytes)
    t.true(received <= 1.1 * freshBytes + MIB)
    t.is(tally.differing['root'], differing.length)
    t.true(tally.written >= differingBytes && tally.written <= 1.1 * differingBytes + espBytes)
    t.true(asked.writtenBytes >= differingBytes + freshBytes)
    t.true(asked.writtenBytes <= 1.1 * (differingBytes + freshBytes) + BESIDES)
  },
)
