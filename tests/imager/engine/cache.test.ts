import { copyFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { cacheHolds, type FillParts, fillCache } from '../../../imager/engine/fill-cache.ts'
import { makeSealedEqual, seal, sealedFiles } from '../../../imager/engine/sealed.ts'
import type { ManifestDigest } from '../../../imaging/digest.ts'
import { type ImageStore, openFolderStore } from '../../../imaging/folder-store.ts'
import { type Manifest, manifestFormat } from '../../../imaging/manifest.ts'
import { encodeManifest, manifestDigest } from '../../../imaging/manifest-codec.ts'
import { type ChunkSource, folderSource } from '../../../imaging/source.ts'
import { chunkPath } from '../../../imaging/store-paths.ts'
import { wholeMap } from '../../../imaging/used-map.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { equal, never, outcome, target } from './equal-parts.ts'
import { run } from './real-volumes.ts'
import {
  chunkBytes,
  firstWrongByte,
  folder,
  freshStore,
  randomBytes,
  randomMap,
  type SampleImage,
  storeImage,
} from './sample-image.ts'
import { simulatedDisk } from './simulated-disk.ts'

const manifestOf = (image: SampleImage, version: string): { manifest: Manifest; digest: ManifestDigest } => {
  const manifest: Manifest = {
    format: manifestFormat,
    name: 'debian-edu',
    version,
    createdAt: '2026-09-01T08:00:00Z',
    createdFrom: { kind: 'import', source: 'test' },
    chunkBytes,
    firmware: ['uefi'],
    disk: { table: 'gpt', id: '3D1B1C4E-8A7C-4B6F-9E0D-0123456789AB', sizeBytes: 2 ** 30, sectorBytes: 512 },
    partitions: [{ ...image.partition, guid: '4D1B1C4E-8A7C-4B6F-9E0D-0123456789AB' }],
  }
  return { manifest, digest: manifestDigest(encodeManifest(manifest)) }
}

const noNetwork: ChunkSource = {
  async *chunks(names) {
    if (names.length > 0) {
      yield {
        failure: { ok: false, code: 'source-silent', message: { en: 'no network', fr: 'pas de réseau' } },
      }
    }
  },
  list: () => Promise.resolve({ ok: false, code: 'source-silent', message: { en: 'no', fr: 'non' } }),
  map: () => Promise.resolve({ ok: false, code: 'source-silent', message: { en: 'no', fr: 'non' } }),
  manifest: () => Promise.resolve({ ok: false, code: 'source-silent', message: { en: 'no', fr: 'non' } }),
}

const scene = async (t: ExecutionContext, seed = 21) => {
  const store = await freshStore(t)
  const cache = await freshStore(t)
  const content = randomBytes(createRandom(seed), 60 * chunkBytes)
  const image = await storeImage(store, 'root', content, randomMap(createRandom(seed), content.length))
  const { manifest, digest } = manifestOf(image, '1')
  await cache.putManifest(digest, encodeManifest(manifest), 'signature')
  const disk = join(await folder(t), 'disk.img')
  await writeFile(disk, content)
  const fill = (over: Partial<FillParts> = {}) =>
    fillCache({
      cache,
      manifest,
      digest,
      network: folderSource(store),
      onDisk: [],
      keep: [],
      sealed: new Set(),
      reserveBytes: 0,
      report: () => undefined,
      signal: never,
      ...over,
    })
  return { store, cache, image, manifest, digest, disk, fill, content }
}

/** A reset without network onto a blank disk: what the cache is for. */
const resetsFrom = async (t: ExecutionContext, cache: ImageStore, image: SampleImage): Promise<void> => {
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  const result = await equal({
    targets: [target(image)],
    source: noNetwork,
    cache: openFolderStore(cache.folder),
    openDevice: disk.open,
  })
  t.is(outcome(result), 'ok')
  t.is(firstWrongByte(image, new Uint8Array(image.content.length), disk.bytes), undefined)
}

test('a cache filled from the network resets a disk without one', async (t) => {
  const { cache, image, digest, fill } = await scene(t)

  t.false(await cacheHolds(cache, digest))
  t.is(outcome(await fill()), 'ok')

  t.true(await cacheHolds(cache, digest))
  await resetsFrom(t, cache, image)
})

test('a cache is filled from the disk’s own partitions: only lists and maps come over the network', async (t) => {
  const { store, cache, image, digest, disk, fill } = await scene(t)
  const network = { ...folderSource(store), chunks: noNetwork.chunks }

  t.is(outcome(await fill({ network, onDisk: [target(image, { device: disk })] })), 'ok')

  t.true(await cacheHolds(cache, digest))
  await resetsFrom(t, cache, image)
})

test('what the disk has changed comes over the network', async (t) => {
  const { cache, image, disk, content, fill } = await scene(t)
  const changed = Uint8Array.from(content)
  changed.fill(9, 5 * chunkBytes, 9 * chunkBytes)
  await writeFile(disk, changed)

  t.is(outcome(await fill({ onDisk: [target(image, { device: disk })] })), 'ok')

  await resetsFrom(t, cache, image)
})

test('a restore leaves in the cache what it fetched', async (t) => {
  const { store, cache, image, digest, fill } = await scene(t)
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  t.is(
    outcome(
      await equal({
        targets: [target(image)],
        source: folderSource(store),
        cache,
        openDevice: disk.open,
      }),
    ),
    'ok',
  )

  t.is(outcome(await fill({ network: noNetwork })), 'ok')
  t.true(await cacheHolds(cache, digest))
})

test('chunks of an image that is no longer wanted go, those of a seal and of kept images stay', async (t) => {
  const { cache, image, fill } = await scene(t)
  const old = await storeImage(
    cache,
    'root',
    randomBytes(createRandom(77), 8 * chunkBytes),
    wholeMap(8 * chunkBytes),
  )
  const kept = await storeImage(
    cache,
    'root',
    randomBytes(createRandom(78), 8 * chunkBytes),
    wholeMap(8 * chunkBytes),
  )
  const other = manifestOf(kept, 'kept')
  await cache.putManifest(other.digest, encodeManifest(other.manifest), 'signature')
  const oldManifest = manifestOf(old, 'old')
  await cache.putManifest(oldManifest.digest, encodeManifest(oldManifest.manifest), 'signature')
  const place = await folder(t)
  const boot = join(place, 'boot.img')
  await writeFile(boot, randomBytes(createRandom(79), 2_000_384))
  const range = { name: 'bios', device: boot, offsetBytes: 0, sizeBytes: 2_000_384 }
  const seals = join(place, 'sealed')
  t.is(
    outcome(
      await seal({ ...range, store: cache, folder: seals, fileSystem: 'raw', scratch: place, signal: never }),
    ),
    'ok',
  )

  const filled = await fill({
    keep: [other.digest],
    sealed: await sealedFiles(cache, seals, ['bios']),
  })

  t.is(outcome(filled), 'ok')
  const names = (one: SampleImage) => one.names.filter((name) => name !== undefined)
  t.is((await cache.missingChunks(names(old))).length, 8)
  t.deepEqual(await cache.missingChunks(names(kept)), [])
  t.deepEqual(await cache.missingChunks(names(image)), [])
  t.false((await cache.readManifest(oldManifest.digest)).ok)
  t.is(
    outcome(
      await makeSealedEqual({
        store: cache,
        folder: seals,
        ranges: [range],
        report: () => undefined,
        signal: never,
      }),
    ),
    'ok',
  )
})

test('a seal puts back what was overwritten, and touches nothing else', async (t) => {
  const cache = await freshStore(t)
  const place = await folder(t)
  const file = join(place, 'esp.img')
  await writeFile(file, '')
  await truncate(file, 34 * 2 ** 20)
  await run('mkfs.vfat', '-F', '32', file)
  await writeFile(join(place, 'grub.cfg'), 'menuentry')
  await run('mcopy', '-i', file, join(place, 'grub.cfg'), '::/grub.cfg')
  const seals = join(place, 'sealed')
  const range = { name: 'esp', device: file, offsetBytes: 0, sizeBytes: 34 * 2 ** 20 }
  t.is(
    outcome(
      await seal({
        ...range,
        store: cache,
        folder: seals,
        fileSystem: 'vfat',
        scratch: place,
        signal: never,
      }),
    ),
    'ok',
  )
  const again = () =>
    makeSealedEqual({ store: cache, folder: seals, ranges: [range], report: () => undefined, signal: never })
  const intact = await again()
  t.is(intact.tally.written, 0)
  await copyFile(file, join(place, 'before.img'))
  await run('mdel', '-i', file, '::/grub.cfg')

  const mended = await again()

  t.is(outcome(mended), 'ok')
  t.true(mended.tally.written > 0)
  t.is(await run('mtype', '-i', file, '::/grub.cfg'), 'menuentry')
})

test('boot code that ends inside a sector is sealed and put back, and its neighbours are left alone', async (t) => {
  const cache = await freshStore(t)
  const place = await folder(t)
  const disk = join(place, 'disk.img')
  const before = randomBytes(createRandom(5), 1_048_576)
  await writeFile(disk, before)
  const seals = join(place, 'sealed')
  const range = { name: 'mbr', device: disk, offsetBytes: 0, sizeBytes: 440 }
  const scratch = place
  t.is(
    outcome(await seal({ ...range, store: cache, folder: seals, fileSystem: 'raw', scratch, signal: never })),
    'ok',
  )
  const damaged = Uint8Array.from(before)
  damaged.fill(0, 0, 512)
  await writeFile(disk, damaged)

  const mended = await makeSealedEqual({
    store: cache,
    folder: seals,
    ranges: [range],
    report: () => undefined,
    signal: never,
  })

  t.is(outcome(mended), 'ok')
  const wanted = Uint8Array.from(before)
  wanted.fill(0, 440, 512)
  t.is(Buffer.compare(await readFile(disk), wanted), 0)
})

test('without a seal it is said', async (t) => {
  const place = await folder(t)
  const result = await makeSealedEqual({
    store: await freshStore(t),
    folder: place,
    ranges: [{ name: 'esp', device: '/dev/null', offsetBytes: 0, sizeBytes: 512 }],
    report: () => undefined,
    signal: never,
  })
  t.is(result.ok ? 'ok' : result.reason, 'list-missing')
})

test('chunks that a power cut tore are found before they are needed', async (t) => {
  const { cache, image, digest, fill } = await scene(t)
  t.is(outcome(await fill()), 'ok')
  const torn = image.names.filter((name) => name !== undefined).slice(0, 3)
  for (const name of torn) await truncate(join(cache.folder, chunkPath(name)), 10_000)
  // As a start of the machine before this one would have left it.
  await writeFile(join(cache.folder, 'unsynced'), '00000000-0000-0000-0000-000000000000\n')

  t.false(await cacheHolds(cache, digest))
  t.is(outcome(await fill()), 'ok')

  t.true(await cacheHolds(cache, digest))
  await resetsFrom(t, cache, image)
})

test('a cache partition that is too small keeps what fits, and says so', async (t) => {
  const { store, image, manifest, digest, fill } = await scene(t)
  const place = await folder(t)
  const small = join(place, 'mounted')
  const file = join(place, 'cache.img')
  await writeFile(file, '')
  await truncate(file, 1.5 * 2 ** 20)
  await run('mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-F', file)
  await run('mkdir', small)
  await run('mount', '-o', 'loop', file, small)
  t.teardown(() => run('umount', '-l', small))
  const cache = openFolderStore(small)
  await cache.putManifest(digest, encodeManifest(manifest), 'signature')

  const filled = await fill({ cache })

  t.is(filled.ok ? 'ok' : filled.reason, 'store-full')
  t.false(await cacheHolds(cache, digest))
  // What it has is of use: the rest comes over the network.
  const disk = simulatedDisk(new Uint8Array(image.content.length))
  const restored = await equal({
    targets: [target(image)],
    source: folderSource(store),
    cache,
    openDevice: disk.open,
  })
  t.is(outcome(restored), 'ok')
  t.true(restored.tally.fromCache > 0 && restored.tally.fetched > 0)
  await rm(join(small, 'chunks'), { recursive: true })
  t.deepEqual((await readdir(small)).includes('chunks'), false)
})
