import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { probeFileSystem, readUsedMap } from '../../imaging/used-blocks/file-system.ts'
import { type UsedMap, usedIn } from '../../imaging/used-map.ts'
import {
  check,
  cutOut,
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
  scribbleUnused,
  sizeOf,
} from './disks.ts'

const files = { 'LARGE.BIN': noise(7, 3 * MIB + 123), 'SMALL.TXT': Buffer.from('bonjour\n') }

const mapOf = async (
  t: ExecutionContext,
  path: string,
  offsetBytes = 0,
  bytes?: number,
): Promise<UsedMap> => {
  const volume = { path, offsetBytes, sizeBytes: bytes ?? (await sizeOf(path)) }
  const fileSystem = await probeFileSystem(volume)
  if (!fileSystem.ok) throw new Error(fileSystem.message.en)
  const map = await readUsedMap(volume, fileSystem.value.kind, await folderFor(t))
  if (!map.ok) throw new Error(`${map.message.en} ${map.detail ?? ''}`)
  return map.value
}

const kinds: readonly (readonly [string, (folder: string) => Promise<Made>, leastUnused: number])[] = [
  ['ext4', (folder) => makeExt4(folder, 'a', 96, files, ['-b', '4096']), 80],
  ['ext4 with blocks of 1 KiB', (folder) => makeExt4(folder, 'a', 64, files, ['-b', '1024']), 45],
  [
    'ext4 without flexible groups or 64 bits',
    (folder) => makeExt4(folder, 'a', 300, files, ['-O', '^flex_bg,^64bit']),
    260,
  ],
  [
    'ext4 of many groups that were never written',
    (folder) => makeExt4(folder, 'a', 700, files, ['-O', 'uninit_bg,^metadata_csum']),
    640,
  ],
  ['ext4 that is smaller than its partition', (folder) => makeSmallerExt4(folder), 80],
  ['NTFS', (folder) => makeNtfs(folder, 'a', 64, files), 50],
  ['FAT12', (folder) => makeVfat(folder, 'a', 8, 12, files), 4],
  ['FAT16', (folder) => makeVfat(folder, 'a', 32, 16, files), 28],
  ['FAT32', (folder) => makeVfat(folder, 'a', 64, 32, files), 58],
]

const makeSmallerExt4 = async (folder: string): Promise<Made> => {
  const made = await makeExt4(folder, 'a', 64, files)
  await run('truncate', '-s', '128M', made.path)
  return made
}

for (const [name, make, leastUnusedMib] of kinds) {
  test(`${name}: with everything unused overwritten, its checker finds nothing and its files are whole`, async (t) => {
    const made = await make(await folderFor(t))
    const map = await mapOf(t, made.path)
    const unused = await scribbleUnused(made.path, map, 42)
    t.true(unused >= leastUnusedMib * MIB, `only ${unused} bytes are unused`)
    t.is(unused + map.usedBytes, map.sizeBytes)
    await check(made)
    for (const [file, bytes] of Object.entries(files))
      t.true((await readFileOf(made, file)).equals(bytes), file)
  })
}

test('swap: only its header counts', async (t) => {
  const made = await makeSwap(await folderFor(t), 'swap', 16)
  const before = await run('swaplabel', made.path)
  const map = await mapOf(t, made.path)
  t.is(map.usedBytes, 4096)
  await scribbleUnused(made.path, map, 1)
  t.deepEqual(await run('swaplabel', made.path), before)
})

test('what is no file system counts whole', async (t) => {
  const path = join(await folderFor(t), 'raw')
  await writeFile(path, noise(3, 2 * MIB))
  const map = await mapOf(t, path)
  t.is(map.usedBytes, 2 * MIB)
})

