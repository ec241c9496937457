import { copyFile, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type CaptureParts, captureDisk } from '../../../imager/engine/capture.ts'
import { makeEqual } from '../../../imager/engine/make-equal.ts'
import type { ChunkUpload } from '../../../imager/engine/uploader.ts'
import { defaultChunkBytes } from '../../../imaging/chunk-list.ts'
import type { ImageStore } from '../../../imaging/folder-store.ts'
import type { Manifest } from '../../../imaging/manifest.ts'
import type { Layout } from '../../../imaging/protocol.ts'
import { finishCapture } from '../../../imaging/publish.ts'
import { createSigningKey } from '../../../imaging/signature.ts'
import { folderSource } from '../../../imaging/source.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { never, outcome } from './equal-parts.ts'
import { ext4Volume, ntfsVolume, run, someFiles, withVolume } from './real-volumes.ts'
import { folder, freshStore, randomBytes } from './sample-image.ts'

const mebibyte = 2 ** 20
const rootBytes = 48 * mebibyte
const windowsBytes = 40 * mebibyte

const layout: Layout = {
  table: 'gpt',
  partitions: [
    { name: 'root', type: 'linux', sizeBytes: rootBytes, content: 'image', os: 'debian' },
    { name: 'windows', type: 'windows', sizeBytes: windowsBytes, content: 'image', os: 'windows' },
  ],
}

/** A disk with a Debian root and a Windows partition, each with files. */
const disk = async (t: ExecutionContext) => {
  const place = await folder(t)
  const [file, root, windows] = ['disk.img', 'root.img', 'windows.img'].map((name) => join(place, name))
  if (file === undefined || root === undefined || windows === undefined) throw new Error('no paths')
  await ext4Volume(root, rootBytes, someFiles(createRandom(31), 40, 300_000))
  await ntfsVolume(windows, windowsBytes, someFiles(createRandom(32), 20, 200_000))
  await writeFile(file, '')
  await truncate(file, 100 * mebibyte)
  await writeFile(
    join(place, 'table'),
    `label: gpt\nlabel-id: 3D1B1C4E-8A7C-4B6F-9E0D-0123456789AB\nstart=2048, size=${rootBytes / 512}, type=L\nstart=${2048 + rootBytes / 512}, size=${windowsBytes / 512}, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n`,
  )
  await run('sh', '-c', `sfdisk --quiet ${file} < ${join(place, 'table')}`)
  const put = async () => {
    await paste(root, file, mebibyte)
    await paste(windows, file, mebibyte + rootBytes)
  }
  await put()
  return { place, file, root, windows, put }
}

const paste = async (from: string, to: string, at: number): Promise<void> => {
  const handle = await open(to, 'r+')
  const bytes = await readFile(from)
  await handle.write(bytes, 0, bytes.length, at)
  await handle.close()
}

/** A server's store, as the uploads reach it. */
const uploadTo = (store: ImageStore, sent: string[]): ChunkUpload => {
  const stored = async (put: Promise<{ readonly ok: boolean }>) => {
    if (!(await put).ok) throw new Error('the store did not take it')
    return { ok: true, value: undefined } as const
  }
  return {
    missing: async (names) => ({ ok: true, value: await store.missingChunks(names) }),
    putChunk: (name, compressed) => {
      sent.push(name)
      // The engine lends its buffer until the upload has ended.
      return stored(store.putChunk(name, Uint8Array.from(compressed)))
    },
    putList: (digest, bytes) => stored(store.putList(digest, bytes)),
    putMap: (digest, bytes) => stored(store.putMap(digest, bytes)),
  }
}

const parts = (place: string, device: string, upload: ChunkUpload, version = '1'): CaptureParts => ({
  device,
  name: 'salle-info',
  version,
  machine: 'hugo/b204-01',
  layout,
  chunkBytes: defaultChunkBytes,
  createdAt: '2026-09-01T08:00:00Z',
  upload,
  scratch: place,
  report: () => undefined,
  signal: never,
})

