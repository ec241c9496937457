/**
 * Power cuts at seeded byte counts while a disk is restored and reset: QEMU is killed as soon as it has written so many bytes. After each, the
 * disk is judged against what the engine promises (cut-verdict.ts). The imager is started as a kernel each time, without boot loaders, to get
 * through in minutes; tests/lab/vm/disk-life.test.ts shows the boot path.
 *
 * PROVISEUR_CUT_SEED repeats a run, PROVISEUR_CUTS says how many cuts there are in all (20).
 */
import { randomBytes, randomInt } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { overwrite, placeOf } from '../../imager/agent/pc-disk.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import { until } from '../until.ts'
import { beforeOf, type Golden, goldenOf, judge, makeBlank, type State } from './cut-verdict.ts'
import { DISK_BYTES, type DiskSite, openDiskSite, PC_FILES } from './disk-site.ts'
import { differences, treeOf } from './disk-tree.ts'
import type { Vm } from './vm.ts'
import { layVmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const FINISHED = /Done\. This PC restarts\./
const PAYLOAD = 24 * mebibyte
/** The imager says which partition it works on. Before that come file systems and the imager itself, 80 MB and more. */
const AT_THE_SYSTEM = /\(root\)/
/** Most bytes until a cut: from power-on, or from the moment that the system is looked at. */
const MOST_BYTES = { all: 150 * mebibyte, system: 32 * mebibyte }
/** So many cuts of ten fall while, or after, the system is written. */
const SHARE_AT_THE_SYSTEM = 0.8
/** In a row, before the PC is left to come to its end. */
const CUTS_IN_A_ROW = { least: 3, most: 6 }
const MOST_LOST = 3

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
const pick = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))

type Cut = { readonly bytes: number; readonly from: 'power-on' | 'system' }

function drawCut(): Cut {
  const from = random() < SHARE_AT_THE_SYSTEM ? 'system' : 'power-on'
  return { from, bytes: pick(64 * 1024, from === 'system' ? MOST_BYTES.system : MOST_BYTES.all) }
}

/** Cuts the power once so much is written. False: the PC was done before. */
async function cutAfter(pc: Vm, { from, bytes }: Cut): Promise<boolean> {
  let before = from === 'power-on' ? 0 : undefined
  const ended = await until(
    `write of ${bytes} bytes`,
    async () => {
      if (!pc.running) return 'done'
      // QEMU may end between the two questions.
      const written = (await pc.counters().catch(() => undefined))?.writtenBytes
      if (AT_THE_SYSTEM.test(pc.serial)) before ??= written
      return written !== undefined && before !== undefined && written >= before + bytes
        ? 'written'
        : undefined
    },
    10 * MINUTES,
  )
  await pc.cut()
  return ended === 'written'
}

type Scene = { readonly site: DiskSite; readonly pc: Vm; readonly golden: Golden }
type Kind = 'restore' | 'reset'

/** From a spoilt disk to an equal one, with so many cuts on the way if it lasts for them. Returns in which states the cuts were. */
async function live(
  t: ExecutionContext,
  kind: Kind,
  most: number,
  { site, pc, golden }: Scene,
): Promise<readonly State[]> {
  const disk = diskOf(pc)
  const before = await beforeOf(disk)
  const start = () => pc.powerOn(site.imager(kind === 'restore' ? 'netboot' : 'resume'))
  const states: State[] = []
  let wasClosed = false
  let lost = 0
  while (states.length < most) {
    const cut = drawCut()
    await start()
    if (!(await cutAfter(pc, cut))) {
      if (FINISHED.test(pc.serial)) break
      // A kernel that failed under emulation restarts the PC as well; the imager is then started again.
      lost += 1
      if (lost > MOST_LOST) throw new Error(`the imager comes to no end: ${pc.serial.slice(-2000)}`)
      continue
    }
    const life = { pcFiles: PC_FILES, wasClosed, keepsBootPath: kind === 'reset' }
    const { state, faults } = await judge(disk, before, golden, life)
    const when = `${kind}, cut ${cut.bytes} bytes from ${cut.from}: ${state}`
    t.log(when)
    t.deepEqual(faults, [], `${when}, seed ${seed}`)
    wasClosed ||= state !== 'untouched'
    states.push(state)
  }
  if (states.length === most) {
    await start()
    await pc.waitForExit(10 * MINUTES)
  }
  t.deepEqual(differences(await treeOf(disk, 'root'), golden.tree), PC_FILES, `seed ${seed}`)
  const end = await judge(disk, before, golden, {
    pcFiles: PC_FILES,
    wasClosed: false,
    keepsBootPath: kind === 'reset',
  })
  t.deepEqual(end, { state: 'finished', faults: [] }, `seed ${seed}`)
  return states
}

async function endure(
  t: ExecutionContext,
  kind: Kind,
  scene: Scene,
  spoil: () => Promise<void>,
): Promise<void> {
  const states: State[] = []
  const wanted = Math.ceil(cuts / 2)
  while (states.length < wanted) {
    await spoil()
    const inARow = Math.min(pick(CUTS_IN_A_ROW.least, CUTS_IN_A_ROW.most), wanted - states.length)
    states.push(...(await live(t, kind, inARow, scene)))
  }
  // Else these cuts have shown nothing of what they are for.
  if (wanted >= 5) t.true(states.includes('half-written'), `seed ${seed}`)
  t.log(`${kind}:`, Object.fromEntries([...new Set(states)].map((one) => [one, countOf(one, states)])))
}

const countOf = (one: State, states: readonly State[]): number =>
  states.filter((state) => state === one).length

async function scene(): Promise<Scene & AsyncDisposable> {
  const network = await layVmNetwork()
  const site = await openDiskSite(network, PAYLOAD)
  const pc = await site.createPc({ name: 'b204-01', index: 1, cpus: 1 })
  return {
    site,
    pc,
    golden: await goldenOf(site.golden),
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
    },
  }
}

const diskOf = ({ disks }: Vm): string => disks[0]?.file ?? ''

test('Whenever the power goes during a restore, nothing half-written can start, and the end is equal', async (t) => {
  t.timeout(45 * MINUTES)
  t.log(`PROVISEUR_CUT_SEED=${seed}`)
  await using lab = await scene()
  const { site, pc } = lab
  await endure(t, 'restore', lab, async () => {
    await makeBlank(diskOf(pc), DISK_BYTES)
    site.post(pc, { kind: 'restore', ...site.work() })
  })
})

test('Whenever the power goes during a reset without a network, nothing half-written can start, and the end is equal', async (t) => {
  t.timeout(45 * MINUTES)
  t.log(`PROVISEUR_CUT_SEED=${seed}`)
  await using lab = await scene()
  const { site, pc, golden } = lab
  site.post(pc, { kind: 'restore', ...site.work() })
  await pc.powerOn(site.imager('netboot'))
  await pc.waitForExit(10 * MINUTES)
  await pc.unplug()
  await endure(t, 'reset', lab, async () => {
    const { startBytes } = await placeOf(diskOf(pc), 'root')
    const { sizeBytes, positions } = golden.blocks
    for (const position of positions.filter((_, index) => index % 16 === 0))
      await overwrite(diskOf(pc), startBytes + position, randomBytes(sizeBytes))
  })
})