test('a file system inside of a disk has the map that it has alone', async (t) => {
  const folder = await folderFor(t)
  const parts = [
    await makeVfat(folder, 'esp', 34, 32, files),
    await makeExt4(folder, 'root', 64, files),
    await makeNtfs(folder, 'windows', 48, files),
    await makeSwap(folder, 'swap', 8),
  ]
  const disk = join(folder, 'disk')
  const starts = await makeDisk(
    disk,
    'gpt',
    parts.map((from) => ({ from, type: 'linux' })),
  )
  for (const [index, part] of parts.entries()) {
    const size = await sizeOf(part.path)
    const alone = await mapOf(t, part.path)
    const inside = await mapOf(t, disk, starts[index] ?? 0, size)
    t.deepEqual([...inside.bounds], [...alone.bounds], part.kind)
    // The disk was only read.
    await cutOut(disk, join(folder, 'cut'), starts[index] ?? 0, size)
    t.true((await readFile(join(folder, 'cut'))).equals(await readFile(part.path)), part.kind)
  }
})

test('the copy of the boot sector at the end of NTFS is used', async (t) => {
  const { path } = await makeNtfs(await folderFor(t), 'a', 32, {})
  const size = await sizeOf(path)
  const map = await mapOf(t, path)
  t.is(usedIn(map, size - 512, 512)[0]?.bytes, 512)
})

const refusalOf = async (t: ExecutionContext, { path, kind }: Made) => {
  const volume = { path, offsetBytes: 0, sizeBytes: await sizeOf(path) }
  const map = await readUsedMap(volume, kind, await folderFor(t))
  return map.ok ? undefined : map
}

test.serial('an ext4 on a disk is read also by a dumpe2fs that takes no offset', async (t) => {
  const folder = await folderFor(t)
  const part = await makeExt4(folder, 'a', 32, files)
  const disk = join(folder, 'disk')
  const [start = 0] = await makeDisk(disk, 'gpt', [{ from: part, type: 'linux' }])
  const programs = join(folder, 'programs')
  await mkdir(programs)
  const refusing = `#!/bin/sh
case $1 in *=*) echo "dumpe2fs: Unable to resolve '$1'" >&2; exit 1 ;; esac
PATH=/usr/sbin:/sbin exec dumpe2fs "$@"
`
  await writeFile(join(programs, 'dumpe2fs'), refusing, { mode: 0o755 })
  const expected = await mapOf(t, part.path)
  const path = process.env['PATH'] ?? ''
  process.env['PATH'] = `${programs}:${path}`
  try {
    t.deepEqual(await mapOf(t, disk, start, await sizeOf(part.path)), expected)
  } finally {
    process.env['PATH'] = path
  }
})

test('an ext4 that still has a journal to replay is refused with what to do', async (t) => {
  const made = await makeExt4(await folderFor(t), 'a', 32, files)
  await run('debugfs', '-w', '-R', 'feature needs_recovery', made.path)
  const refused = await refusalOf(t, made)
  t.is(refused?.code, 'file-system-dirty')
  t.regex(refused?.message.en ?? '', /shut it down properly/u)
})

test('an ext4 whose free blocks do not add up is refused', async (t) => {
  const made = await makeExt4(await folderFor(t), 'a', 32, files, ['-O', '^metadata_csum'])
  await run('debugfs', '-w', '-R', 'set_super_value free_blocks_count 17', made.path)
  const refused = await refusalOf(t, made)
  t.is(refused?.code, 'file-system-dirty')
  t.regex(refused?.detail ?? '', /17 by the superblock/u)
})

const patch = async (path: string, at: number, change: (byte: number) => number): Promise<void> => {
  const file = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, at)
    await file.write(Buffer.from([change(byte[0] ?? 0)]), 0, 1, at)
  } finally {
    await file.close()
  }
}

