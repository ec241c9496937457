import { spawn } from 'node:child_process'
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { distinctNames } from '../../imaging/chunk-list.ts'
import { chunkName, compressChunk } from '../../imaging/codec.ts'
import { type Collection, collectGarbage } from '../../imaging/collect-garbage.ts'
import { diffImages } from '../../imaging/diff-images.ts'
import type { ManifestDigest } from '../../imaging/digest.ts'
import { type ImageStore, openFolderStore } from '../../imaging/folder-store.ts'
import { openContents } from '../../imaging/image-contents.ts'
import { listImages } from '../../imaging/list-images.ts'
import { encodeManifest, parseManifest } from '../../imaging/manifest-codec.ts'
import { finishCapture } from '../../imaging/publish.ts'
import { createSigningKey, signBytes, verifyBytes } from '../../imaging/signature.ts'
import {
  chunkPath,
  listPath,
  manifestPath,
  mapPath,
  parseImageLabel,
  signaturePath,
} from '../../imaging/store-paths.ts'
import { walkStore } from '../../imaging/store-walk.ts'
import { verifyStore } from '../../imaging/verify-store.ts'
import { scratch } from '../cli/command.ts'
import { flipBit, folderFor, MIB, makeExt4, noise, noisiestChunk, run } from './disks.ts'
import { imported, newStore, parkKey } from './imported.ts'

const hourMs = 3_600_000

const shared = await scratch()
test.after.always(shared.remove)

/** Two versions of one partition: the second has one file more. */
const makeTwoVersions = async (t: ExecutionContext) => {
  const root = await makeExt4(shared.path, 'root', 64, { A: noise(1, 3 * MIB) })
  const store = openFolderStore(join(shared.path, 'images'))
  const singles = [{ name: 'root', path: root.path }]
  const first = await imported(t, store, { singles, version: '1' })
  await writeFile(join(shared.path, 'b'), noise(2, 2 * MIB))
  await run('debugfs', '-w', '-R', `write ${join(shared.path, 'b')} B`, root.path)
  const second = await imported(t, store, { singles, version: '2' })
  return { store, first, second, root }
}

let made: ReturnType<typeof makeTwoVersions> | undefined

/** A copy of its own for each test; they are made once. */
const twoVersions = async (t: ExecutionContext) => {
  made ??= makeTwoVersions(t)
  const { store, first, second, root } = await made
  const folder = await folderFor(t)
  await run('cp', '-r', '--sparse=always', store.folder, root.path, folder)
  return {
    store: openFolderStore(join(folder, 'images')),
    first,
    second,
    root: { ...root, path: join(folder, 'root') },
  }
}

const filesOf = async ({ folder }: ImageStore): Promise<readonly string[]> => {
  const paths: string[] = []
  for await (const { path } of walkStore(folder, ['chunks', 'lists', 'maps', 'manifests', 'names']))
    paths.push(path)
  return paths.sort()
}

const verified = (store: ImageStore, removeDamaged = false) =>
  verifyStore(store, { publicKeyPem: parkKey.publicKeyPem, removeDamaged, onProgress: () => {} })

test('verify finds one flipped bit, wherever it is', async (t) => {
  const { store, first, second } = await twoVersions(t)
  t.deepEqual((await verified(store)).faults, [])
  const [partition] = first.manifest.partitions
  if (partition === undefined) throw new Error('no partition')
  const list = await store.readList(partition.list)
  const chunk = await noisiestChunk(store.folder)
  t.true(list.ok)
  for (const [path, code, missing] of [
    [chunk, 'chunk-damaged', 'chunk-missing'],
    [listPath(partition.list), 'list-damaged', 'list-missing'],
    [mapPath(partition.map), 'map-damaged', 'map-missing'],
    [manifestPath(second.digest), 'manifest-damaged', 'manifest-missing'],
    [signaturePath(second.digest), 'manifest-signature-wrong', 'manifest-missing'],
  ] as const) {
    const file = join(store.folder, path)
    const before = await readFile(file)
    await flipBit(file)
    const { faults, images } = await verified(store)
    t.is(faults[0]?.code, code)
    t.is(faults[0]?.path, path)
    t.true(images.some(({ sound }) => !sound))
    await rm(file)
    const gone = (await verified(store)).faults
    t.is(gone[0]?.code, missing)
    await writeFile(file, before)
  }
  t.deepEqual((await verified(store)).faults, [])
})

