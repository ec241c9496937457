/**
 * Power cuts at seeded byte counts while a disk is restored and reset: QEMU is killed as soon as it has written so many bytes. The imager is
 * started as a kernel each time, without boot loaders, to get through in minutes; tests/lab/vm/disk-life.test.ts shows the boot path.
 *
 * PROVISEUR_CUT_SEED repeats a run, PROVISEUR_CUTS says how many cuts there are in all (20).
 */
import { randomBytes, randomInt } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { bytesAt, inExt4, overwrite, partitionsOf, placeOf } from '../../imager/agent/pc-disk.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import { until } from '../until.ts'
import { type DiskSite, openDiskSite, PC_FILES } from './disk-site.ts'
import { type Blocks, blocksOf, differences, treeOf } from './disk-tree.ts'
import type { Vm } from './vm.ts'
import { layVmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const FINISHED = /Done\. This PC restarts\./
const SUPERBLOCK_MAGIC = 1024 + 0x38
const PAYLOAD = 24 * mebibyte
/** A cut falls somewhere in the first so many bytes of a run: what was written before it is not written again. */
const MOST_BYTES = { restore: 40 * mebibyte, reset: 30 * mebibyte }

const seed = Number(process.env['PROVISEUR_CUT_SEED'] ?? randomInt(2 ** 31))
const cuts = Number(process.env['PROVISEUR_CUTS'] ?? 20)

/** mulberry32: the same numbers on every machine. */
function createRandom(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = createRandom(seed)

/** Cuts the power once so much is written. False: the PC was done before. */
async function cutAfter(pc: Vm, bytes: number): Promise<boolean> {
  const ended = await until(
    `write of ${bytes} bytes`,
    async () => {
      if (!pc.running) return 'done'
      // QEMU may end between the two questions.
      const counters = await pc.counters().catch(() => undefined)
      return counters !== undefined && counters.writtenBytes >= bytes ? 'written' : undefined
    },
    10 * MINUTES,
  )
  await pc.cut()
  return ended === 'written'
}

type Payload = { readonly blocks: Blocks; readonly bytes: Buffer }

/** The image's one large file, by the blocks in which it lies on every disk that was made equal. */
async function payloadOf(site: DiskSite): Promise<Payload> {
  const blocks = await blocksOf(site.golden, 'root', '/payload')
  return { blocks, bytes: await readBlocks(site.golden, blocks) }
}

async function readBlocks(disk: string, { sizeBytes: block, positions }: Blocks): Promise<Buffer> {
  const { startBytes, sizeBytes } = await placeOf(disk, 'root')
  const root = await bytesAt(disk, startBytes, Math.min(sizeBytes, 48 * mebibyte))
  return Buffer.concat(positions.map((position) => root.subarray(position, position + block)))
}

/** What firmware and GRUB would find now. GRUB reads ext4 without its journal, as debugfs does. */
async function bootable(disk: string): Promise<{ readonly gate: boolean; readonly system: boolean }> {
  const partitions = await partitionsOf(disk).catch(() => [])
  const root = partitions.find(({ name }) => name === 'root')
  if (root === undefined) return { gate: false, system: false }
  const magic = await bytesAt(disk, root.startBytes + SUPERBLOCK_MAGIC, 2)
  const ready = await inExt4(disk, 'cache', 'stat /boot/ready').catch(() => '')
  return { gate: /Type: regular/.test(ready), system: magic.readUInt16LE(0) === 0xef53 }
}

async function endure(
  t: ExecutionContext,
  kind: 'restore' | 'reset',
  { site, pc, payload }: { readonly site: DiskSite; readonly pc: Vm; readonly payload: Payload },
  spoil: () => Promise<void>,
): Promise<void> {
  const disk = pc.disks[0]?.file ?? ''
  const image = await treeOf(site.golden, 'root')
  const rootNow = async (): Promise<Buffer> => {
    const { startBytes, sizeBytes } = await placeOf(disk, 'root')
    return bytesAt(disk, startBytes, sizeBytes)
  }
  const start = () => pc.powerOn(site.imager(kind === 'restore' ? 'netboot' : 'resume'))
  const isEqual = async () => {
    t.deepEqual(differences(await treeOf(disk, 'root'), image), PC_FILES)
    t.deepEqual(await bootable(disk), { gate: true, system: true })
  }
  await spoil()
  let spoilt = kind === 'reset' ? await rootNow() : undefined
  for (let cut = 0; cut < Math.ceil(cuts / 2); ) {
    const bytes = 64 * 1024 + Math.floor(random() * MOST_BYTES[kind])
    await start()
    if (!(await cutAfter(pc, bytes))) {
      // A kernel that failed under emulation restarts the PC as well; the imager is then started again.
      if (!FINISHED.test(pc.serial)) continue
      await isEqual()
      await spoil()
      spoilt = kind === 'reset' ? await rootNow() : undefined
      continue
    }
    cut += 1
    const found = await bootable(disk)
    t.log(`${kind}, cut ${cut} at ${bytes} bytes:`, found)
    if (!found.gate && !found.system) continue
    const isUntouched = spoilt?.equals(await rootNow()) === true
    const isWhole = payload.bytes.equals(await readBlocks(disk, payload.blocks))
    t.true(found.gate ? isWhole : isWhole || isUntouched, `half-written, and could start: seed ${seed}`)
  }
  await start()
  await pc.waitForExit(10 * MINUTES)
  await isEqual()
}

test('Whenever the power goes during restore and reset, nothing half-written can start, and the end is equal', async (t) => {
  t.timeout(90 * MINUTES)
  t.log(`PROVISEUR_CUT_SEED=${seed}`)
  await using network = await layVmNetwork()
  await using site = await openDiskSite(network, PAYLOAD)
  const pc = await site.createPc({ name: 'b204-01', index: 1 })
  const disk = pc.disks[0]?.file ?? ''
  const parts = { site, pc, payload: await payloadOf(site) }
  await endure(t, 'restore', parts, async () => {
    await overwrite(disk, 0, Buffer.alloc(8 * mebibyte))
    site.post(pc, { kind: 'restore', ...site.work() })
  })
  await pc.unplug()
  await endure(t, 'reset', parts, async () => {
    const { startBytes } = await placeOf(disk, 'root')
    const { sizeBytes, positions } = parts.payload.blocks
    for (const position of positions.filter((_, index) => index % 16 === 0))
      await overwrite(disk, startBytes + position, randomBytes(sizeBytes))
  })
})
