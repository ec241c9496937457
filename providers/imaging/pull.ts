/**
 * A site's store fetches an image version from an origin: the manifest, whose signature must be the park's, then lists, maps and the
 * chunks that are not there yet, each checked before it is stored. The manifest and the version's name come last, so that whoever finds
 * them finds all of it. Stopped at any point, by whatever, the next pull goes on with what is there.
 */
import { openChunkOfAnySize } from '../../imaging/codec.ts'
import type { ChunkName, ManifestDigest } from '../../imaging/digest.ts'
import type { ImageStore, Put } from '../../imaging/folder-store.ts'
import { chunksOf, openContents, openManifest } from '../../imaging/image-contents.ts'
import type { Manifest } from '../../imaging/manifest.ts'
import { parseManifest } from '../../imaging/manifest-codec.ts'
import { checkComplete } from '../../imaging/publish.ts'
import { type Refusal, type Result, refuse, right } from '../../imaging/refusal.ts'
import { verifyBytes } from '../../imaging/signature.ts'
import type { ChunkSource, Fetched, SignedManifest } from '../../imaging/source.ts'
import type { ImageLabel } from '../../imaging/store-paths.ts'
import type { Clock } from '../../reconciler/ports.ts'

export type PullParts = {
  readonly from: ChunkSource
  readonly into: ImageStore
  /** The park's public key, SPKI PEM or 32 bytes. */
  readonly parkKey: string | Uint8Array
  /** For the pause before a damaged chunk is asked for again. */
  readonly clock: Clock
  /** Requests at the same time; bandwidth is limited in the source (`onBytes`). */
  readonly streams?: number
  readonly onProgress?: (progress: PullProgress) => void
}

export type PullProgress = {
  /** Chunks of the version, and those of them that are in the store. */
  readonly chunks: number
  readonly stored: number
  /** Compressed bytes that came in this run. */
  readonly fetchedBytes: number
}

export type Pulled = {
  readonly manifest: Manifest
  readonly fetchedChunks: number
  /** Compressed. */
  readonly fetchedBytes: number
}

/** Names of one request. Small, so that several requests share the work evenly and a kill loses little. */
const batchNames = 64

/** A chunk that comes damaged again and again is damaged at the origin, not on its way. */
const triesOfChunk = 3
const pauseMs = 500

/** What is refused says why, and leaves what is stored already; an abort rejects with the signal's reason. */
export async function pullImage(
  parts: PullParts,
  wanted: { readonly label: ImageLabel; readonly digest: ManifestDigest },
  signal: AbortSignal,
): Promise<Result<Pulled>> {
  const { into } = parts
  const described = await describe(parts, wanted, signal)
  if (!described.ok) return described
  const { manifest, bytes, signature } = described.value
  const outlined = await bringOutlines(parts, manifest, signal)
  if (!outlined.ok) return outlined
  const contents = await openContents(into, manifest)
  if (!contents.ok) return contents
  const names = new Set<ChunkName>()
  for (const one of contents.value) for (const { name } of chunksOf(one, manifest.chunkBytes)) names.add(name)
  const fetched = await fetchChunks(parts, manifest, names, signal)
  if (!fetched.ok) return fetched
  const complete = await checkComplete(into, manifest)
  if (!complete.ok) return complete
  const stored = await into.putManifest(wanted.digest, bytes, signature)
  if (!stored.ok) return stored
  const named = await into.setPointer(wanted.label, wanted.digest)
  return named.ok ? right({ manifest, ...fetched.value }) : named
}

/** Whether every byte that a restore of this image asks for is in the store; contents are not read. */
export async function isComplete(store: ImageStore, digest: ManifestDigest): Promise<boolean> {
  const manifest = await openManifest(store, digest)
  return manifest.ok && (await checkComplete(store, manifest.value)).ok
}

/** The manifest, of the wanted digest and version, under the park's signature; from the store if it is there already. */
async function describe(
  { from, into, parkKey }: PullParts,
  { label, digest }: { readonly label: ImageLabel; readonly digest: ManifestDigest },
  signal: AbortSignal,
): Promise<Result<SignedManifest & { readonly manifest: Manifest }>> {
  const here = await into.readManifest(digest)
  const trusted = here.ok && verifyBytes(parkKey, here.value.bytes, here.value.signature)
  const fetched = trusted ? here : await from.manifest(digest, signal)
  if (!fetched.ok) return fetched
  const { bytes, signature } = fetched.value
  if (!verifyBytes(parkKey, bytes, signature)) return signatureWrong(label)
  const parsed = parseManifest(bytes)
  if (!parsed.ok) return parsed
  const { manifest } = parsed
  const said = `${manifest.name}@${manifest.version}`
  return said === label ? right({ manifest, bytes, signature }) : versionWrong(label, said)
}

