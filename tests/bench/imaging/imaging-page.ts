/** The part of docs/benchmarks.md that is about images, from the figures. */
import { availableParallelism } from 'node:os'
import { type Aim, aimTable } from '../aim.ts'
import { count, megabytes, ratio, seconds, table } from '../table.ts'
import { ownDisk } from './disk-kind.ts'
import type { ImagingFigures } from './imaging-figures.ts'
import type { LinkRow } from './links-figures.ts'
import type { MemoryFigures } from './memory-figures.ts'
import type { Delta, RestoreFigures, RestoreRow, RestoreTool } from './restore-figures.ts'
import type { StoreFigures, StoreTool } from './store-figures.ts'

export const imagingPage = (figures: ImagingFigures): readonly string[] => [
  introduction(figures),
  ...(figures.restores.length > 0 ? [aims(figures)] : []),
  ...(figures.stores.length > 0 ? [stores(figures.stores)] : []),
  ...(figures.restores.length > 0 ? [restores(figures.restores), deltas(figures.restores)] : []),
  ...(figures.memory ? [memory(figures.memory, figures.restores)] : []),
  ...(figures.links.length > 0 ? [links(figures.links)] : []),
]

const introduction = ({ versions }: ImagingFigures): string => `
## Disk images

The images hold a Debian with an office, photographs and films (noise), and text; free space holds what deleted files left behind,
as on a disk that was in use. ext4 and NTFS have the same files. All tools work on the same files and disks one after another in one run; the others
are Debian's (${versions}), with zstd's level 3 as ours, on two threads (\`-T2\`).

A disk is a file on this machine behind a loop device that bypasses the page cache. Before each run all caches are dropped; then what
is restored *from* is read into memory, as on a server that has served it before, so that the disk does nothing but what the
figure is about. Every run ends when all is on the disk. *Written* and *read* are the block layer's count of the disk's own
device. CPU is that of all processes, the server's too. Afterwards the disk is compared with the image by a program of the benchmark's own. MB/s
are of the image's used bytes. MB are millions of bytes.
`

const names: Readonly<Record<StoreTool | RestoreTool, string>> = {
  proviseur: 'Proviseur',
  partclone: 'partclone, zstd',
  raw: 'dd, zstd',
  casync: 'casync',
  rsync: 'rsync',
}

/** Cores that were busy in the mean. */
const cores = ({ cpuMs, wallMs }: { readonly cpuMs: number; readonly wallMs: number }): string =>
  (cpuMs / wallMs).toFixed(1)

const rate = (bytes: number, ms: number): string => `${count(Math.round(bytes / 1e3 / ms))} MB/s`
const percent = (value: number, of: number): string => `${((100 * value) / of).toFixed(0)} %`

function aims(figures: ImagingFigures): string {
  return `### What we aim at\n\n${aimTable('', [...aimsOf(figures)])}

*Full restore* is compared with the slower of link and disk: the disk's bound is the time of one plain sequential write of the same used bytes
to the same disk, past the page cache, flushed; the link's is the time of as many bytes as were fetched (compressed) over the same link
by plain HTTP. Ours reads back and hashes every byte that it wrote, and the disk cannot write meanwhile: the line *written and read
back* compares with both passes. *Reset of an unchanged disk* is compared with one plain sequential read of its used bytes. *Upgrade* is
the disk with 5 % changed: chunks that differ, as they are stored and as they are on the disk. On the loopback network there is no link,
and this machine's disk is faster than what its ${availableParallelism()} cores unpack and hash: where the *cores busy* below come near
${availableParallelism()}, they are the bound.`
}

function* aimsOf({ restores, memory, links }: ImagingFigures): Generator<Aim> {
  for (const restore of restores) {
    const { pass } = restore
    const full = ourRow(restore.full)
    const what = `full restore, no link, ${diskName(restore)}`
    yield share(`${what}: of the disk`, pass.writeMs, full.wallMs)
    yield share(`${what}: of the disk, written and read back`, pass.writeMs + pass.readMs, full.wallMs)
  }
  for (const row of links)
    yield share(`full restore, ${linkName(row)}: of the slower`, boundOf(row), row.wallMs)
  for (const restore of restores) {
    const { deltas, pass } = restore
    const [unchanged] = deltas
    if (unchanged !== undefined)
      yield atMost(
        `reset of an unchanged disk, ${diskName(restore)}: of one read`,
        ourRow(unchanged.rows).wallMs,
        pass.readMs,
      )
    const upgrade = deltas.find((delta) => delta.share === 0.05)
    if (upgrade === undefined) continue
    const { fetchedBytes, writtenBytes } = ourRow(upgrade.rows)
    yield atMost('upgrade: fetched, of the changed chunks', fetchedBytes, upgrade.chunks.storedBytes)
    yield atMost('upgrade: written, of the changed chunks', writtenBytes, upgrade.chunks.bytes)
  }
  const peaks = restores.map(({ imageBytes, full }) => ({ imageBytes, peakBytes: ourRow(full).peakBytes }))
  const wide = memory === undefined ? [] : [{ imageBytes: memory.imageBytes, ...memory.restored }]
  for (const { imageBytes, peakBytes } of [...peaks.slice(0, 1), ...wide])
    yield {
      what: `memory of a restore, disk of ${gibibytes(imageBytes)}`,
      limit: 'under 300 MB',
      found: megabytes(peakBytes),
      met: peakBytes < 300e6,
    }
}

