/** The manifest that a job names: fetched, and believed only if it is the very one, whole, and signed by the park. */

import { isManifestDigest, type ManifestDigest } from '../../imaging/digest.ts'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { createExchange } from '../../imaging/http-exchange.ts'
import type { Manifest } from '../../imaging/manifest.ts'
import { parseManifest } from '../../imaging/manifest-codec.ts'
import { verifyBytes } from '../../imaging/signature.ts'
import type { ChunkSource, SignedManifest, SourceFailure } from '../../imaging/source.ts'
import { describeTargets } from '../engine/make-equal.ts'
import { readWhole } from './desk-client.ts'
import { done, failed, type Result } from './result.ts'

export type CheckedManifest = SignedManifest & {
  readonly digest: ManifestDigest
  readonly manifest: Manifest
}

export async function wantedManifest(
  digest: string,
  source: Pick<ChunkSource, 'manifest'>,
  parkKey: string,
  server: string | undefined,
  signal: AbortSignal,
): Promise<Result<CheckedManifest>> {
  if (!isManifestDigest(digest)) return failed('manifest-missing', digest)
  const fetched = await source.manifest(digest, signal)
  if (!fetched.ok) return whyNot(digest, fetched, parkKey, server, signal)
  const { bytes, signature } = fetched.value
  if (!verifyBytes(parkKey, bytes, signature)) return failed('manifest-signature-wrong', digest)
  const parsed = parseManifest(bytes)
  if (!parsed.ok) return failed('manifest-damaged', parsed.message.en)
  return done({ bytes, signature, digest, manifest: parsed.manifest })
}

/**
 * That every list and used map of the image is there and right, before the first byte of a disk changes. A server that is silent now
 * refuses nothing: what is really needed may be in the PC's cache.
 */
export async function checkContents(
  { manifest }: CheckedManifest,
  source: Pick<ChunkSource, 'list' | 'map'>,
  signal: AbortSignal,
): Promise<Result<void>> {
  for (const partition of manifest.partitions) {
    const { sizeBytes } = partition
    const target = { partition, device: '', offsetBytes: 0, sizeBytes, bootable: 'plain' } as const
    const described = await describeTargets([target], manifest.chunkBytes, source, signal)
    if (described.ok) continue
    const { reason } = described.failure
    if (reason === 'server-silent' || reason === 'aborted') return done(undefined)
    return failed(reason, `${partition.name}: ${partition.list}, ${partition.map}`)
  }
  return done(undefined)
}

/** Puts a checked manifest into the PC's cache, where a reset without a network finds it. */
export async function keepManifest(
  folder: string,
  { digest, bytes, signature }: CheckedManifest,
): Promise<Result<void>> {
  const put = await openFolderStore(folder).putManifest(digest, bytes, signature)
  return put.ok ? done(undefined) : failed('store-full', folder)
}

async function whyNot(
  digest: string,
  failure: SourceFailure,
  parkKey: string,
  server: string | undefined,
  signal: AbortSignal,
): Promise<Result<never>> {
  const detail = failure.detail ?? digest
  switch (failure.code) {
    case 'missing':
      return failed('manifest-missing', digest)
    case 'source-silent':
    case 'source-refused':
      return failed('server-silent', detail)
    case 'damaged':
      return failed(
        server !== undefined && (await isAnother(digest, parkKey, server, signal))
          ? 'manifest-not-the-planned-one'
          : 'manifest-damaged',
        digest,
      )
  }
}

/** Whether under this name there is another manifest, which the park once signed: not an accident of a disk, but somebody's doing. */
async function isAnother(
  digest: string,
  parkKey: string,
  server: string,
  signal: AbortSignal,
): Promise<boolean> {
  const exchange = createExchange({ baseUrl: server, connections: 1 })
  const read = async (name: string) => {
    const reply = await exchange.send({ method: 'GET', path: `/store/manifests/${name}` }, signal)
    if (reply.kind === 'lost') return undefined
    const body = await readWhole(reply.body, 1024 * 1024)
    return reply.status === 200 && body.ok ? body.value : undefined
  }
  try {
    const bytes = await read(`${digest}.json`)
    const signature = await read(`${digest}.sig`)
    return (
      bytes !== undefined &&
      signature !== undefined &&
      verifyBytes(parkKey, bytes, Buffer.from(signature).toString('utf8'))
    )
  } finally {
    exchange.close()
  }
}
