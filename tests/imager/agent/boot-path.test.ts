import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { installBiosLoader } from '../../../imager/agent/bios-loader.ts'
import {
  environmentBlock,
  finderConfig,
  type MenuRequest,
  menuConfig,
} from '../../../imager/agent/boot-menu.ts'
import { orderWith, parseEntries } from '../../../imager/agent/efi-entries.ts'
import type { Manifest } from '../../../imaging/manifest.ts'
import { blank } from './golden-disk.ts'
import { bytesAt } from './pc-disk.ts'
import { mebibyte, run } from './run.ts'

/** Compares with a file beside the goldens; `PROVISEUR_GOLDEN=write` makes it anew. */
const goldens = new URL('../../golden/boot-menu/', import.meta.url)

const digest = 'a'.repeat(64)
const partition = (name: string, kind: 'ext4' | 'ntfs' | 'vfat', uuid: string) =>
  ({
    name,
    number: 1,
    type: '',
    sizeBytes: 512,
    fileSystem: { kind, uuid },
    list: digest,
    map: digest,
    usedBytes: 0,
    storedBytes: 0,
  }) as unknown as Manifest['partitions'][number]

const manifest = {
  partitions: [
    partition('esp', 'vfat', '1234-ABCD'),
    partition('root', 'ext4', '4f2a7b1e-0000-4000-8000-000000000001'),
    partition('windows', 'ntfs', '5D2A1B0C7E3F4A6B'),
  ],
} as unknown as Manifest

const request: MenuRequest = {
  manifest,
  layout: {
    table: 'gpt',
    partitions: [
      { name: 'esp', type: 'esp', sizeBytes: 1, content: 'image' },
      {
        name: 'root',
        type: 'linux',
        sizeBytes: 1,
        content: 'image',
        os: 'debian',
        title: 'Debian de l’élève',
      },
      { name: 'windows', type: 'windows', sizeBytes: 1, content: 'image', os: 'windows' },
      { name: 'cache', type: 'linux', sizeBytes: 1, content: 'cache' },
    ],
  },
  boot: { default: 'root', timeoutMs: 8_000, resetEntries: true },
  atBoot: false,
  locale: 'fr',
  imagerArguments: ['proviseur.server=http://10.25.11.2:8080', 'proviseur.locale=fr', 'quiet'],
  asciiOnly: false,
}

const cases: Readonly<Record<string, MenuRequest>> = {
  'two-systems-fr': request,
  'at-boot-serial-bios-en': {
    ...request,
    locale: 'en',
    atBoot: true,
    asciiOnly: true,
    boot: { ...request.boot, default: 'windows', resetEntries: false },
    serial: { unit: 0, speed: 115200 },
    imagerArguments: ['console=ttyS0,115200'],
  },
}

for (const [name, given] of Object.entries(cases)) {
  test(`The boot menu ${name} is as expected, and GRUB can read it`, async (t) => {
    const file = new URL(`${name}.cfg`, goldens)
    const text = menuConfig(given)
    if (process.env['PROVISEUR_GOLDEN'] === 'write') {
      await mkdir(goldens, { recursive: true })
      await writeFile(file, text)
    }
    t.is(text, await readFile(file, 'utf8'))
    t.is(await run('grub-script-check', file.pathname), '')
  })
}

test('Titles cannot break out of the menu', async (t) => {
  const partitions = request.layout.partitions.map((one) =>
    one.os === undefined ? one : { ...one, title: "l'élève'; reboot #\n{" },
  )
  const text = menuConfig({ ...request, layout: { ...request.layout, partitions } })
  const folder = await mkdtemp(join(tmpdir(), 'menu-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'grub.cfg'), text)
  t.is(await run('grub-script-check', join(folder, 'grub.cfg')), '')
  t.regex(text, /menuentry 'l'\\''élève'\\''; reboot # \{' --id os-root/)
})

test('The loader’s own configuration is one that GRUB can read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'finder-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'grub.cfg'), finderConfig)
  t.is(await run('grub-script-check', join(folder, 'grub.cfg')), '')
})

test('The environment block is one that GRUB’s own tool reads', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'environment-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const file = join(folder, 'grubenv')
  await writeFile(file, environmentBlock({ fresh: '1' }))
  t.is(await run('grub-editenv', file, 'list'), 'fresh=1\n')
})