const share = (what: string, boundMs: number, wallMs: number): Aim => ({
  what,
  limit: 'at least 95 %',
  found: percent(boundMs, wallMs),
  met: boundMs / wallMs >= 0.95,
})

const atMost = (what: string, value: number, of: number): Aim => ({
  what,
  limit: 'at most × 1.1',
  found: `× ${(value / of).toFixed(2)}`,
  met: value / of <= 1.1,
})

const diskName = ({ fileSystem, disk }: RestoreFigures): string => `${fileSystem}, ${disk}`

const gibibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 30)} GiB`

function ourRow(rows: readonly RestoreRow[]): RestoreRow {
  const row = rows.find(({ tool }) => tool === 'proviseur')
  if (row === undefined) throw new Error('a measurement without us')
  return row
}

const ourTool = <Row extends { readonly tool: string }>(rows: readonly Row[]): Row | undefined =>
  rows.find(({ tool }) => tool === 'proviseur')

function stores(all: readonly StoreFigures[]): string {
  const rows = all.flatMap(({ fileSystem, imageBytes, usedBytes, rows: made }) => {
    const ours = ourTool(made)
    return made.map((row) => [
      `${fileSystem}, ${megabytes(imageBytes)}, ${megabytes(usedBytes)} used: ${names[row.tool]}`,
      megabytes(row.storedBytes),
      ratio(row.storedBytes, ours?.storedBytes ?? 0, 2),
      seconds(row.wallMs),
      ratio(row.wallMs, ours?.wallMs ?? 0, 2),
      seconds(row.cpuMs),
      megabytes(row.peakBytes),
    ])
  })
  const head = ['', 'stored', '÷ ours', 'made in', '÷ ours', 'CPU', 'memory (largest process)']
  return `
### Store: size and time

\`proviseur image import\` reads the used blocks, names, packs and stores each chunk of 1 MiB in a durable file of its own, and signs; \`partclone.ext4\` and
\`partclone.ntfs\` read the used blocks into one stream; *dd* stands for the raw partition, free space and all; \`casync make\` cuts the raw
partition at content-defined borders. Only ours and casync's hold what several images share once, and only ours waits until the image survives a power cut.

${table(head, rows)}`
}

const restoreColumns = ['wall', '', '÷ ours', 'CPU', 'cores busy', 'fetched', 'written', 'read', 'memory']

const restoreCells = (row: RestoreRow, ours: RestoreRow, usedBytes: number): readonly string[] => [
  seconds(row.wallMs),
  rate(usedBytes, row.wallMs),
  ratio(row.wallMs, ours.wallMs, 2),
  seconds(row.cpuMs),
  cores(row),
  tenths(row.fetchedBytes),
  tenths(row.writtenBytes),
  tenths(row.readBytes),
  megabytes(row.peakBytes),
]

/** What is small is shown as it is: nothing and a little are not the same. */
const tenths = (bytes: number): string => (bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : megabytes(bytes))

function restores(all: readonly RestoreFigures[]): string {
  const rows = all.flatMap((restore) => {
    const { usedBytes, pass, full } = restore
    const plain = (what: string, ms: number): readonly string[] => [
      `${diskName(restore)}: ${what} of ${megabytes(usedBytes)}`,
      seconds(ms),
      rate(usedBytes, ms),
      ratio(ms, ourRow(full).wallMs, 2),
      ...['', '', '', '', '', ''],
    ]
    return [
      plain('one plain write', pass.writeMs),
      plain('one plain read', pass.readMs),
      ...full.map((row) => [names[row.tool], ...restoreCells(row, ourRow(full), usedBytes)]),
    ]
  })
  return `
### Full restore

Onto a disk that holds something else. Ours fetches over HTTP from the store's server on loopback, as a PC does, checks what came, and
reads back and checks what was written; the others unpack a local file, and read nothing back. On this machine's own disk ours and the
plain passes are the median of ${all[0]?.repetitions ?? 0}; the slower disks are the same one, slowed down by the kernel for whoever uses it.

${table(['', ...restoreColumns], rows)}`
}

