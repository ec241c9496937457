/**
 * A PC on which somebody has worked becomes an image: captured over the network, captured again after some more work, exported, and
 * imported into the park of another lycée, where it makes a bare PC equal.
 */
import { join } from 'node:path'
import test from 'ava'
import { checkExt4 } from '../../imager/agent/pc-disk.ts'
import { must } from '../command.ts'
import { isConverged, type Up } from '../running-up.ts'
import { debianImages } from './debian-image.ts'
import { differences, treeOf } from './disk-tree.ts'
import { type Chunk, chunksOf, differingBlocks, ownersOf, usedBlocks } from './ext4-blocks.ts'
import { heldAfter, holdRestart, letGo } from './held-restart.ts'
import { type ImagedLycee, openImagedLycee } from './imaged-lycee.ts'
import {
  type DiskTally,
  diskEnded,
  IMAGER_DONE,
  mib,
  OWN_FILES,
  RESTARTS,
  shellOn,
  strangersAmong,
  tallyOf,
} from './imaged-pc.ts'
import { listedNames, type StoredImage, storedChunks, storedImage } from './store-folder.ts'
import { createVm, type Vm } from './vm.ts'
import { layVmNetwork, type VmNetwork } from './vm-network.ts'

const GIB = 2 ** 30
const MINUTES = 60_000
const DISKS = [{ sizeBytes: 2 * GIB, bus: 'virtio' }] as const

let network: VmNetwork
let lycee: ImagedLycee
let pc: Vm
let up: Up
let shell: (command: string) => Promise<string>
let first: Captured
let second: Captured

type Captured = {
  /** The PC's disk at that time. */
  readonly disk: string
  readonly image: StoredImage
  readonly tally: DiskTally
  /** What came into the store: name → bytes as stored. */
  readonly sent: ReadonlyMap<string, number>
  readonly storedBefore: ReadonlySet<string>
}

test.before(async (t) => {
  t.timeout(30 * MINUTES)
  const { v1 } = await debianImages((step) => t.log(step))
  network = await layVmNetwork()
  lycee = await openImagedLycee(network, {
    machines: { 'b204-07': { index: 7 } },
    images: { '1': v1.file },
  })
  pc = await createVm(network, { name: 'b204-07', index: 7, firmware: 'bios', disks: DISKS })
  shell = shellOn(network, lycee, pc)
  up = lycee.up()
  await up.reaches('b204-07', isConverged, 20 * MINUTES)
})
test.after.always(async () => {
  await lycee?.[Symbol.asyncDispose]()
  await network?.dispose()
})

/** As a technician does; then waits until the PC's own system runs again. */
async function capture(version: string): Promise<Captured> {
  const store = join(lycee.state, 'images')
  const events = up.events.length
  await holdRestart(pc)
  const from = pc.serial.length
  const asked = await lycee.run('image', 'capture', 'b204-07', `debian-lab@${version}`, '--yes')
  if (asked.code !== 0) throw new Error(`${asked.stdout}${asked.stderr}`)
  await heldAfter(pc, RESTARTS, from, 5 * MINUTES)
  const disk = join(network.folder, `as-captured-${version}.raw`)
  await must('cp', ['--sparse=always', pc.disks[0]?.file ?? '', disk])
  const before = await storedChunks(store)
  const imagerFrom = pc.serial.length
  await letGo(pc)
  await holdRestart(pc)
  await heldAfter(pc, IMAGER_DONE, imagerFrom, 15 * MINUTES)
  await must('cmp', [disk, pc.disks[0]?.file ?? ''])
  const systemFrom = pc.serial.length
  await letGo(pc)
  const ended = await up.next('the end of the capture', diskEnded, events, 5 * MINUTES)
  if (ended['outcome'] !== 'complete') throw new Error(`${ended['message']}: ${ended['detail']}`)
  await pc.waitForSerial(/lab: b204-07 has started/, { from: systemFrom, timeoutMs: 5 * MINUTES })
  const after = await storedChunks(store)
  return {
    disk,
    image: await storedImage(store, await digestOf(version)),
    tally: tallyOf(ended),
    sent: new Map([...after].filter(([name]) => !before.has(name))),
    storedBefore: new Set(before.keys()),
  }
}

/** Of the version that `proviseur image list` shows. */
async function digestOf(version: string): Promise<string> {
  const listed: { readonly images: readonly { readonly image: string; readonly digest: string }[] } =
    JSON.parse((await lycee.run('image', 'list', '--json')).stdout)
  return listed.images.find(({ image }) => image === `debian-lab@${version}`)?.digest ?? 'not listed'
}

const rootOf = async ({ disk }: Captured): Promise<readonly Chunk[]> =>
  chunksOf(disk, 'root', await usedBlocks(disk, 'root'))

/** The distinct chunks that the store lacked, sorted. */
async function lackedOf({ image, storedBefore }: Captured): Promise<readonly string[]> {
  const lacked = new Set<string>()
  for (const { name } of image.partitions) {
    for (const chunk of await listedNames(join(lycee.state, 'images'), image, name))
      if (chunk !== undefined && !storedBefore.has(chunk)) lacked.add(chunk)
  }
  return [...lacked].sort()
}

