import { join } from 'node:path'
import { removeIfThere } from './atomic-file.ts'
import { openChunk } from './codec.ts'
import type { ChunkName, ManifestDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import { chunksOf, openContents } from './image-contents.ts'
import type { Manifest } from './manifest.ts'
import { parseManifest } from './manifest-codec.ts'
import type { Refusal } from './refusal.ts'
import { verifyBytes } from './signature.ts'
import { chunkPath, type ImageLabel } from './store-paths.ts'
import { parseUsedMap } from './used-map.ts'

export type Fault = {
  /** The image in which it was found first, and the partition, if it is in one. */
  readonly image: string
  readonly partition?: string
  readonly code:
    | 'manifest-missing'
    | 'manifest-damaged'
    | 'manifest-signature-wrong'
    | 'list-missing'
    | 'list-damaged'
    | 'map-missing'
    | 'map-damaged'
    | 'chunk-missing'
    | 'chunk-damaged'
  /** Relative to the store. */
  readonly path: string
}

export type Verified = {
  readonly images: readonly { readonly image: string; readonly sound: boolean }[]
  readonly chunks: number
  /** Read from the store. */
  readonly storedBytes: number
  readonly faults: readonly Fault[]
  /** Files of damaged chunks that were removed. */
  readonly removed: number
}

export type Verification = {
  /** Undefined: every version. */
  readonly only?: readonly ImageLabel[]
  /** SPKI PEM of whoever may sign. Undefined: signatures are not looked at. */
  readonly publicKeyPem?: string
  /** Damaged chunks are removed, so that the next import, capture or transfer brings them anew. */
  readonly removeDamaged: boolean
  readonly onProgress: (image: string, doneChunks: number, totalChunks: number) => void
  readonly signal?: AbortSignal
}

/** Reads everything that the images need, each chunk once, and checks every byte of it against its name. */
export const verifyStore = async (store: ImageStore, verification: Verification): Promise<Verified> => {
  const pointers = await store.pointers()
  const run = new Run(store, verification)
  for (const [label, digest] of pointers)
    if (verification.only === undefined || verification.only.includes(label)) await run.image(label, digest)
  return run.result()
}

class Run {
  readonly store: ImageStore
  readonly verification: Verification
  readonly faults: Fault[] = []
  readonly images: { image: string; sound: boolean }[] = []
  /** Chunks that were looked at, and whether they were sound. */
  readonly seen = new Map<ChunkName, boolean>()
  storedBytes = 0
  removed = 0

  constructor(store: ImageStore, verification: Verification) {
    this.store = store
    this.verification = verification
  }

  async image(label: ImageLabel, digest: ManifestDigest): Promise<void> {
    const before = this.faults.length
    const manifest = await this.manifest(label, digest)
    const sound = manifest === undefined ? false : await this.contents(label, manifest)
    this.images.push({ image: label, sound: sound && this.faults.length === before })
  }

  async manifest(label: ImageLabel, digest: ManifestDigest): Promise<Manifest | undefined> {
    const path = `manifests/${digest}.json`
    const read = await this.store.readManifest(digest)
    if (!read.ok) {
      this.fault(label, read.code === 'damaged' ? 'manifest-damaged' : 'manifest-missing', path)
      return undefined
    }
    const parsed = parseManifest(read.value.bytes)
    if (!parsed.ok) {
      this.fault(label, 'manifest-damaged', path)
      return undefined
    }
    const { publicKeyPem } = this.verification
    if (publicKeyPem !== undefined && !verifyBytes(publicKeyPem, read.value.bytes, read.value.signature))
      this.fault(label, 'manifest-signature-wrong', `manifests/${digest}.sig`)
    return parsed.manifest
  }

  async contents(label: ImageLabel, manifest: Manifest): Promise<boolean> {
    for (const partition of manifest.partitions) await this.map(label, partition)
    const contents = await openContents(this.store, manifest)
    if (!contents.ok) {
      await this.lists(label, manifest, contents)
      return false
    }
    const total = contents.value.reduce((sum, { list }) => sum + list.length, 0)
    let done = 0
    let sound = true
    for (const each of contents.value) {
      for (const { index, name, bytes } of chunksOf(each, manifest.chunkBytes)) {
        this.verification.signal?.throwIfAborted()
        if (!(await this.chunk(label, each.name, name, bytes))) sound = false
        if (index % 16 === 0) this.verification.onProgress(label, done + index, total)
      }
      done += each.list.length
    }
    this.verification.onProgress(label, total, total)
    return sound
  }

  async map(label: ImageLabel, partition: Manifest['partitions'][number]): Promise<void> {
    const read = await this.store.readMap(partition.map)
    const path = `maps/${partition.map}`
    if (!read.ok)
      return this.fault(label, read.code === 'missing' ? 'map-missing' : 'map-damaged', path, partition.name)
    const parsed = parseUsedMap(read.value, partition.sizeBytes)
    if (!parsed.ok || parsed.map.usedBytes !== partition.usedBytes)
      this.fault(label, 'map-damaged', path, partition.name)
  }

  /** Which of the lists it was. */
  async lists(label: ImageLabel, { disk, partitions }: Manifest, why: Refusal): Promise<void> {
    const before = this.faults.length
    for (const { name, list } of [
      ...(disk.gap ? [{ name: 'mbr', list: disk.gap.list }] : []),
      ...partitions,
    ]) {
      const read = await this.store.readList(list)
      if (!read.ok)
        this.fault(label, read.code === 'missing' ? 'list-missing' : 'list-damaged', `lists/${list}`, name)
    }
    // All there and whole, but of another length than the manifest's sizes.
    if (this.faults.length === before) this.fault(label, 'list-damaged', why.message.en)
  }

  async chunk(label: ImageLabel, partition: string, name: ChunkName, bytes: number): Promise<boolean> {
    const known = this.seen.get(name)
    if (known !== undefined) return known
    const path = chunkPath(name)
    const compressed = await this.store.readChunk(name)
    const sound = compressed !== undefined && openChunk(name, compressed, bytes).ok
    this.seen.set(name, sound)
    this.storedBytes += compressed?.length ?? 0
    if (sound) return true
    this.fault(label, compressed === undefined ? 'chunk-missing' : 'chunk-damaged', path, partition)
    if (compressed !== undefined && this.verification.removeDamaged)
      if (await removeIfThere(join(this.store.folder, path))) this.removed += 1
    return false
  }

  fault(image: string, code: Fault['code'], path: string, partition?: string): void {
    this.faults.push({ image, code, path, ...(partition === undefined ? {} : { partition }) })
  }

  result(): Verified {
    const { images, faults, storedBytes, removed } = this
    return { images, faults, storedBytes, removed, chunks: this.seen.size }
  }
}