test('a manifest signed with another key is told, with its image', async (t) => {
  const { store } = await twoVersions(t)
  const { faults } = await verifyStore(store, {
    publicKeyPem: createSigningKey().publicKeyPem,
    removeDamaged: false,
    onProgress: () => {},
  })
  t.deepEqual(
    faults.map(({ image, code }) => [image, code]),
    [
      ['debian-edu@1', 'manifest-signature-wrong'],
      ['debian-edu@2', 'manifest-signature-wrong'],
    ],
  )
})

test('damaged chunks that verify removed are stored anew by the next import', async (t) => {
  const { store, root } = await twoVersions(t)
  const chunk = await noisiestChunk(store.folder)
  await flipBit(join(store.folder, chunk))
  t.is((await verified(store, true)).removed, 1)
  await imported(t, store, { singles: [{ name: 'root', path: root.path }], version: '3' })
  const again = (await verified(store)).faults.filter(({ image }) => image === 'debian-edu@3')
  t.deepEqual(again, [])
})

test('the difference of two versions is what a PC writes and fetches', async (t) => {
  const { store, first, second } = await twoVersions(t)
  const diff = await diffImages(store, first.manifest, second.manifest)
  if (!diff.ok) throw new Error(diff.code)
  const [root] = diff.value.partitions
  t.is(root?.kind, 'changed')
  t.is(diff.value.fetchBytes, second.newBytes)
  t.true(
    (root?.changedBytes ?? 0) >= 2 * MIB && (root?.changedBytes ?? 0) < 8 * MIB,
    String(root?.changedBytes),
  )
  const none = await diffImages(store, second.manifest, second.manifest)
  t.true(none.ok && none.value.fetchBytes === 0 && none.value.partitions[0]?.kind === 'same')
})

test('the list says what each version has for itself and what it shares', async (t) => {
  const { store, second } = await twoVersions(t)
  const [one, two] = await listImages(store)
  if (one === undefined || two === undefined || 'refusal' in one || 'refusal' in two)
    throw new Error('refused')
  t.is(one.sharedBytes, two.sharedBytes)
  t.true(one.sharedBytes > MIB)
  t.is(two.ownBytes, second.newBytes)
  t.is(two.storedBytes, two.ownBytes + two.sharedBytes)
  t.is(second.manifest.partitions[0]?.usedBytes, two.usedBytes)
})

const collection = (some: Partial<Collection> = {}): Collection => ({
  keep: [],
  graceMs: 24 * hourMs,
  now: Date.now() + 25 * hourMs,
  dryRun: false,
  ...some,
})

test('garbage is what no kept version needs, and what is left is whole', async (t) => {
  const { store, second } = await twoVersions(t)
  const label = parseImageLabel('debian-edu@2')?.label
  if (label === undefined) throw new Error('label')
  const before = await filesOf(store)
  const nothing = await collectGarbage(store, collection())
  t.true(nothing.ok && nothing.value.removedFiles === 0)
  t.true(await store.removePointer(label))
  const kept = await collectGarbage(store, collection({ keep: [second.digest] }))
  t.true(kept.ok && kept.value.removedFiles === 0, 'a manifest that is passed is kept')
  const counted = await collectGarbage(store, collection({ dryRun: true }))
  t.true(counted.ok && counted.value.removedBytes > second.newBytes)
  t.is((await filesOf(store)).length, before.length - 1)
  const done = await collectGarbage(store, collection())
  t.deepEqual(done, counted)
  t.deepEqual((await verified(store)).faults, [])
  t.false((await filesOf(store)).includes(manifestPath(second.digest)))
})

