/** Several PCs restored at once over a link that all share, beside what the link and the disk alone can do. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tally } from '../../../imaging/protocol.ts'
import { must } from '../../lab/command.ts'
import { measure } from '../measure.ts'
import { coldCaches, shell, warmUp } from './disk-run.ts'
import { type ImportedImage, importSample } from './imported-image.ts'
import { createLan, type Lan } from './lan.ts'
import { type Sample, sampleImage } from './sample-images.ts'
import { engine, node, type StoreServer, serveStore } from './store-server.ts'
import { mustBeEqual } from './used-bytes.ts'

export type LinkRow = {
  readonly megabits: number
  readonly pcs: number
  /** Of one PC. */
  readonly usedBytes: number
  readonly fetchedBytes: number
  /** Until the last PC was done. */
  readonly wallMs: number
  /** The same bytes over the same link, with nothing done to them. */
  readonly linkMs: number
  /** The same bytes by `dd`, as many at once, on the same disk. */
  readonly diskMs: number
  /** Of PCs and server. */
  readonly cpuMs: number
}

const counts = [1, 4, 8] as const

export async function measureLinks(
  sizes: readonly { readonly megabits: number; readonly sample: Sample }[],
  folder: string,
  tell: (line: string) => void,
): Promise<readonly LinkRow[]> {
  const rows: LinkRow[] = []
  for (const { megabits, sample } of sizes) {
    const file = await sampleImage(sample, 'ext4', tell)
    const place = join(folder, `links-${megabits}`)
    await mkdir(place, { recursive: true })
    const image = await importSample(file, place)
    await using lan = await createLan(Math.max(...counts))
    await lan.shape(megabits)
    await using server = await serveStore(image.store.folder, lan.serverAddress, lan.onServer)
    for (const pcs of counts) {
      const row = await restoreAll({ file, image, lan, server, place, megabits, pcs })
      rows.push(row)
      tell(
        `  ${megabits} Mbit/s, ${pcs} PCs: ${Math.round(row.wallMs)} ms; link ${Math.round(row.linkMs)} ms, disk ${Math.round(row.diskMs)} ms`,
      )
    }
    await rm(place, { recursive: true })
  }
  return rows
}

type Scene = {
  readonly file: string
  readonly image: ImportedImage
  readonly lan: Lan
  readonly server: StoreServer
  readonly place: string
  readonly megabits: number
  readonly pcs: number
}

async function restoreAll(scene: Scene): Promise<LinkRow> {
  const { file, image, lan, server, megabits, pcs } = scene
  const url = `http://${lan.serverAddress}:${server.port}`
  const diskMs = await onBlankDisks(scene, async (disks) => {
    const { wallMs } = await together(
      file,
      disks.map((disk) => shell(copy, file, disk)),
    )
    return wallMs
  })
  return onBlankDisks(scene, async (disks) => {
    const serverCpuMs = await server.cpuMs()
    const { wallMs, runs } = await together(
      image.store.folder,
      disks.map((disk, index) => [...lan.onPc(index), ...engine(url, image.digest, disk)]),
    )
    const serverTookMs = (await server.cpuMs()) - serverCpuMs
    for (const disk of disks) mustBeEqual(disk, file, image.map, [])
    const fetched = runs.map(({ output }) => (JSON.parse(output) as Tally).fetched)
    const fetchedBytes = Math.max(...fetched)
    const linkMs = Number(
      (await measure([...lan.onPc(0), ...node('ballast-process.ts', url, String(fetchedBytes * pcs))]))
        .output,
    )
    return {
      megabits,
      pcs,
      usedBytes: image.map.usedBytes,
      fetchedBytes,
      wallMs,
      linkMs,
      diskMs: (diskMs * image.map.usedBytes) / image.partition.sizeBytes,
      cpuMs: runs.reduce((sum, run) => sum + run.cpuMs, serverTookMs),
    }
  })
}

const copy = 'dd if="$1" of="$2" bs=1M oflag=direct conv=notrunc,fsync status=none'

async function together(warm: string, commands: readonly (readonly string[])[]) {
  await coldCaches()
  await warmUp(warm)
  const started = performance.now()
  const runs = await Promise.all(commands.map((command) => measure(command)))
  return { wallMs: performance.now() - started, runs }
}

async function onBlankDisks<T>(
  { place, pcs, image }: Scene,
  use: (disks: readonly string[]) => Promise<T>,
): Promise<T> {
  const disks = Array.from({ length: pcs }, (_, index) => join(place, `pc${index}.img`))
  for (const disk of disks) await must('fallocate', ['-l', String(image.partition.sizeBytes), disk])
  try {
    return await use(disks)
  } finally {
    for (const disk of disks) await rm(disk)
  }
}