const contentsOf = ({ name, list, map, sizeBytes, storedBytes }: StoredImage['partitions'][number]) => ({
  ...{ name, list, map, sizeBytes, storedBytes },
})

/** Made by the captured PC's own sshd at its first start; the new PC has none but its own. */
const OTHER_HOST_KEYS = ['ecdsa', 'rsa'].flatMap((kind) => [
  `etc/ssh/ssh_host_${kind}_key`,
  `etc/ssh/ssh_host_${kind}_key.pub`,
])

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, one) => total + one, 0)

test.serial(
  'A PC’s disk is captured as it is: what was written, what was deleted, every chunk; and nothing is written to it',
  async (t) => {
    t.timeout(30 * MINUTES)
    await shell('head -c 5000000 /dev/urandom >/srv/cours && echo Salle B204 >/etc/motd && rm /etc/issue.net')
    first = await capture('2')
    const names = (await rootOf(first)).map(({ name }) => name)
    t.deepEqual(await listedNames(join(lycee.state, 'images'), first.image, 'root'), names)
    t.deepEqual([...first.sent.keys()].sort(), await lackedOf(first))
    t.is(first.tally.written, sum(first.sent.values()))
    const used = names.filter((name) => name !== undefined)
    t.log(
      `root has ${used.length} chunks; sent ${first.sent.size} that the store lacked, ${mib(first.tally.written)}`,
    )
    t.true(first.sent.size < used.length)
    const tree = await treeOf(first.disk, 'root')
    t.true(tree.has('srv/cours') && !tree.has('etc/issue.net'))
  },
)

test.serial(
  'Captured again after some more work, only the chunks are sent in which something changed',
  async (t) => {
    t.timeout(30 * MINUTES)
    await shell('head -c 3000000 /dev/urandom >/srv/devoir')
    second = await capture('3')
    const before = await rootOf(first)
    const now = await rootOf(second)
    const changed = now.filter(({ name }, index) => name !== before[index]?.name)
    t.deepEqual(
      await listedNames(join(lycee.state, 'images'), second.image, 'root'),
      now.map(({ name }) => name),
    )
    t.deepEqual([...second.sent.keys()].sort(), await lackedOf(second))
    t.is(second.tally.written, sum(second.sent.values()))
    t.log(
      `${changed.length} of ${now.length} chunks changed, ${mib(sum(changed.map(({ usedBytes }) => usedBytes)))} used;`,
    )
    t.log(`sent ${second.sent.size}, ${mib(second.tally.written)} compressed`)
    t.true(second.sent.size <= changed.length)
    t.is((await lycee.run('image', 'verify', 'debian-lab@3')).code, 0)
  },
)

test.serial(
  'Exported and imported into another park, the image makes a bare PC equal, and starts there as that PC',
  async (t) => {
    t.timeout(40 * MINUTES)
    await up.stop()
    await pc.cut()
    await using elsewhere = await layVmNetwork()
    const file = join(elsewhere.folder, 'debian-lab.raw')
    t.is((await lycee.run('image', 'export', 'debian-lab@3', file)).code, 0)
    await using other = await openImagedLycee(elsewhere, {
      machines: { 'c101-01': { index: 1 } },
      images: { '1': file },
    })
    const imported = await storedImage(join(other.state, 'images'), other.digests['1'] ?? '')
    t.deepEqual(imported.partitions.map(contentsOf), second.image.partitions.map(contentsOf))

    const bare = await createVm(elsewhere, { name: 'c101-01', index: 1, firmware: 'bios', disks: DISKS })
    const woken = bare.nextPowerOn(5 * MINUTES)
    const otherUp = other.up()
    await woken
    await holdRestart(bare)
    await heldAfter(bare, IMAGER_DONE, 0, 20 * MINUTES)
    const disk = join(elsewhere.folder, 'as-restored.raw')
    await must('cp', ['--sparse=always', bare.disks[0]?.file ?? '', disk])
    const from = bare.serial.length
    await letGo(bare)
    await bare.waitForSerial(/lab: c101-01 has started/, { from, timeoutMs: 5 * MINUTES })
    await otherUp.reaches('c101-01', isConverged, 2 * MINUTES)
    t.is(await shellOn(elsewhere, other, bare)('cat /etc/motd'), 'Salle B204\n')
    await otherUp.stop()
    await bare.cut()

    const paths = differences(await treeOf(disk, 'root'), await treeOf(second.disk, 'root'))
    const record = 'var/lib/proviseur'
    t.deepEqual(
      paths.filter((path) => !path.startsWith(record)),
      [...OWN_FILES, ...OTHER_HOST_KEYS].filter((path) => !path.startsWith(record)).sort(),
    )
    t.regex(await checkExt4(disk, 'root'), /files/)
    const used = await usedBlocks(second.disk, 'root')
    const wanted = await chunksOf(second.disk, 'root', used)
    const own = (await chunksOf(disk, 'root', used)).filter(({ name }, index) => name !== wanted[index]?.name)
    const blocks = await differingBlocks(disk, second.disk, 'root', used)
    const owners = await ownersOf(second.disk, 'root', blocks)
    t.log(`${own.length} of ${wanted.length} chunks differ, in ${blocks.length} blocks: ${owners.join(', ')}`)
    t.deepEqual(strangersAmong(owners), [])
  },
)