test('what is young is spared, and so is what an import found useful a moment ago', async (t) => {
  const store = await newStore(t)
  const [old, young, found] = [1, 2, 3].map((seed) => {
    const bytes = noise(seed, 50_000)
    return { name: chunkName(bytes), compressed: compressChunk(bytes) }
  })
  if (old === undefined || young === undefined || found === undefined) throw new Error('three')
  for (const { name, compressed } of [old, young, found]) await store.putChunk(name, compressed)
  const past = (Date.now() - 48 * hourMs) / 1000
  for (const { name } of [old, found]) await utimes(join(store.folder, chunkPath(name)), past, past)
  t.deepEqual(await store.putChunk(found.name, found.compressed), { ok: true, stored: false })
  const collected = await collectGarbage(store, collection({ now: Date.now() }))
  t.true(collected.ok && collected.value.removedFiles === 1 && collected.value.youngFiles === 2)
  t.deepEqual(await store.missingChunks([old.name, young.name, found.name]), [old.name])
})

test('with an image that cannot be read nothing is collected', async (t) => {
  const { store, first, second } = await twoVersions(t)
  const [partition] = first.manifest.partitions
  await flipBit(join(store.folder, listPath(partition?.list ?? ('' as never))))
  const label = parseImageLabel('debian-edu@2')?.label
  if (label !== undefined) await store.removePointer(label)
  const before = await filesOf(store)
  const refused = await collectGarbage(store, collection())
  t.is(refused.ok ? 'done' : refused.code, 'image-unreadable')
  t.deepEqual(await filesOf(store), before)
  t.true(before.includes(manifestPath(second.digest)))
})

test('a tag leads to a version, and back again', async (t) => {
  const { store, first, second } = await twoVersions(t)
  const stable = parseImageLabel('debian-edu@stable')?.label
  if (stable === undefined) throw new Error('label')
  for (const digest of [second.digest, first.digest] satisfies readonly ManifestDigest[]) {
    await store.setPointer(stable, digest)
    t.is(await store.pointer(stable), digest)
  }
  t.deepEqual([...(await store.pointers()).keys()], ['debian-edu@1', 'debian-edu@2', 'debian-edu@stable'])
})

test('many writers of the same chunks leave each of them once and whole', async (t) => {
  const { folder } = await newStore(t)
  const chunks = Array.from({ length: 20 }, (_, seed) => noise(seed + 1, 100_000))
  const writers = Array.from({ length: 6 }, () => openFolderStore(folder))
  await Promise.all(
    writers.flatMap((store) => chunks.map((bytes) => store.putChunk(chunkName(bytes), compressChunk(bytes)))),
  )
  const files = await filesOf(openFolderStore(folder))
  t.deepEqual(files, chunks.map((bytes) => chunkPath(chunkName(bytes))).sort())
})

test('bytes that are not those of their digest are not taken in', async (t) => {
  const { store, first } = await twoVersions(t)
  const [partition] = first.manifest.partitions
  if (partition === undefined) throw new Error('no partition')
  const other = await newStore(t)
  const put = await other.putList(partition.list, Buffer.alloc(32))
  t.is(put.ok ? 'taken' : put.code, 'damaged')
  t.deepEqual(await filesOf(other), [])
  t.true((await store.readList(partition.list)).ok)
})