test('GRUB for BIOS lies on the disk exactly as grub-bios-setup puts it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bios-'))
  const loops: string[] = []
  t.teardown(async () => {
    await run('umount', join(folder, 'system')).catch(() => '')
    for (const loop of loops) await run('losetup', '--detach', loop)
    await rm(folder, { recursive: true })
  })
  const attach = async (file: string) => {
    const loop = (await run('losetup', '--find', '--show', file)).trim()
    loops.push(loop)
    return loop
  }
  const files = join(folder, 'files')
  await mkdir(files)
  await writeFile(join(files, 'boot.img'), await readFile('/usr/lib/grub/i386-pc/boot.img'))
  await run(
    'grub-mkimage',
    ...['-O', 'i386-pc', '-p', '/boot', '-o', join(files, 'core.img'), 'biosdisk', 'part_gpt', 'ext2'],
  )
  // grub-bios-setup wants its files on a disk that it knows, with a file system on the whole of it.
  const system = await blank(join(folder, 'system.img'), 16 * mebibyte)
  await run('mke2fs', '-q', '-F', '-t', 'ext4', system)
  const theirs = await blank(join(folder, 'theirs.img'), 16 * mebibyte)
  const table = join(folder, 'table')
  await writeFile(table, 'label: gpt\nstart=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649\n')
  await run('sh', '-c', 'sfdisk --quiet "$1" <"$2"', 'sh', theirs, table)
  const ours = join(folder, 'ours.img')
  await run('cp', theirs, ours)

  const [disk, source] = [await attach(theirs), await attach(system)]
  await mkdir(join(folder, 'system'))
  await run('mount', source, join(folder, 'system'))
  for (const name of ['boot.img', 'core.img']) await run('cp', join(files, name), join(folder, 'system'))
  await writeFile(join(folder, 'device.map'), `(hd0) ${disk}\n(hd1) ${source}\n`)
  await run(
    '/usr/lib/grub/i386-pc/grub-bios-setup',
    ...['--no-rs-codes', '--skip-fs-probe', `--directory=${join(folder, 'system')}`],
    ...[`--device-map=${join(folder, 'device.map')}`, disk],
  )
  await run('sync')

  const place = { startBytes: mebibyte, sizeBytes: mebibyte }
  t.deepEqual(await installBiosLoader({ device: ours, files, place }), { ok: true, value: undefined })
  const head = 2 * mebibyte
  const [a, b] = [await bytesAt(theirs, 0, head), await bytesAt(ours, 0, head)]
  t.true(a.subarray(0, 440).some((byte) => byte !== 0))
  t.is(Buffer.compare(a, b), 0)
})

test('A core that is larger than its place is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'core-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'boot.img'), Buffer.alloc(512))
  await writeFile(join(folder, 'core.img'), Buffer.alloc(4096))
  const device = await blank(join(folder, 'disk.img'), mebibyte)
  const place = { startBytes: 512, sizeBytes: 2048 }
  t.like(await installBiosLoader({ device, files: folder, place }), {
    ok: false,
    reason: 'boot-loader-failed',
  })
})

const listing = `BootCurrent: 0001
Timeout: 1 seconds
BootOrder: 0003,0001,0000,0002
Boot0000* Windows Boot Manager\tHD(1,GPT,0a1b2c3d-0000-4000-8000-000000000e59,0x800,0x14000)/File(\\EFI\\MICROSOFT\\BOOT\\BOOTMGFW.EFI)
Boot0001* UEFI PXEv4\tPciRoot(0x0)/Pci(0x3,0x0)/MAC(525400250201,1)/IPv4(0.0.0.00.0.0.0,0,0)
Boot0002* UiApp\tFvVol(7cb8bdc9)/FvFile(462caa21)
Boot0003* UEFI HTTPv4\tPciRoot(0x0)/Pci(0x3,0x0)/MAC(525400250201,1)/IPv4()/Uri()
Boot0004* Proviseur\tHD(2,GPT,0a1b2c3d-0000-4000-8000-000000000e59,0x1000,0x14000)/File(\\EFI\\debian\\shimx64.efi)
`

test('Our firmware entry comes right after the network, and the others keep their order', (t) => {
  const entries = parseEntries(listing)
  t.deepEqual(entries.order, ['0003', '0001', '0000', '0002'])
  t.is(entries.entries.find(({ number }) => number === '0004')?.name, 'Proviseur')
  t.deepEqual(orderWith(entries, '0004'), ['0003', '0001', '0004', '0000', '0002'])
  const right = { ...entries, order: ['0003', '0001', '0004', '0000', '0002'] }
  t.is(orderWith(right, '0004'), undefined)
})

test('Without a network entry ours comes first', (t) => {
  t.deepEqual(orderWith({ order: ['0000', '0002'], entries: [] }, '0004'), ['0004', '0000', '0002'])
})
