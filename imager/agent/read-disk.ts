/** Orders that only read the disk: comparing it with its image, and making an image of it. */
import { tmpdir } from 'node:os'
import { isManifestDigest } from '../../imaging/digest.ts'
import { createHttpUpload } from '../../imaging/http-upload.ts'
import type { Job, Work } from '../../imaging/protocol.ts'
import type { ChunkSource } from '../../imaging/source.ts'
import { captureDisk } from '../engine/capture.ts'
import type { Target } from '../engine/make-equal.ts'
import { verifyPartitions } from '../engine/verify.ts'
import type { Disk } from './disks.ts'
import type { Performed } from './flow.ts'
import type { DiskTable } from './partition-table.ts'
import { failedWork, type Pc, type Report } from './pc.ts'
import { failed } from './result.ts'
import type { CheckedManifest } from './wanted-manifest.ts'

export type ReadParts = {
  readonly pc: Pc
  readonly job: Job
  readonly disk: Disk
  readonly table: DiskTable
  readonly report: Report
  readonly signal: AbortSignal
}

/**
 * Where the boot path is ours (there is a cache partition), `bios` and `esp` differ from the image by our loader, and are left out; each
 * reset makes them equal to what was sealed.
 */
export async function compareDisk(
  { job, disk, table, report, signal }: ReadParts,
  work: Extract<Work, { kind: 'verify' }>,
  { manifest }: CheckedManifest,
  source: ChunkSource,
): Promise<Performed> {
  const isOurs = work.layout.partitions.some(({ content }) => content === 'cache')
  const targets: Target[] = []
  for (const [index, { name, type, content }] of work.layout.partitions.entries()) {
    if (content !== 'image' || (isOurs && (type === 'bios' || type === 'esp'))) continue
    const image = manifest.partitions.find((partition) => partition.name === name)
    const found = table.partitions.find((partition) =>
      work.layout.table === 'gpt' ? partition.name === name : partition.number === index + 1,
    )
    if (image === undefined || found === undefined || found.sizeBytes < image.sizeBytes) {
      return failedWork(failed('layout-failed', `${disk.name}: ${name}`))
    }
    const { startBytes: offsetBytes, sizeBytes } = found
    targets.push({ partition: image, device: disk.device, offsetBytes, sizeBytes, bootable: 'plain' })
  }
  const compared = await verifyPartitions({
    targets,
    source,
    manifest,
    scratch: tmpdir(),
    report: report.progress,
    signal,
  })
  if (compared.ok) {
    const { tally, differences } = compared
    return { ok: true, report: { tally, differences, hostKeys: [] }, notes: [] }
  }
  const { reason, detail, tally } = compared
  return failedWork(failed(reason === 'aborted' ? 'program-error' : reason, detail[job.locale]), tally)
}

/** Only chunks that the site server lacks are sent. The draft of the manifest goes into the final report; the site signs nothing. */
export async function readDisk(
  { pc, job, disk, report, signal }: ReadParts,
  work: Extract<Work, { kind: 'capture' }>,
  of: string | undefined,
): Promise<Performed> {
  const { server } = pc.options
  if (server === undefined) return failedWork(failed('server-silent', 'proviseur.server='))
  const upload = createHttpUpload({ baseUrl: server, token: job.token })
  try {
    const captured = await captureDisk({
      device: disk.device,
      name: work.name,
      version: work.version,
      machine: job.machine,
      layout: work.layout,
      chunkBytes: work.chunkBytes,
      createdAt: `${new Date(pc.now()).toISOString().slice(0, 19)}Z`,
      upload,
      scratch: tmpdir(),
      report: report.progress,
      signal,
      ...(isManifestDigest(of) ? { of } : {}),
    })
    if (captured.ok) {
      const { tally, draft } = captured
      return { ok: true, report: { tally, draft, hostKeys: [] }, notes: [] }
    }
    const { reason, detail, tally } = captured
    return failedWork(failed(reason === 'aborted' ? 'program-error' : reason, detail[job.locale]), tally)
  } finally {
    upload.close()
  }
}