function deltas(all: readonly RestoreFigures[]): string {
  const rows = all.flatMap((restore) => {
    const { usedBytes, pass, deltas: found } = restore
    const plain = [`${diskName(restore)}: one plain read`, seconds(pass.readMs), rate(usedBytes, pass.readMs)]
    return [
      [...plain, ...['', '', '', '', '', '', '']],
      ...found.flatMap((delta) =>
        delta.rows.map((row) => [
          `${100 * delta.share} % changed: ${names[row.tool]}`,
          ...restoreCells(row, ourRow(delta.rows), usedBytes),
        ]),
      ),
    ]
  })
  const changed = all.flatMap(({ deltas: found }) => found.filter(({ share }) => share > 0).map(changedText))
  return `
### Delta and reset

The disk was right; then so much of its used bytes was overwritten with noise, in runs of 4 KiB to 4 MiB at random places, as many short
as long ones; the same places for every tool. ${changed.join(' ')}
rsync compares with the raw file (\`--inplace --no-whole-file --write-devices\`, both sides on this machine), casync takes the disk as its seed. Both know nothing of used blocks and look at
the whole partition. What casync fetched is told unpacked, by itself. 0 % for ours, and the plain read: median of ${all[0]?.repetitions ?? 0}.

${table(['', ...restoreColumns], rows)}`
}

const changedText = ({ share, changedBytes, chunks }: Delta): string =>
  `${100 * share} % are ${megabytes(changedBytes)} in ${count(chunks.count)} chunks, which hold ${megabytes(chunks.bytes)} and take ${megabytes(chunks.storedBytes)} in the store.`

function memory(wide: MemoryFigures, all: readonly RestoreFigures[]): string {
  const rows = [
    ...all
      .filter(({ disk }) => disk === ownDisk.name)
      .map(({ fileSystem, imageBytes, full, deltas: [unchanged] }) => [
        `${fileSystem}, ${gibibytes(imageBytes)}`,
        megabytes(ourRow(full).peakBytes),
        unchanged === undefined ? '' : megabytes(ourRow(unchanged.rows).peakBytes),
      ]),
    [
      `ext4, ${gibibytes(wide.imageBytes)}`,
      megabytes(wide.restored.peakBytes),
      megabytes(wide.unchanged.peakBytes),
    ],
  ]
  return `
### Memory

The most that was resident of the engine's process, Node itself included. The disk of ${gibibytes(wide.imageBytes)} is sparse, with
${megabytes(wide.usedBytes)} used; its import took ${megabytes(wide.imported.peakBytes)}.

${table(['disk', 'full restore', 'unchanged'], rows)}`
}

const boundOf = ({ linkMs, diskMs }: LinkRow): number => Math.max(linkMs, diskMs)
const linkName = ({ megabits, pcs }: LinkRow): string =>
  `${megabits >= 1000 ? `${megabits / 1000} Gbit/s` : `${megabits} Mbit/s`}, ${pcs} PC${pcs === 1 ? '' : 's'}`

function links(all: readonly LinkRow[]): string {
  const rows = all.map((row) => [
    linkName(row),
    megabytes(row.usedBytes),
    megabytes(row.fetchedBytes),
    seconds(row.linkMs),
    seconds(row.diskMs),
    seconds(row.wallMs),
    percent(boundOf(row), row.wallMs),
    rate(row.fetchedBytes * row.pcs, row.wallMs),
    seconds(row.cpuMs),
    cores(row),
  ])
  const head = [
    '',
    'used',
    'fetched by each',
    'link alone',
    'disk alone',
    'ours',
    'bound ÷ ours',
    'over the link',
    'CPU',
    'cores busy',
  ]
  return `
### Several PCs at once

Each PC is a network namespace with a cable to one bridge, with a blank disk (a file) of its own; the server's link is shaped (\`tbf\`). *Link alone* is one plain
HTTP download of as many bytes as all PCs fetched; *disk alone* is as many \`dd\` at once as there are PCs, past the page cache and flushed, of
the used bytes, on the disk that all the PCs' files lie on; the bound is the slower of the two. *Ours* ends when the last PC is done. All PCs
and the server share this machine's ${availableParallelism()} cores and its one disk, which each PC in a lycée has for itself: where *cores busy* comes near ${availableParallelism()}, the cores bound it.

${table(head, rows)}`
}
