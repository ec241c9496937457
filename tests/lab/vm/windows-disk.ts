/**
 * A managed disk with a Windows' partitions, made on the host by the functions that make it on a PC: our loader, our menu, and stand-ins for
 * what Windows' own setup puts there. It shows what the menu hands over to, and how.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installBootLoader, installMenu } from '../../../imager/agent/boot-loader.ts'
import { cachePaths } from '../../../imager/agent/cache-partition.ts'
import type { PlacedPartition } from '../../../imager/agent/layout-plan.ts'
import { typeCode } from '../../../imager/agent/partition-type.ts'
import type { Layout } from '../../../imaging/protocol.ts'
import { createSigningKey } from '../../../imaging/signature.ts'
import { blank, copyInto, importGolden, writeTable } from '../../imager/agent/golden-disk.ts'
import { partitionsOf } from '../../imager/agent/pc-disk.ts'
import { mebibyte, run } from '../../imager/agent/run.ts'
import { makeNtfsImage } from './ntfs-image.ts'

export type WindowsDisk = {
  readonly firmware: 'bios' | 'uefi'
  /** Of the boot files that the imager puts on disks. */
  readonly boot: string
  /** Path on the EFI system partition → the file on this machine that goes there. */
  readonly esp: Readonly<Record<string, string>>
  /** Path below `C:` → contents. */
  readonly windows: Readonly<Record<string, string | Buffer>>
}

const layouts: Readonly<Record<WindowsDisk['firmware'], Layout>> = {
  // As Windows' setup lays out a disk for BIOS, but for the cache.
  bios: {
    table: 'mbr',
    partitions: [
      { name: 'windows', type: 'windows', sizeBytes: 32 * mebibyte, content: 'image', os: 'windows' },
      { name: 'cache', type: 'linux', sizeBytes: 16 * mebibyte, content: 'cache' },
    ],
  },
  uefi: {
    table: 'gpt',
    partitions: [
      { name: 'esp', type: 'esp', sizeBytes: 40 * mebibyte, content: 'image' },
      { name: 'windows', type: 'windows', sizeBytes: 32 * mebibyte, content: 'image', os: 'windows' },
      { name: 'cache', type: 'linux', sizeBytes: 16 * mebibyte, content: 'cache' },
    ],
  },
}

/** Returns the disk's file. */
export async function makeWindowsDisk(folder: string, wanted: WindowsDisk): Promise<string> {
  await mkdir(folder, { recursive: true })
  const layout = layouts[wanted.firmware]
  const disk = await blank(join(folder, 'disk.img'), 100 * mebibyte)
  await writeTable(disk, tableOf(layout))
  const places = (await partitionsOf(disk)).map(({ startBytes, sizeBytes, type }, index): PlacedPartition => {
    const partition = layout.partitions[index]
    if (partition === undefined) throw new Error(`a partition too many: ${type}`)
    return {
      name: partition.name,
      number: index + 1,
      startBytes,
      sizeBytes,
      type,
      isNew: true,
      wanted: partition,
    }
  })
  const put = async (name: string, part: string) => {
    const place = places.find((one) => one.name === name)
    if (place !== undefined) await copyInto(disk, part, place.startBytes)
  }
  const windows = join(folder, 'windows.img')
  await makeNtfsImage(windows, 32 * mebibyte, wanted.windows)
  await put('windows', windows)
  await put('esp', await makeFilledEsp(folder, wanted.esp))
  const key = createSigningKey()
  const { manifest } = await importGolden(join(folder, 'store'), disk, '1', key.privateKeyPem, layout)
  await put(
    'cache',
    await makeCache(folder, {
      layout,
      manifest,
      boot: { default: 'windows', timeoutMs: 1_000, resetEntries: true },
      atBoot: false,
      locale: 'en',
      imagerArguments: [],
      asciiOnly: wanted.firmware === 'bios',
      ...(wanted.firmware === 'bios' ? { serial: { unit: 0, speed: 115_200 } } : {}),
    }),
  )
  const installed = await installBootLoader({
    device: disk,
    files: wanted.boot,
    firmware: wanted.firmware,
    mayWriteFirmware: false,
    table: { kind: layout.table, partitions: places },
  })
  if (!installed.ok) throw new Error(`${installed.reason}: ${installed.detail}`)
  return disk
}

function tableOf(layout: Layout): string {
  const { table, partitions } = layout
  let start = mebibyte
  const lines = partitions.map(({ type, sizeBytes }) => {
    if (sizeBytes === 'rest') throw new Error('every partition here has a size')
    const line = `start=${start / 512}, size=${sizeBytes / 512}, type=${typeCode(layout, type)}`
    start += sizeBytes
    return line
  })
  return [`label: ${table === 'gpt' ? 'gpt' : 'dos'}`, ...lines, ''].join('\n')
}

async function makeFilledEsp(folder: string, files: WindowsDisk['esp']): Promise<string> {
  const esp = await blank(join(folder, 'esp.img'), 40 * mebibyte)
  await run('mkfs.vfat', '-n', 'SYSTEM', esp)
  const made = new Set<string>()
  for (const [path, file] of Object.entries(files)) {
    const parents = path.split('/').slice(0, -1)
    for (const [index] of parents.entries()) {
      const parent = parents.slice(0, index + 1).join('/')
      if (!made.has(parent)) await run('mmd', '-i', esp, `::/${parent}`)
      made.add(parent)
    }
    await run('mcopy', '-i', esp, file, `::/${path}`)
  }
  return esp
}

async function makeCache(folder: string, menu: Parameters<typeof installMenu>[1]): Promise<string> {
  const tree = join(folder, 'cache')
  await mkdir(join(tree, cachePaths.boot), { recursive: true })
  const installed = await installMenu(tree, menu)
  if (!installed.ok) throw new Error(`${installed.reason}: ${installed.detail}`)
  await writeFile(join(tree, cachePaths.ready), '')
  const cache = await blank(join(folder, 'cache.img'), 16 * mebibyte)
  await run('mke2fs', '-q', '-F', '-t', 'ext4', '-L', 'proviseur', '-d', tree, cache)
  return cache
}