/** Lists and maps. */
async function bringOutlines(
  { from, into }: PullParts,
  { disk, partitions }: Manifest,
  signal: AbortSignal,
): Promise<Result<undefined>> {
  const lists = [...(disk.gap === undefined ? [] : [disk.gap.list]), ...partitions.map(({ list }) => list)]
  for (const digest of new Set(lists)) {
    if ((await into.readList(digest)).ok) continue
    const stored = await storeAs(await from.list(digest, signal), (bytes) => into.putList(digest, bytes))
    if (!stored.ok) return stored
  }
  for (const digest of new Set(partitions.map(({ map }) => map))) {
    if ((await into.readMap(digest)).ok) continue
    const stored = await storeAs(await from.map(digest, signal), (bytes) => into.putMap(digest, bytes))
    if (!stored.ok) return stored
  }
  return right(undefined)
}

async function storeAs(
  fetched: Fetched<Uint8Array>,
  put: (bytes: Uint8Array) => Promise<Put>,
): Promise<Result<undefined>> {
  if (!fetched.ok) return fetched
  const stored = await put(fetched.value)
  return stored.ok ? right(undefined) : stored
}

async function fetchChunks(
  parts: PullParts,
  manifest: Manifest,
  names: ReadonlySet<ChunkName>,
  signal: AbortSignal,
): Promise<Result<Omit<Pulled, 'manifest'>>> {
  const lacking = await parts.into.missingChunks(names)
  const failing = new AbortController()
  const either = AbortSignal.any([signal, failing.signal])
  let next = 0
  let chunks = 0
  let bytes = 0
  let failure: Refusal | undefined
  const tell = () =>
    parts.onProgress?.({
      chunks: names.size,
      stored: names.size - lacking.length + chunks,
      fetchedBytes: bytes,
    })
  const took = (length: number) => {
    chunks++
    bytes += length
    tell()
  }

  async function stream(): Promise<void> {
    while (next < lacking.length && failure === undefined) {
      const some = lacking.slice(next, next + batchNames)
      next += some.length
      const failed = await fetchSome(parts, manifest.chunkBytes, some, took, either)
      if (failed === undefined) continue
      failure ??= failed
      failing.abort()
    }
  }

  tell()
  const streams = Array.from({ length: parts.streams ?? 3 }, stream)
  const ended = await Promise.allSettled(streams)
  signal.throwIfAborted()
  if (failure !== undefined) return failure
  for (const one of ended) if (one.status === 'rejected') throw one.reason
  return right({ fetchedChunks: chunks, fetchedBytes: bytes })
}

/** Damaged chunks are asked for again, by themselves: the wire may have done it. */
async function fetchSome(
  { from, into, clock }: PullParts,
  chunkBytes: number,
  names: readonly ChunkName[],
  took: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  let left = names
  for (let attempt = 1; left.length > 0; attempt++) {
    const damaged: ChunkName[] = []
    for await (const item of from.chunks(left, signal)) {
      if ('failure' in item) return item.failure
      if ('missing' in item) return missingAtOrigin(item.name)
      if (!openChunkOfAnySize(item.name, item.compressed, chunkBytes).ok) {
        damaged.push(item.name)
        continue
      }
      const put = await into.putChunk(item.name, item.compressed)
      if (!put.ok) return put
      took(item.compressed.length)
    }
    const [first] = damaged
    if (first !== undefined && attempt >= triesOfChunk) return chunkDamaged(first)
    left = damaged
    if (first !== undefined) await clock.sleep(pauseMs * attempt, signal)
    signal.throwIfAborted()
  }
  return undefined
}

const signatureWrong = (label: string): Refusal =>
  refuse(
    'manifest-signature-wrong',
    `The manifest of ${label} at the origin is not signed by this park's key: nothing was fetched. Sign it in this park (proviseur image import), or check which origin this site asks.`,
    `Le manifeste de ${label} à l’origine n’est pas signé par la clé de ce parc\u00a0: rien n’a été récupéré. Signez-le dans ce parc (proviseur image import), ou vérifiez quelle origine ce site interroge.`,
  )

const versionWrong = (label: string, said: string): Refusal =>
  refuse(
    'manifest-not-the-planned-one',
    `The digest wanted for ${label} is that of ${said}: correct the digest in the image's spec.`,
    `L’empreinte voulue pour ${label} est celle de ${said}\u00a0: corrigez l’empreinte dans la spécification de l’image.`,
  )

const missingAtOrigin = (name: string): Refusal =>
  refuse(
    'chunk-missing',
    `The origin does not have chunk ${name} of this image: run proviseur image verify there, then import the image again.`,
    `L’origine n’a pas le bloc ${name} de cette image\u00a0: lancez-y proviseur image verify, puis importez l’image de nouveau.`,
  )

const chunkDamaged = (name: string): Refusal =>
  refuse(
    'chunk-damaged',
    `Chunk ${name} arrived damaged ${triesOfChunk} times: it was not stored. Run proviseur image verify at the origin; if it is sound there, something on the way changes what passes.`,
    `Le bloc ${name} est arrivé endommagé ${triesOfChunk} fois\u00a0: il n’a pas été enregistré. Lancez proviseur image verify à l’origine\u00a0; si tout y est sain, un équipement modifie les données en chemin.`,
  )