const restore = async (
  t: ExecutionContext,
  store: ImageStore,
  manifest: Manifest,
  device: string,
): Promise<void> => {
  const offsets = [mebibyte, mebibyte + rootBytes]
  const result = await makeEqual({
    targets: manifest.partitions.map((partition, index) => ({
      partition,
      device,
      offsetBytes: offsets[index] ?? 0,
      sizeBytes: partition.sizeBytes,
      bootable: 'system' as const,
    })),
    source: folderSource(store),
    manifest,
    report: () => undefined,
    signal: never,
  })
  t.is(outcome(result), 'ok')
}

test('a captured disk, restored elsewhere, has the same files; the source is only read', async (t) => {
  const { place, file } = await disk(t)
  const store = await freshStore(t)
  const before = await readFile(file)
  const sent: string[] = []

  const captured = await captureDisk(parts(place, file, uploadTo(store, sent)))

  if (!captured.ok) return t.fail(outcome(captured))
  t.is(Buffer.compare(before, await readFile(file)), 0)
  t.is(new Set(sent).size, sent.length)
  t.true((await finishCapture(store, captured.draft, createSigningKey().privateKeyPem)).ok)
  t.is(captured.draft.disk.id, '3D1B1C4E-8A7C-4B6F-9E0D-0123456789AB')
  t.deepEqual(
    captured.draft.partitions.map(({ name, fileSystem, os }) => [name, fileSystem.kind, os]),
    [
      ['root', 'ext4', 'debian'],
      ['windows', 'ntfs', 'windows'],
    ],
  )
  const other = join(place, 'other.img')
  await writeFile(other, randomBytes(createRandom(33), 100 * mebibyte))
  await restore(t, store, captured.draft, other)
  const [root, windows] = [join(place, 'r.img'), join(place, 'w.img')]
  const restored = await readFile(other)
  await writeFile(root, restored.subarray(mebibyte, mebibyte + rootBytes))
  await writeFile(windows, restored.subarray(mebibyte + rootBytes, mebibyte + rootBytes + windowsBytes))
  await run('e2fsck', '-fn', root)
  for (const [volume, kind, files] of [
    [root, 'ext4', someFiles(createRandom(31), 40, 300_000)],
    [windows, 'ntfs', someFiles(createRandom(32), 20, 200_000)],
  ] as const) {
    await withVolume(volume, kind, async (mounted) => {
      for (const [path, content] of files) {
        t.is(Buffer.compare(await readFile(join(mounted, path)), content), 0, `${kind} ${path}`)
      }
    })
  }
})

test('a second capture after a small change sends the changed chunks only', async (t) => {
  const { place, file, root, put } = await disk(t)
  const store = await freshStore(t)
  const [first, second]: [string[], string[]] = [[], []]
  const one = await captureDisk(parts(place, file, uploadTo(store, first)))
  await copyFile(root, join(place, 'changed.img'))
  await withVolume(root, 'ext4', (mounted) => writeFile(join(mounted, 'nouveau'), 'salle B204\n'))
  await put()

  const two = await captureDisk(parts(place, file, uploadTo(store, second), '2'))

  if (!one.ok || !two.ok) return t.fail(`${outcome(one)} ${outcome(two)}`)
  t.true(second.length > 0 && second.length < first.length / 3, `${second.length} of ${first.length}`)
  t.is(one.draft.partitions[1]?.list, two.draft.partitions[1]?.list)
  t.not(one.draft.partitions[0]?.list, two.draft.partitions[0]?.list)
})

test('a server whose store is full ends the capture with that reason', async (t) => {
  const { place, file } = await disk(t)
  const store = await freshStore(t)
  const full: ChunkUpload = {
    ...uploadTo(store, []),
    putChunk: async () => ({ ok: false, code: 'store-full', message: { en: 'full', fr: 'plein' } }),
  }

  const captured = await captureDisk(parts(place, file, full))

  t.is(captured.ok ? 'ok' : captured.reason, 'store-full')
})

test('a disk without the wanted partitions is refused before anything is sent', async (t) => {
  const { place, file } = await disk(t)
  const store = await freshStore(t)
  const sent: string[] = []
  const more: Layout = {
    ...layout,
    partitions: [{ name: 'esp', type: 'esp', sizeBytes: mebibyte, content: 'image' }, ...layout.partitions],
  }

  const captured = await captureDisk({ ...parts(place, file, uploadTo(store, sent)), layout: more })

  t.is(captured.ok ? 'ok' : captured.reason, 'layout-failed')
  t.deepEqual(sent, [])
})