test('an NTFS that Windows marked for a check is refused with what to do', async (t) => {
  const made = await makeNtfs(await folderFor(t), 'a', 32, files)
  const bytes = await readFile(made.path)
  const clusterBytes = bytes.readUInt16LE(11) * bytes.readUInt8(13)
  // The file $Volume is number 3, in the file table and in its mirror; its attribute 0x70 has the flags at byte 10.
  for (const pointer of [0x30, 0x38]) {
    const record = Number(bytes.readBigUInt64LE(pointer)) * clusterBytes + 3 * 1024
    let attribute = record + bytes.readUInt16LE(record + 20)
    while (bytes.readUInt32LE(attribute) !== 0x70) attribute += bytes.readUInt32LE(attribute + 4)
    await patch(made.path, attribute + bytes.readUInt16LE(attribute + 20) + 10, (byte) => byte | 1)
  }
  const refused = await refusalOf(t, made)
  t.is(refused?.code, 'file-system-dirty')
  t.regex(refused?.message.en ?? '', /chkdsk/u)
})

test('a Windows that is hibernated is refused', async (t) => {
  const image = Buffer.concat([Buffer.from('hibr'), noise(5, 100_000)])
  const refused = await refusalOf(t, await makeNtfs(await folderFor(t), 'a', 32, { 'hiberfil.sys': image }))
  t.is(refused?.code, 'file-system-hibernated')
  t.regex(refused?.message.fr ?? '', /powercfg/u)
})

test('a FAT that is in use is refused, however its system says so', async (t) => {
  const folder = await folderFor(t)
  const byLinux = await makeVfat(folder, 'linux', 64, 32, files)
  await patch(byLinux.path, 0x41, (byte) => byte | 1)
  t.is((await refusalOf(t, byLinux))?.code, 'file-system-dirty')
  const byWindows = await makeVfat(folder, 'windows', 32, 16, files)
  const reservedBytes = (await readFile(byWindows.path)).readUInt16LE(14) * 512
  await patch(byWindows.path, reservedBytes + 3, (byte) => byte & 0x7f)
  t.is((await refusalOf(t, byWindows))?.code, 'file-system-dirty')
})

for (const [mib, kind] of [
  [16, 'FAT16'],
  [2, 'FAT12'],
] as const) {
  test(`a FAT32 with as few clusters as a ${kind} is read as the FAT32 that systems take it for`, async (t) => {
    const made = await makeVfat(await folderFor(t), 'a', mib, 32, {})
    const bytes = await readFile(made.path)
    const [reserved, fatSectors] = [bytes.readUInt16LE(14), bytes.readUInt32LE(36)]
    const dataSector = reserved + 2 * fatSectors
    t.true(bytes.length / 512 - dataSector < (kind === 'FAT16' ? 65_525 : 4085))
    // The end of a chain, in cluster 1000.
    const [at, cluster] = [reserved * 512 + 4 * 1000, dataSector + 1000 - 2]
    for (let byte = 0; byte < 4; byte += 1)
      await patch(made.path, at + byte, () => (byte === 3 ? 0x0f : 0xff))
    const map = await mapOf(t, made.path)
    // The folder that is always there is in cluster 2, right after the tables.
    const sectors = [0, dataSector + 1, cluster, cluster + 1]
    t.deepEqual(
      [...map.bounds],
      sectors.map((sector) => sector * 512),
    )
  })
}

test('file systems that are damaged are refused, not guessed at', async (t) => {
  const folder = await folderFor(t)
  const ext4 = await makeExt4(folder, 'ext4', 32, files)
  await patch(ext4.path, 1024 + 0x38, (byte) => byte ^ 0xff)
  t.is((await refusalOf(t, ext4))?.code, 'file-system-unreadable')
  const ntfs = await makeNtfs(folder, 'ntfs', 32, files)
  await patch(ntfs.path, 0x30, (byte) => byte ^ 0x5a)
  t.is((await refusalOf(t, ntfs))?.code, 'file-system-unreadable')
  const vfat = await makeVfat(folder, 'vfat', 32, 16, files)
  await patch(vfat.path, 16, () => 0)
  t.is((await refusalOf(t, vfat))?.code, 'file-system-unreadable')
})
