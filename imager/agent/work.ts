/** Carries out a checked order: which disk, which manifest, and then what its kind of work asks for. */
import { join } from 'node:path'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { createHttpSource } from '../../imaging/http-source.ts'
import type { DiskState, EqualWork, Layout } from '../../imaging/protocol.ts'
import { type ChunkSource, folderSource } from '../../imaging/source.ts'
import { silent } from '../../imaging/source-failure.ts'
import { cachePaths } from './cache-partition.ts'
import { chooseDisk, type Disk } from './disks.ts'
import { equalDisk } from './equal-disk.ts'
import type { Order, Performed } from './flow.ts'
import type { Look } from './look.ts'
import { withMounted } from './mounted.ts'
import type { DiskTable } from './partition-table.ts'
import { failedWork, type Pc, type Report } from './pc.ts'
import { compareDisk, readDisk } from './read-disk.ts'
import { done, failed, type Result } from './result.ts'
import { type CheckedManifest, checkContents, wantedManifest } from './wanted-manifest.ts'

export type WorkParts = {
  readonly pc: Pc
  readonly seen: Look
  readonly report: Report
  readonly signal: AbortSignal
}

export async function performOrder(order: Order, parts: WorkParts): Promise<Performed> {
  const { work } = order.job
  const chosen = chooseTable(parts.seen, work.layout)
  if (!chosen.ok) return failedWork(chosen)
  const network = networkSource(order, parts.pc)
  try {
    switch (work.kind) {
      case 'restore':
      case 'reset':
        return await makeDiskEqual(order, work, chosen.value, network, parts)
      case 'verify': {
        const checked = await findManifest(work.manifest, network, parts)
        if (!checked.ok) return failedWork(checked)
        return await compareDisk({ ...parts, ...chosen.value, job: order.job }, work, checked.value, network)
      }
      case 'capture':
        return await readDisk({ ...parts, ...chosen.value, job: order.job }, work, parts.seen.state?.manifest)
    }
  } finally {
    network.close()
  }
}

type ChosenDisk = { readonly disk: Disk; readonly table: DiskTable }

function chooseTable({ disks }: Look, layout: Layout): Result<ChosenDisk> {
  const chosen = chooseDisk(
    disks.map(({ disk }) => disk),
    layout.disk,
  )
  if (!chosen.ok) return chosen
  const disk = chosen.value
  const seen = disks.find((one) => one.disk === disk)
  return seen?.table === undefined
    ? failed('disk-unreadable', `${disk.name}: ${seen?.trouble ?? ''}`)
    : done({ disk, table: seen.table })
}

async function makeDiskEqual(
  order: Order,
  work: EqualWork & { readonly kind: 'restore' | 'reset' },
  { disk, table }: ChosenDisk,
  network: ChunkSource,
  { pc, seen, report, signal }: WorkParts,
): Promise<Performed> {
  const checked = await findManifest(work.manifest, network, { pc, seen, signal })
  if (!checked.ok) return failedWork(checked)
  const contents = await findContents(checked.value, network, seen, signal)
  if (!contents.ok) return failedWork(contents)
  const ended = await equalDisk(pc, {
    signed: order.signed,
    job: order.job,
    work,
    how: howOf(order, work, seen.state),
    checked: checked.value,
    disk,
    ready: seen.cache?.disk === disk && seen.cache.record.ready,
    table,
    source: network,
    signal,
    report,
    ...(seen.state === undefined ? {} : { state: seen.state }),
    ...(order.only === undefined ? {} : { only: order.only }),
  })
  if (!ended.ok) return ended
  const { tally, state, hostKeys, notes } = ended
  return { ok: true, report: { tally, state, hostKeys }, notes }
}

/** A local order is a reset, also where it goes on with what a restore began: the network has no part in it. */
const howOf = (
  order: Order,
  work: EqualWork & { readonly kind: 'restore' | 'reset' },
  state: DiskState | undefined,
): DiskState['how'] => {
  if (work.kind === 'reset' || (order.local && state?.manifest === work.manifest)) return 'reset'
  return state === undefined || state.manifest === work.manifest ? 'restore' : 'upgrade'
}

/** The cache's copy first: it is checked like any other, and needs no network. */
async function findManifest(
  digest: string,
  network: ChunkSource,
  { pc, seen, signal }: Pick<WorkParts, 'pc' | 'seen' | 'signal'>,
): Promise<Result<CheckedManifest>> {
  const { cache } = seen
  if (cache !== undefined) {
    const cached = await withMounted(cache.range, 'ext4-read', (folder) =>
      wantedManifest(
        digest,
        folderSource(openFolderStore(join(folder, cachePaths.store))),
        pc.parkKey,
        undefined,
        signal,
      ),
    )
    if (cached.ok) return cached
  }
  return wantedManifest(digest, network, pc.parkKey, pc.options.server, signal)
}

/** The cache's copy is enough; what is damaged there can still be had from the network. */
async function findContents(
  checked: CheckedManifest,
  network: ChunkSource,
  { cache }: Look,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (cache !== undefined) {
    const cached = await withMounted(cache.range, 'ext4-read', (folder) =>
      checkContents(checked, folderSource(openFolderStore(join(folder, cachePaths.store))), signal),
    )
    if (cached.ok) return cached
  }
  return checkContents(checked, network, signal)
}

type ClosableSource = ChunkSource & { close(): void }

/** Tries before a server is given up that did not answer a moment ago. */
const localAttempts = 2

function networkSource({ local }: Order, { options: { server } }: Pc): ClosableSource {
  if (server === undefined) return noNetwork
  return createHttpSource({ baseUrl: server, ...(local ? { attempts: localAttempts } : {}) })
}

const noServer = silent('-', 0, 'no server')

const noNetwork: ClosableSource = {
  async *chunks() {
    yield { failure: noServer }
  },
  list: () => Promise.resolve(noServer),
  map: () => Promise.resolve(noServer),
  manifest: () => Promise.resolve(noServer),
  close: () => undefined,
}