test('a captured draft is signed only if everything that it names is there', async (t) => {
  const { store, first } = await twoVersions(t)
  const partitions = first.manifest.partitions.map((partition) => ({ ...partition, storedBytes: 0 }))
  const createdFrom = { kind: 'capture', machine: 'b204-01' }
  const draft = { ...first.manifest, name: 'captured', createdFrom, partitions }
  const wire = JSON.parse(JSON.stringify(draft))
  const done = await finishCapture(store, wire, parkKey.privateKeyPem)
  t.true(done.ok)
  const kept = done.ok ? await store.readManifest(done.value) : undefined
  t.true(kept?.ok && verifyBytes(parkKey.publicKeyPem, kept.value.bytes, kept.value.signature))
  // What the PC did not send, it cannot have measured.
  const made = kept?.ok ? parseManifest(kept.value.bytes) : undefined
  t.deepEqual(made?.ok && made.manifest.partitions, first.manifest.partitions)
  const contents = await openContents(store, first.manifest)
  const [chunk] = contents.ok ? contents.value.flatMap((each) => [...distinctNames(each.list)]) : []
  if (chunk === undefined) throw new Error('no chunk')
  await rm(join(store.folder, chunkPath(chunk)))
  const lacking = await finishCapture(store, { ...wire, version: '9' }, parkKey.privateKeyPem)
  t.is(lacking.ok ? 'done' : lacking.code, 'chunk-missing')
  const nonsense = await finishCapture(store, { ...wire, partitions: [] }, parkKey.privateKeyPem)
  t.is(nonsense.ok ? 'done' : nonsense.code, 'manifest-damaged')
  const label = parseImageLabel('captured@9')?.label
  t.is(label && (await store.pointer(label)), undefined)
})

test('signatures of other bytes, of another key, or that are none, are wrong', (t) => {
  const bytes = Buffer.from('manifest')
  const signature = signBytes(parkKey.privateKeyPem, bytes)
  t.true(verifyBytes(parkKey.publicKeyPem, bytes, signature))
  const spki = Buffer.from(parkKey.publicKeyPem.replace(/-----[^-]+-----|\s/gu, ''), 'base64')
  t.true(verifyBytes(spki.subarray(-32), bytes, signature))
  t.false(verifyBytes(parkKey.publicKeyPem, Buffer.from('Manifest'), signature))
  t.false(verifyBytes(createSigningKey().publicKeyPem, bytes, signature))
  for (const nonsense of ['', 'AAAA', `${signature}A`, signature.slice(2)])
    t.false(verifyBytes(parkKey.publicKeyPem, bytes, nonsense))
  t.false(verifyBytes('no key', bytes, signature))
})

test('the same manifest has the same bytes, whatever the order of its fields', async (t) => {
  const { first } = await twoVersions(t)
  const turned = Object.fromEntries(Object.entries(first.manifest).reverse())
  t.deepEqual(encodeManifest(turned as typeof first.manifest), encodeManifest(first.manifest))
})

/** Runs a script with a file system of its own of so many bytes, which nobody else sees and which goes with it. */
const onSmallDisk = (script: string, mib: number, ...args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const root = process.getuid?.() === 0
    const shell = `mount -t tmpfs -o size=${mib}m none "$1" && exec "$2" "$3" "$1" "$4"`
    const file = fileURLToPath(new URL(script, import.meta.url))
    const child = spawn(
      'unshare',
      [
        ...(root ? [] : ['--map-root-user']),
        '--mount',
        'sh',
        '-c',
        shell,
        'sh',
        args[0] ?? '',
        process.execPath,
        file,
        args[1] ?? '',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let output = ''
    child.stdout.on('data', (piece) => {
      output += piece
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`exit ${code}: ${output}`))))
  })

test('a full disk is a reason, and nothing half stays behind', async (t) => {
  const folder = await folderFor(t)
  const root = await makeExt4(folder, 'root', 64, { A: noise(1, 20 * MIB) })
  const place = await folderFor(t)
  const told = JSON.parse(await onSmallDisk('./import-on-full-disk.ts', 6, place, root.path))
  t.is(told.code, 'store-full')
  t.true(told.chunks > 2, 'some chunks fitted')
  t.deepEqual(told.temporary, [])
  t.deepEqual(told.damaged, [])
  t.deepEqual(told.names, [])
  t.is(told.afterwards, 'done', 'what was stored serves once there is room')
  t.deepEqual(await readdir(place), [])
})
