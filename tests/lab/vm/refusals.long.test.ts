/**
 * Disks with which a whole PC can do nothing, with the reason on its screen and at the site server. The read errors are QEMU's
 * (blkdebug): the machines that run these tests need no device-mapper. Orders, signatures, lists and manifests that are not
 * right: tests/imager/agent/refusals.test.ts, with the same agent.
 */
import test, { type ExecutionContext } from 'ava'
import type { ImagerReason } from '../../../imaging/protocol.ts'
import { bytesAt, digestOf, placeOf } from '../../imager/agent/pc-disk.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import { until } from '../until.ts'
import { beforeOf, goldenOf, isGateOpen, judge } from './cut-verdict.ts'
import { DISK_BYTES, type DiskSite, openDiskSite, PC_FILES } from './disk-site.ts'
import type { Vm, VmDiskOptions } from './vm.ts'
import { layVmNetwork, type VmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const SECTOR = 512

async function scene(
  t: ExecutionContext,
): Promise<{ readonly network: VmNetwork; readonly site: DiskSite } & AsyncDisposable> {
  t.timeout(30 * MINUTES)
  const network = await layVmNetwork()
  const site = await openDiskSite(network)
  return {
    network,
    site,
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
    },
  }
}

/** Starts the imager for this order; it must end with this reason, there and on the screen. Returns what it said in particular. */
async function fails(
  t: ExecutionContext,
  { site, pc, work, reason }: Start,
): Promise<{ readonly detail: string; readonly written: number }> {
  const id = site.post(pc, work)
  await pc.powerOn(site.imager('netboot'))
  const done = await until(`end of ${id}`, () => site.desk.order(id).done, 6 * MINUTES)
  t.like(done, { kind: 'failed', reason }, pc.serial.slice(-3000))
  const detail = done.kind === 'failed' ? (done.detail ?? '') : ''
  await pc.waitForSerial(new RegExp(reason))
  await pc.cut()
  return { detail, written: done.tally.written }
}

type Start = {
  readonly site: DiskSite
  readonly pc: Vm
  readonly work: Parameters<DiskSite['post']>[1]
  readonly reason: ImagerReason
}

type Case = {
  readonly reason: ImagerReason
  readonly disks: readonly VmDiskOptions[]
  readonly says: RegExp
}

const cases: readonly Case[] = [
  { reason: 'disk-too-small', disks: [{ sizeBytes: 128 * mebibyte }], says: /needed/ },
  {
    reason: 'several-disks',
    disks: [{ sizeBytes: DISK_BYTES }, { sizeBytes: DISK_BYTES, bus: 'sata' }],
    says: /vda.*sda|sda.*vda/,
  },
  { reason: 'disk-unreadable', disks: [{ sizeBytes: DISK_BYTES, brokenSectors: [0] }], says: /vda/ },
]

test('Disks that are too small, too many or unreadable are refused with the reason, and nothing is written', async (t) => {
  await using lab = await scene(t)
  const { site } = lab
  for (const [index, { reason, disks, says }] of cases.entries()) {
    const pc = await site.createPc({ name: `pc-${index + 1}`, index: index + 1, disks, cpus: 1 })
    const before = await Promise.all(pc.disks.map(({ file }) => digestOf(file)))
    const { detail } = await fails(t, { site, pc, work: { kind: 'restore', ...site.work() }, reason })
    t.regex(detail, says)
    t.deepEqual(await Promise.all(pc.disks.map(({ file }) => digestOf(file))), before)
  }
})

test('A disk with a read error in the middle: the place is told, a comparison writes nothing, and a restore leaves nothing that could start', async (t) => {
  await using lab = await scene(t)
  const { site } = lab
  const golden = await goldenOf(site.golden)
  const sound = await site.createPc({ name: 'pc-1', index: 1, cpus: 1 })
  const file = sound.disks[0]?.file ?? ''
  const first = site.post(sound, { kind: 'restore', ...site.work() })
  await sound.powerOn(site.imager('netboot'))
  await sound.waitForExit(8 * MINUTES)
  t.is(site.desk.order(first).done?.kind, 'done')

  const { startBytes } = await placeOf(file, 'root')
  const { positions } = golden.blocks
  const byte = startBytes + (positions[positions.length >> 1] ?? 0)
  const brokenSectors = [byte / SECTOR]
  const pc = await site.createPc({ name: 'pc-2', index: 2, disks: [{ file, brokenSectors }], cpus: 1 })
  const { manifest, layout } = site.work()
  // Found piece by piece, of which each has 4 KiB.
  const isNear = (detail: string): boolean =>
    (detail.match(/\d+/g) ?? []).some((found) => Number(found) > byte - 4096 && Number(found) <= byte)

  const before = await bytesAt(file, startBytes, 64 * mebibyte)
  const compared = await fails(t, {
    site,
    pc,
    work: { kind: 'verify', manifest, layout },
    reason: 'disk-unreadable',
  })
  t.true(isNear(compared.detail), compared.detail)
  t.true(before.equals(await bytesAt(file, startBytes, 64 * mebibyte)))
  t.true(await isGateOpen(file), 'a comparison takes nobody’s system away')

  const disk = await beforeOf(file)
  const restored = await fails(t, {
    site,
    pc,
    work: { kind: 'restore', ...site.work() },
    reason: 'disk-unreadable',
  })
  t.true(isNear(restored.detail), restored.detail)
  t.log({ byte, compared: compared.detail, restored })
  const life = { pcFiles: PC_FILES, wasClosed: false, keepsBootPath: true }
  const { state, faults } = await judge(file, disk, golden, life)
  t.deepEqual(faults.concat(state === 'half-written' || state === 'closed' ? [] : [state]), [])
  t.false(await isGateOpen(file))
  t.is(site.desk.bootAnswer(pc.mac), restored.written > 0 ? 'imager' : 'local')
})
