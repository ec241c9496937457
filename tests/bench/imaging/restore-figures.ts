/** A disk written whole, and put right after a few changes: by our engine and by Debian's tools, on the same disk in the same run. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tally } from '../../../imaging/protocol.ts'
import { usedIn } from '../../../imaging/used-map.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { middle } from '../middle.ts'
import { type DiskKind, slowDown } from './disk-kind.ts'
import { coldCaches, type DiskRun, runOnDisk, shell } from './disk-run.ts'
import { storedBytes } from './imported-image.ts'
import { createLoopDisk, type LoopDisk } from './loop-disk.ts'
import type { FileSystem } from './sample-images.ts'
import type { Stored } from './store-figures.ts'
import { engine, type StoreServer, serveStore } from './store-server.ts'
import { mustBeEqual, passOver, type Scribbled, scribble } from './used-bytes.ts'

export type RestoreTool = 'proviseur' | 'partclone' | 'raw' | 'casync' | 'rsync'

export type RestoreRow = Omit<DiskRun, 'output'> & {
  readonly tool: RestoreTool
  /** From the store, or from the other side. */
  readonly fetchedBytes: number
}

export type Delta = {
  readonly share: number
  readonly changedBytes: number
  /** Used bytes of the image's chunks that differ, and what these chunks take in the store: the least that chunks can do. */
  readonly chunks: { readonly count: number; readonly bytes: number; readonly storedBytes: number }
  readonly rows: readonly RestoreRow[]
}

export type RestoreFigures = {
  readonly disk: string
  readonly fileSystem: FileSystem
  readonly imageBytes: number
  readonly usedBytes: number
  readonly storedBytes: number
  /** One plain pass over all used bytes of this disk. */
  readonly pass: { readonly writeMs: number; readonly readMs: number }
  readonly full: readonly RestoreRow[]
  readonly deltas: readonly Delta[]
  readonly repetitions: number
}

const changes = [0.01, 0.05] as const

export type RestoreOptions = {
  readonly kind: DiskKind
  readonly withDeltas: boolean
  /** Of what the aims are about; the others are run once. */
  readonly repetitions: number
}

export async function measureRestore(
  stored: Stored,
  folder: string,
  { kind, withDeltas, repetitions }: RestoreOptions,
  tell: (line: string) => void,
): Promise<RestoreFigures> {
  const { image } = stored
  await using disk = await createLoopDisk(join(folder, 'disk.img'), image.partition.sizeBytes)
  await using _slow = await slowDown(disk.device, kind)
  await using server = await serveStore(image.store.folder)
  const scene: Scene = {
    stored,
    disk,
    server,
    tell: (line) => tell(`  ${stored.fileSystem}, ${kind.name}: ${line}`),
  }

  const rounds: Round[] = []
  // The bound and the run under it in turn: on a machine that others share, speeds drift.
  for (let round = 0; round < repetitions; round += 1)
    rounds.push({
      writeMs: await coldPass(scene, 'write'),
      full: await byTool(scene, 'proviseur', []),
      readMs: await coldPass(scene, 'read'),
      unchanged: await byTool(scene, 'proviseur', []),
    })
  const unchanged = middle(rounds.map((round) => round.unchanged))
  const ours: readonly Delta[] = [
    { ...(await untouched(stored)), rows: [unchanged] },
    ...(withDeltas ? await deltasBy(scene, 'proviseur', changes) : []),
  ]
  const full = [middle(rounds.map((round) => round.full))]
  for (const tool of ['partclone', 'raw'] as const) full.push(await byTool(scene, tool, []))
  // From here on the disk is the raw image, free space and all: what casync and rsync compare.
  const theirs: (readonly Delta[])[] = []
  if (withDeltas)
    for (const tool of ['casync', 'rsync'] as const) theirs.push(await deltasBy(scene, tool, [0, ...changes]))
  const pass = {
    writeMs: middle(rounds.map(({ writeMs }) => ({ wallMs: writeMs }))).wallMs,
    readMs: middle(rounds.map(({ readMs }) => ({ wallMs: readMs }))).wallMs,
  }
  return {
    disk: kind.name,
    fileSystem: stored.fileSystem,
    imageBytes: image.partition.sizeBytes,
    usedBytes: image.map.usedBytes,
    storedBytes: image.partition.storedBytes,
    pass,
    full,
    deltas: ours.map((delta, index) => ({
      ...delta,
      rows: [...delta.rows, ...theirs.flatMap((others) => others[index]?.rows ?? [])],
    })),
    repetitions,
  }
}

type Round = {
  readonly writeMs: number
  readonly full: RestoreRow
  readonly readMs: number
  readonly unchanged: RestoreRow
}

