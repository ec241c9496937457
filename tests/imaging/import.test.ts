import { readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { exportImage } from '../../imaging/export-image.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import type { Manifest } from '../../imaging/manifest.ts'
import { partitionTypes } from '../../imaging/partition-type.ts'
import type { Layout } from '../../imaging/protocol.ts'
import { verifyBytes } from '../../imaging/signature.ts'
import { verifyStore } from '../../imaging/verify-store.ts'
import type { Text } from '../../specs/text.ts'
import { scratch } from '../cli/command.ts'
import {
  check,
  cutOut,
  type DiskPart,
  type Files,
  folderFor,
  type Made,
  MIB,
  makeDisk,
  makeExt4,
  makeNtfs,
  makeSwap,
  makeVfat,
  noise,
  readFileOf,
  run,
  sizeOf,
} from './disks.ts'
import { imported, importInto, newStore, parkKey } from './imported.ts'

const files: Files = { 'A.BIN': noise(11, 2 * MIB + 5), 'B.TXT': Buffer.from('lycée\n') }

type FourPartitions = {
  readonly path: string
  readonly starts: readonly number[]
  readonly parts: readonly Made[]
}

/** A disk with both systems, as a virtual machine would have it. */
const makeFullDisk = async (folder: string, name = 'disk'): Promise<FourPartitions> => {
  const parts = [
    await makeVfat(folder, `${name}-esp`, 34, 32, files),
    await makeExt4(folder, `${name}-root`, 64, files),
    await makeNtfs(folder, `${name}-windows`, 48, files),
    await makeSwap(folder, `${name}-swap`, 8),
  ]
  const tabled: readonly Omit<DiskPart, 'from'>[] = [
    { type: partitionTypes.esp.gpt, name: 'EFI System Partition' },
    { type: partitionTypes.linux.gpt, name: 'Linux filesystem', attrs: 'attrs="LegacyBIOSBootable GUID:60"' },
    { type: partitionTypes.windows.gpt, name: 'Basic data partition' },
    { type: partitionTypes.swap.gpt },
  ]
  const path = join(folder, name)
  const starts = await makeDisk(
    path,
    'gpt',
    tabled.map((part, index) => ({ ...part, from: parts[index] as Made })),
  )
  return { path, starts, parts }
}

/** Made once: most tests only read it. */
const original = (async () => {
  const folder = await scratch()
  return { folder, disk: await makeFullDisk(folder.path) }
})()

test.after.always(async () => (await original).folder.remove())

const fullDisk = async (): Promise<FourPartitions> => (await original).disk

/** A copy to be changed. */
const ownDisk = async (folder: string): Promise<string> => {
  const path = join(folder, 'disk')
  await run('cp', '--sparse=always', (await fullDisk()).path, path)
  return path
}

const exported = async (t: ExecutionContext, store: ImageStore, manifest: Manifest): Promise<string> => {
  const path = join(await folderFor(t), 'exported')
  const written = await exportImage(store, manifest, path)
  if (!written.ok) throw new Error(written.message.en)
  return path
}

test('a disk comes out of the store as it went in: table, identifiers, file systems, files', async (t) => {
  const { path, parts } = await fullDisk()
  const store = await newStore(t)
  const { manifest } = await imported(t, store, { diskPath: path })
  t.deepEqual(
    manifest.partitions.map(({ name, fileSystem, os }) => [name, fileSystem.kind, os]),
    [
      ['esp', 'vfat', undefined],
      ['root', 'ext4', 'debian'],
      ['windows', 'ntfs', 'windows'],
      ['swap', 'swap', undefined],
    ],
  )
  t.is(manifest.partitions[1]?.attributes, '1000000000000004')
  const copy = await exported(t, store, manifest)
  const told = async (disk: string) =>
    JSON.parse((await run('sfdisk', '--json', disk)).toString()).partitiontable
  const [before, after] = [await told(path), await told(copy)]
  t.is(after.id, before.id)
  const identity = (entry: Record<string, string>) => [
    entry['type'],
    entry['uuid'],
    entry['attrs'],
    entry['size'],
  ]
  t.deepEqual(after.partitions.map(identity), before.partitions.map(identity))
  for (const [index, part] of parts.entries()) {
    const at = after.partitions[index]
    const alone: Made = { path: `${copy}-${part.kind}`, kind: part.kind }
    await cutOut(copy, alone.path, at.start * 512, at.size * 512)
    await check(alone)
    if (part.kind === 'swap') continue
    for (const [name, bytes] of Object.entries(files))
      t.true((await readFileOf(alone, name)).equals(bytes), `${part.kind} ${name}`)
  }
})

test('raw, qcow2, vhdx and vmdk of one disk make one and the same image', async (t) => {
  const folder = await folderFor(t)
  const { path } = await fullDisk()
  const digests = new Set<string>()
  for (const format of ['raw', 'qcow2', 'vhdx', 'vmdk']) {
    const copy = format === 'raw' ? path : join(folder, `disk.${format}`)
    if (format !== 'raw') await run('qemu-img', 'convert', '-f', 'raw', '-O', format, path, copy)
    const scratch = await folderFor(t)
    const { digest, manifest } = await imported(t, await newStore(t), { diskPath: copy, scratch })
    t.is(manifest.disk.sizeBytes, await sizeOf(path), format)
    digests.add(digest)
    t.deepEqual(await readdir(scratch), [], `${format} leaves nothing behind`)
  }
  t.is(digests.size, 1)
})

test('the manifest is signed with the park’s key, and the store is sound', async (t) => {
  const { path } = await fullDisk()
  const store = await newStore(t)
  const { digest } = await imported(t, store, { diskPath: path })
  const kept = await store.readManifest(digest)
  t.true(kept.ok && verifyBytes(parkKey.publicKeyPem, kept.value.bytes, kept.value.signature))
  const { faults } = await verifyStore(store, {
    publicKeyPem: parkKey.publicKeyPem,
    removeDamaged: false,
    onProgress: () => {},
  })
  t.deepEqual(faults, [])
})

test('a second version stores only the chunks that changed', async (t) => {
  const folder = await folderFor(t)
  const { starts, parts } = await fullDisk()
  const path = await ownDisk(folder)
  const store = await newStore(t)
  const first = await imported(t, store, { diskPath: path })
  t.true(first.newBytes > 2 * MIB)
  const root = join(folder, 'root')
  await run('cp', '--sparse=always', parts[1]?.path ?? '', root)
  await writeFile(join(folder, 'new'), noise(99, 500_000))
  await run('debugfs', '-w', '-R', `write ${join(folder, 'new')} NEW.BIN`, root)
  await run(
    'dd',
    `if=${root}`,
    `of=${path}`,
    'bs=1M',
    `seek=${(starts[1] ?? 0) / MIB}`,
    'conv=notrunc',
    'status=none',
  )
  const second = await imported(t, store, { diskPath: path, version: '2026.10' })
  t.true(second.newBytes > 0.4 * MIB && second.newBytes < first.newBytes / 2, String(second.newBytes))
  for (const name of ['esp', 'windows', 'swap']) {
    const of = ({ manifest }: typeof first) => manifest.partitions.find((one) => one.name === name)
    t.deepEqual(of(second), of(first), name)
  }
})

test('importing a version twice is refused, with other or the same contents, unless it may be replaced', async (t) => {
  const { path } = await fullDisk()
  const store = await newStore(t)
  const first = await imported(t, store, { diskPath: path })
  const again = await importInto(t, store, { diskPath: path, createdAt: '2026-09-02T06:00:00Z' })
  t.is(again.ok ? 'done' : again.code, 'version-exists')
  const replaced = await imported(t, store, {
    diskPath: path,
    createdAt: '2026-09-02T06:00:00Z',
    replace: true,
  })
  t.not(replaced.digest, first.digest)
  t.is(replaced.newBytes, 0)
})

test('an import is a function of the disk, the names and the time', async (t) => {
  const { path } = await fullDisk()
  const first = await imported(t, await newStore(t), { diskPath: path })
  const second = await imported(t, await newStore(t), { diskPath: path })
  t.is(first.digest, second.digest)
})

test('one of two systems is renewed alone, and the identifiers stay', async (t) => {
  const folder = await folderFor(t)
  const { path } = await fullDisk()
  const store = await newStore(t)
  const before = (await imported(t, store, { diskPath: path, name: 'dual', version: '1' })).manifest
  const root = await makeExt4(folder, 'new-root', 80, { 'N.BIN': noise(5, MIB) })
  const { manifest } = await imported(t, store, {
    name: 'dual',
    version: '2',
    from: [{ manifest: before }],
    singles: [{ name: 'root', path: root.path }],
  })
  t.deepEqual(
    manifest.partitions.map(({ name }) => name),
    ['esp', 'root', 'windows', 'swap'],
  )
  const [was, is] = [before.partitions, manifest.partitions]
  for (const index of [0, 2, 3]) t.deepEqual(is[index], was[index])
  t.is(is[1]?.guid, was[1]?.guid)
  t.not(is[1]?.list, was[1]?.list)
  t.is(is[1]?.sizeBytes, 80 * MIB)
  t.is(manifest.disk.id, before.disk.id)
  const copy = await exported(t, store, manifest)
  const table = JSON.parse((await run('sfdisk', '--json', copy)).toString()).partitiontable
  const alone: Made = { path: `${copy}-root`, kind: 'ext4' }
  await cutOut(copy, alone.path, table.partitions[1].start * 512, 80 * MIB)
  t.true((await readFileOf(alone, 'N.BIN')).equals(noise(5, MIB)))
})

const layout = (
  partitions: readonly (readonly [
    string,
    Layout['partitions'][number]['type'],
    Layout['partitions'][number]['content'],
  ])[],
): Layout => ({
  table: 'gpt',
  partitions: partitions.map(([name, type, content]) => ({ name, type, content, sizeBytes: 100 * MIB })),
})

test('partitions get the names of the layout, in its order; what it does not want is left out aloud', async (t) => {
  const { path } = await fullDisk()
  const notes: Text[] = []
  const { manifest } = await imported(t, await newStore(t), {
    diskPath: path,
    layout: layout([
      ['efi', 'esp', 'image'],
      ['vista', 'windows', 'image'],
      ['system', 'linux', 'image'],
      ['cache', 'linux', 'cache'],
      ['swap', 'swap', 'empty'],
    ]),
    onNote: (note) => notes.push(note),
  })
  t.deepEqual(
    manifest.partitions.map(({ name }) => name),
    ['efi', 'vista', 'system'],
  )
  t.is(notes.length, 1)
  t.regex(notes[0]?.en ?? '', /Partition 4 \(swap, swap\) is left out/u)
})

test('a layout that the disk cannot fill is refused, and tells what the disk has', async (t) => {
  const { path } = await fullDisk()
  const refused = await importInto(t, await newStore(t), {
    diskPath: path,
    layout: layout([['rescue', 'recovery', 'image']]),
  })
  t.is(refused.ok ? 'done' : refused.code, 'partition-not-found')
  t.regex(refused.ok ? '' : refused.message.en, /1: esp, 2: linux, 3: windows, 4: swap/u)
})

test('an MBR disk keeps its signature, boot code, active partition and what lies behind the MBR', async (t) => {
  const folder = await folderFor(t)
  const parts = [await makeNtfs(folder, 'windows', 32, files), await makeExt4(folder, 'root', 32, files)]
  const path = join(folder, 'disk')
  await makeDisk(path, 'mbr', [
    { from: parts[0] as Made, type: '7', attrs: 'bootable' },
    { from: parts[1] as Made, type: '83' },
  ])
  const [code, core] = [noise(1, 440), noise(2, 30_000)]
  await writeFile(join(folder, 'code'), code)
  await writeFile(join(folder, 'core'), core)
  await run('dd', `if=${join(folder, 'code')}`, `of=${path}`, 'conv=notrunc', 'status=none')
  await run(
    'dd',
    `if=${join(folder, 'core')}`,
    `of=${path}`,
    'bs=512',
    'seek=1',
    'conv=notrunc',
    'status=none',
  )
  const store = await newStore(t)
  const { manifest } = await imported(t, store, { diskPath: path })
  t.deepEqual(manifest.firmware, ['bios'])
  t.is(manifest.partitions[0]?.attributes, '80')
  t.regex(manifest.disk.id, /^[0-9a-f]{8}$/u)
  const copy = await exported(t, store, manifest)
  const head = join(folder, 'head')
  await cutOut(copy, head, 0, MIB)
  const before = join(folder, 'before')
  await cutOut(path, before, 0, MIB)
  t.deepEqual(await run('cat', head), await run('cat', before))
})

test('a file system that we do not know is imported whole, and that is said', async (t) => {
  const folder = await folderFor(t)
  const path = join(folder, 'root')
  await writeFile(path, noise(1, 64 * 1024))
  await truncate(path, 20 * MIB)
  await run('mkfs.minix', '-3', path)
  const notes: Text[] = []
  const { manifest } = await imported(t, await newStore(t), {
    singles: [{ name: 'root', path }],
    onNote: (note) => notes.push(note),
  })
  t.is(manifest.partitions[0]?.fileSystem.kind, 'raw')
  t.is(manifest.partitions[0]?.usedBytes, 20 * MIB)
  t.regex(notes[0]?.en ?? '', /minix.*all of it is imported/u)
})

test('what is no disk is refused with its own reason', async (t) => {
  const folder = await folderFor(t)
  const store = await newStore(t)
  const code = async (some: Parameters<typeof importInto>[2]) => {
    const result = await importInto(t, store, some)
    return result.ok ? 'done' : result.code
  }
  t.is(await code({ diskPath: join(folder, 'nowhere') }), 'image-file-missing')
  await writeFile(join(folder, 'zeros'), Buffer.alloc(2 * MIB))
  t.is(await code({ diskPath: join(folder, 'zeros') }), 'no-partition-table')
  const path = await ownDisk(folder)
  await run('qemu-img', 'convert', '-O', 'qcow2', path, join(folder, 'cut.qcow2'))
  await truncate(join(folder, 'cut.qcow2'), 300_000)
  t.is(await code({ diskPath: join(folder, 'cut.qcow2') }), 'image-file-unreadable')
  t.is(await code({ singles: [{ name: 'root', path }] }), 'partition-is-disk')
  await truncate(path, 60 * MIB)
  t.is(await code({ diskPath: path }), 'disk-image-cut')
  t.is(await code({}), 'nothing-to-import')
  t.is((await store.pointers()).size, 0)
})

test('an import that was interrupted leaves chunks that the next one finds', async (t) => {
  const folder = await folderFor(t)
  const root = await makeExt4(folder, 'root', 96, { 'BIG.BIN': noise(3, 64 * MIB) })
  const store = await newStore(t)
  const controller = new AbortController()
  const some = { singles: [{ name: 'root', path: root.path }] }
  const stopped = importInto(t, store, {
    ...some,
    signal: controller.signal,
    onProgress: (_, { newBytes }) => {
      if (newBytes > 20 * MIB) controller.abort()
    },
  })
  await t.throwsAsync(stopped, { name: 'AbortError' })
  t.is((await store.pointers()).size, 0)
  const { newBytes, manifest } = await imported(t, store, some)
  const stored = manifest.partitions[0]?.storedBytes ?? 0
  t.true(newBytes > 0 && newBytes < stored - 20 * MIB, `${newBytes} of ${stored}`)
})
