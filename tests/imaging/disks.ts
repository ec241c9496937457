/** Real file systems and disks in sparse files, made and read with their own tools; nothing is mounted. */
import { execFile } from 'node:child_process'
import { open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import type { UsedMap } from '../../imaging/used-map.ts'
import { usedIn } from '../../imaging/used-map.ts'
import { scratch } from '../cli/command.ts'

const exec = promisify(execFile)
const environment = {
  ...process.env,
  LC_ALL: 'C',
  MTOOLS_SKIP_CHECK: '1',
  PATH: `${process.env['PATH']}:/usr/sbin:/sbin`,
}

export const MIB = 2 ** 20

/** Runs a program that must succeed; answers its output. */
export const run = async (command: string, ...args: readonly string[]): Promise<Buffer> => {
  const { stdout } = await exec(command, args, { env: environment, encoding: 'buffer', maxBuffer: 256 * MIB })
  return stdout
}

/** A folder of the test's own, removed with it. */
export const folderFor = async (t: ExecutionContext): Promise<string> => {
  const folder = await scratch()
  t.teardown(folder.remove)
  return folder.path
}

/** Small, fast and repeatable: xorshift32. */
export const noise = (seed: number, bytes: number): Buffer => {
  const words = new Int32Array(Math.ceil(bytes / 4))
  let state = seed >>> 0 || 1
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return Buffer.from(words.buffer, 0, bytes)
}

const sparse = async (path: string, bytes: number): Promise<void> => {
  await writeFile(path, '')
  await truncate(path, bytes)
}

/** Files by their names, which lie in the root folder. */
export type Files = Readonly<Record<string, Buffer>>

export type Made = { readonly path: string; readonly kind: 'ext4' | 'ntfs' | 'vfat' | 'swap' }

export const makeExt4 = async (
  folder: string,
  name: string,
  mib: number,
  files: Files,
  options: readonly string[] = [],
): Promise<Made> => {
  const path = join(folder, name)
  await sparse(path, mib * MIB)
  await run('mke2fs', '-q', '-t', 'ext4', ...options, path)
  for (const [file, bytes] of Object.entries(files)) {
    const source = join(folder, `${name}-source`)
    await writeFile(source, bytes)
    await run('debugfs', '-w', '-R', `write ${source} ${file}`, path)
  }
  return { path, kind: 'ext4' }
}

export const makeNtfs = async (folder: string, name: string, mib: number, files: Files): Promise<Made> => {
  const path = join(folder, name)
  await sparse(path, mib * MIB)
  await run('mkfs.ntfs', '-q', '-F', '-L', 'Windows', path)
  for (const [file, bytes] of Object.entries(files)) {
    const source = join(folder, `${name}-source`)
    await writeFile(source, bytes)
    await run('ntfscp', '-q', path, source, file)
  }
  return { path, kind: 'ntfs' }
}

export const makeVfat = async (
  folder: string,
  name: string,
  mib: number,
  bits: 12 | 16 | 32,
  files: Files,
): Promise<Made> => {
  const path = join(folder, name)
  await sparse(path, mib * MIB)
  await run('mkfs.vfat', '-F', String(bits), '-n', 'ESP', path)
  for (const [file, bytes] of Object.entries(files)) {
    const source = join(folder, `${name}-source`)
    await writeFile(source, bytes)
    await run('mcopy', '-i', path, source, `::${file}`)
  }
  return { path, kind: 'vfat' }
}

export const makeSwap = async (folder: string, name: string, mib: number): Promise<Made> => {
  const path = join(folder, name)
  await sparse(path, mib * MIB)
  await run('mkswap', '-q', '-L', 'swap', path)
  return { path, kind: 'swap' }
}

/** A file of a file system, read by its own tool. */
export const readFileOf = async ({ path, kind }: Made, file: string): Promise<Buffer> => {
  switch (kind) {
    case 'ext4':
      return run('debugfs', '-R', `cat ${file}`, path)
    case 'ntfs':
      return run('ntfscat', '-q', path, file)
    case 'vfat':
      return run('mtype', '-i', path, `::${file}`)
    case 'swap':
      throw new Error('swap has no files')
  }
}

/** Throws where the file system's own checker finds anything. */
export const check = async ({ path, kind }: Made): Promise<void> => {
  switch (kind) {
    case 'ext4':
      await run('e2fsck', '-fn', path)
      return
    case 'ntfs':
      // Goes through every file's clusters and compares them with the bitmap.
      await run('ntfsresize', '--info', '--force', '--no-progress-bar', path)
      return
    case 'vfat':
      await run('fsck.vfat', '-n', path)
      return
    case 'swap':
      await run('swaplabel', path)
  }
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path)).size

