/**
 * What firmware, our boot menu, or somebody who gets round both finds on a disk of which the power was cut while its system was being
 * made equal: judged by sfdisk and debugfs, and against what the engine promises in each state.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesAt, checkExt4, partitionsOf, placeOf } from '../../imager/agent/pc-disk.ts'
import { run } from '../../imager/agent/run.ts'
import { type Blocks, blocksOf, differences, type Tree, treeOf } from './disk-tree.ts'

/**
 * `none`: there is no system on the disk. `untouched`: everything is as before. `closed`: the menu's gate is closed, and of the system nothing
 * was written yet. `half-written`: some of it was; its first chunk is destroyed. `whole`: all of it was, and the gate is still closed.
 * `finished`: the gate is open again.
 */
export type State = 'none' | 'untouched' | 'closed' | 'half-written' | 'whole' | 'finished'

/** Empty `faults`: all is as promised. */
export type Verdict = { readonly state: State; readonly faults: readonly string[] }

/** The image's one large file, in which nobody but the engine writes, by the blocks in which it lies on every disk that was made equal. */
export type Golden = {
  readonly tree: Tree
  readonly blocks: Blocks
  readonly payload: Buffer
}

/** The disk before anything was done: the system's partition, if there is one, and all that lies before it (MBR, table, `bios`, `esp`). */
export type Before = { readonly root?: Buffer; readonly bootPath: Buffer }

/** ext4's superblock, and in it `s_magic`. */
const magicAt = 1024 + 0x38
const ext4Magic = 0xef53
const mark = 'proviseur: half-written '

export const goldenOf = async (disk: string): Promise<Golden> => {
  const blocks = await blocksOf(disk, 'root', '/payload')
  const { startBytes, sizeBytes } = await placeOf(disk, 'root')
  const root = await bytesAt(disk, startBytes, sizeBytes)
  return { tree: await treeOf(disk, 'root'), blocks, payload: payloadIn(root, blocks) }
}

export const beforeOf = async (disk: string): Promise<Before> => {
  const place = await rootOf(disk)
  if (place === undefined) return { bootPath: Buffer.alloc(0) }
  const { startBytes, sizeBytes } = place
  return {
    root: await bytesAt(disk, startBytes, sizeBytes),
    bootPath: await bytesAt(disk, 0, startBytes),
  }
}

const rootOf = async (disk: string) =>
  (await partitionsOf(disk).catch(() => [])).find(({ name }) => name === 'root')

const payloadIn = (root: Buffer, { sizeBytes: block, positions }: Blocks): Buffer =>
  Buffer.concat(positions.map((position) => root.subarray(position, position + block)))

/** As GRUB sees it, which reads ext4 without its journal, as debugfs does, and without a look at checksums (`-n`). */
export const isGateOpen = async (disk: string): Promise<boolean> => {
  const cache = (await partitionsOf(disk).catch(() => [])).find(({ name }) => name === 'cache')
  const at = `${disk}?offset=${cache?.startBytes}`
  const found = cache && (await run('debugfs', '-n', '-R', 'stat /boot/ready', at).catch(() => ''))
  return /Type: regular/.test(found ?? '')
}

/**
 * `pcFiles`: what the PC has of its own in its system. `wasClosed`: the gate was found closed before in this run.
 * `keepsBootPath`: a reset, which leaves an intact loader alone.
 */
export async function judge(
  disk: string,
  before: Before,
  golden: Golden,
  life: { readonly pcFiles: readonly string[]; readonly wasClosed: boolean; readonly keepsBootPath: boolean },
): Promise<Verdict> {
  const faults: string[] = []
  const promise = (kept: boolean, fault: string): void => {
    if (!kept) faults.push(fault)
  }
  const gate = await isGateOpen(disk)
  const place = await rootOf(disk)
  if (place === undefined) {
    promise(!gate && before.root === undefined, 'the system’s partition is gone')
    return { state: 'none', faults }
  }
  const root = await bytesAt(disk, place.startBytes, place.sizeBytes)
  if (life.keepsBootPath)
    promise(
      before.bootPath.equals(await bytesAt(disk, 0, place.startBytes)),
      'an intact boot path was written',
    )
  const found = payloadIn(root, golden.blocks)
  const old = payloadIn(before.root ?? Buffer.alloc(root.length), golden.blocks)
  const hadHead = before.root?.readUInt16LE(magicAt) === ext4Magic
  const hasHead = root.readUInt16LE(magicAt) === ext4Magic
  const hasMark = root.subarray(0, 65_536).includes(mark)
  const [isOld, isNew] = [found.equals(old), found.equals(golden.payload)]
  const state = stateOf({ gate, hadHead, hasHead, hasMark, isOld, isNew })
  switch (state) {
    case 'none':
      promise(!gate, 'the gate is open, and there is no system')
      break
    case 'untouched':
      promise(!life.wasClosed, 'the gate was opened again before the end')
      promise(before.root?.equals(root) === true, 'the gate is open while its system is being changed')
      break
    case 'closed':
      break
    case 'half-written':
      promise(!gate, 'the gate is open, and the system is half-written')
      promise(!hasHead, 'a half-written system has its file system’s head')
      promise(hasMark, 'a half-written system does not bear the mark')
      break
    case 'whole':
    case 'finished':
      faults.push(...(await faultsOfSystem(disk, golden, life.pcFiles, state)))
      break
  }
  return { state, faults }
}

function stateOf(seen: {
  readonly gate: boolean
  readonly hadHead: boolean
  readonly hasHead: boolean
  readonly hasMark: boolean
  readonly isOld: boolean
  readonly isNew: boolean
}): State {
  const { gate, hadHead, hasHead, hasMark, isOld, isNew } = seen
  if (isNew && hasHead) return gate ? 'finished' : 'whole'
  if (!isOld || hasMark || (hasHead && !hadHead)) return 'half-written'
  if (!hasHead) return 'none'
  return gate ? 'untouched' : 'closed'
}

/**
 * Whoever starts it gets the image's files and the PC's own, and nothing else. Cut off while it was mounted or grown, it is mended first, as
 * its own start would do.
 */
async function faultsOfSystem(
  disk: string,
  golden: Golden,
  pcFiles: readonly string[],
  state: 'whole' | 'finished',
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'verdict-'))
  try {
    let seen = disk
    if (state === 'whole') {
      seen = join(folder, 'disk.img')
      await run('cp', '--sparse=always', disk, seen)
      const { startBytes } = await placeOf(seen, 'root')
      await run('sh', '-c', 'e2fsck -fy "$1" || [ $? -le 1 ]', 'sh', `${seen}?offset=${startBytes}`)
    }
    await checkExt4(seen, 'root')
    return differences(await treeOf(seen, 'root'), golden.tree)
      .filter((path) => !pcFiles.includes(path))
      .map((path) => `${state}: ${path}`)
  } catch (error) {
    return [`${state}: ${String(error)}`]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A disk of this size with nothing on it. */
export const makeBlank = async (disk: string, sizeBytes: number): Promise<void> => {
  await run('truncate', '--size=0', disk)
  await run('truncate', `--size=${sizeBytes}`, disk)
}