type Scene = {
  readonly stored: Stored
  readonly disk: LoopDisk
  readonly server: StoreServer
  readonly tell: (line: string) => void
}

async function coldPass({ disk, stored, tell }: Scene, use: 'read' | 'write'): Promise<number> {
  await coldCaches()
  const ms = passOver(disk.device, stored.image.map, use)
  tell(`one plain ${use} of the used bytes: ${Math.round(ms)} ms`)
  return ms
}

const untouched = async (stored: Stored): Promise<Omit<Delta, 'rows'>> => ({
  share: 0,
  changedBytes: 0,
  chunks: await leastOf(stored, new Set()),
})

/** The same places are scribbled upon for every tool. */
async function deltasBy(
  scene: Scene,
  tool: RestoreTool,
  shares: readonly number[],
): Promise<readonly Delta[]> {
  const { disk, stored } = scene
  const found: Delta[] = []
  for (const share of shares) {
    const scribbled = scribble(disk.device, stored.image, share, createRandom(100 * share + 7))
    const rows = [await byTool(scene, tool, scribbled.runs)]
    const chunks = await leastOf(stored, scribbled.chunks)
    found.push({ share, changedBytes: scribbled.bytes, chunks, rows })
  }
  return found
}

async function leastOf({ image }: Stored, chunks: ReadonlySet<number>): Promise<Delta['chunks']> {
  const used = (index: number): number =>
    usedIn(image.map, index * image.chunkBytes, image.chunkBytes).reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    count: chunks.size,
    bytes: [...chunks].reduce((sum, index) => sum + used(index), 0),
    storedBytes: await storedBytes(image, chunks),
  }
}

async function byTool(scene: Scene, tool: RestoreTool, runs: Scribbled['runs']): Promise<RestoreRow> {
  const { disk, stored, server, tell } = scene
  const { command, warm } = commandOf(scene, tool)
  const { output, ...run } = await runOnDisk({
    disk,
    command,
    warm,
    ...(tool === 'proviseur' ? { server } : {}),
  })
  mustBeEqual(disk.device, stored.file, stored.image.map, runs)
  tell(`${tool}: ${Math.round(run.wallMs)} ms, ${Math.round(run.writtenBytes / 1e6)} MB written`)
  return { tool, ...run, fetchedBytes: await fetchedBy(stored, tool, output) }
}

/** Each ends when what it wrote is on the disk. */
function commandOf(
  { stored, disk, server }: Scene,
  tool: RestoreTool,
): { command: readonly string[]; warm: string } {
  const { device } = disk
  const { image, file, partclone, raw, casync } = stored
  switch (tool) {
    case 'proviseur': {
      const url = `http://127.0.0.1:${server.port}`
      return { command: engine(url, image.digest, device), warm: image.store.folder }
    }
    case 'partclone': {
      const program =
        'zstd -q -dc "$1" | partclone.restore -q -L /dev/null -s - -o "$2" 2>/dev/null; sync "$2"'
      return { command: shell(program, partclone, device), warm: partclone }
    }
    case 'raw': {
      const program = 'zstd -q -dc "$1" | dd of="$2" bs=1M iflag=fullblock conv=fsync status=none'
      return { command: shell(program, raw, device), warm: raw }
    }
    case 'casync': {
      const program = 'casync extract -v --store="$3" --seed="$2" "$1" "$2" 2>&1; sync "$2"'
      return { command: shell(program, casync.index, device, casync.store), warm: casync.store }
    }
    case 'rsync': {
      const program = 'rsync --inplace --no-whole-file --write-devices --stats "$1" "$2"; sync "$2"'
      return { command: shell(program, file, device), warm: file }
    }
  }
}

async function fetchedBy({ partclone, raw }: Stored, tool: RestoreTool, output: string): Promise<number> {
  switch (tool) {
    case 'proviseur':
      return (JSON.parse(output) as Tally).fetched
    case 'partclone':
      return (await stat(partclone)).size
    case 'raw':
      return (await stat(raw)).size
    case 'casync':
      return casyncBytes(/Bytes used from local store: ([\d.]+)([BKMG])/u.exec(output))
    case 'rsync': {
      const counts = [...output.matchAll(/Total bytes (?:sent|received): ([\d,]+)/gu)]
      return counts.reduce((sum, [, digits = '']) => sum + Number(digits.replaceAll(',', '')), 0)
    }
  }
}

/** It tells them as they are when unpacked. */
function casyncBytes(match: RegExpExecArray | null): number {
  const [, value, unit = ''] = match ?? []
  const scale = ['B', 'K', 'M', 'G'].indexOf(unit)
  if (value === undefined || scale < 0) throw new Error('casync does not tell what it took from its store')
  return Number(value) * 1024 ** scale
}