/** Overwrites everything that the map calls unused. Answers how many bytes that were. */
export const scribbleUnused = async (path: string, map: UsedMap, seed: number): Promise<number> => {
  const file = await open(path, 'r+')
  let at = 0
  let scribbled = 0
  const fill = async (end: number): Promise<void> => {
    for (; at < end; at += Math.min(MIB, end - at)) {
      const bytes = noise(seed + at, Math.min(MIB, end - at))
      await file.write(bytes, 0, bytes.length, at)
      scribbled += bytes.length
    }
  }
  try {
    for (const { fromByte, bytes } of usedIn(map, 0, map.sizeBytes)) {
      await fill(fromByte)
      at = fromByte + bytes
    }
    await fill(map.sizeBytes)
  } finally {
    await file.close()
  }
  return scribbled
}

export type DiskPart = {
  readonly from: Made
  readonly type: string
  readonly name?: string
  readonly attrs?: string
}

/** A disk with a partition table; the parts follow each other at whole MiB. Answers where each begins. */
export const makeDisk = async (
  path: string,
  table: 'gpt' | 'mbr',
  parts: readonly DiskPart[],
): Promise<readonly number[]> => {
  const starts: number[] = []
  const lines = [`label: ${table === 'gpt' ? 'gpt' : 'dos'}`]
  let at = MIB
  for (const { from, type, name, attrs } of parts) {
    const size = await sizeOf(from.path)
    starts.push(at)
    lines.push(
      [
        `start=${at / 512}`,
        `size=${size / 512}`,
        `type=${type}`,
        ...(name === undefined ? [] : [`name="${name}"`]),
        ...(attrs === undefined ? [] : [attrs]),
      ].join(', '),
    )
    at = Math.ceil((at + size) / MIB) * MIB
  }
  await sparse(path, at + MIB)
  const script = `${path}.sfdisk`
  await writeFile(script, `${lines.join('\n')}\n`)
  await run('sh', '-c', `sfdisk -q "$1" < "$2"`, 'sh', path, script)
  for (const [index, { from }] of parts.entries()) await copyInto(from.path, path, starts[index] ?? 0)
  return starts
}

/** Copies what is not zero of a file to an offset of another. */
const copyInto = async (from: string, to: string, offset: number): Promise<void> => {
  const source = await open(from, 'r')
  const target = await open(to, 'r+')
  const buffer = Buffer.alloc(MIB)
  const zeros = Buffer.alloc(MIB)
  try {
    for (let at = 0; ; ) {
      const { bytesRead } = await source.read(buffer, 0, MIB, at)
      if (bytesRead === 0) return
      if (!buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead)))
        await target.write(buffer, 0, bytesRead, offset + at)
      at += bytesRead
    }
  } finally {
    await source.close()
    await target.close()
  }
}

/** A part of a disk as a file of its own. */
export const cutOut = async (disk: string, path: string, fromByte: number, bytes: number): Promise<void> => {
  const source = await open(disk, 'r')
  try {
    const buffer = Buffer.alloc(bytes)
    await source.read(buffer, 0, bytes, fromByte)
    await writeFile(path, buffer)
  } finally {
    await source.close()
  }
}

/**
 * The path, within the store, of the chunk that packs worst: noise is stored as it is, so that each of its bits counts. In a chunk
 * of zeros and tables a flipped bit may make the decoder copy the same bytes from another place, and then nothing is damaged.
 */
export const noisiestChunk = async (store: string): Promise<string> => {
  let found = { path: '', bytes: 0 }
  for (const folder of (await readdir(join(store, 'chunks'))).sort()) {
    for (const file of await readdir(join(store, 'chunks', folder))) {
      const path = join('chunks', folder, file)
      const { size } = await stat(join(store, path))
      if (size > found.bytes) found = { path, bytes: size }
    }
  }
  return found.path
}

/** Changes one bit in the middle of a file. */
export const flipBit = async (path: string): Promise<void> => {
  const bytes = await readFile(path)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 0x10
  await writeFile(path, bytes)
}
