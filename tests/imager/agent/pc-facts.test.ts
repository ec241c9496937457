import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { chooseDisk, type Disk, readDisks } from '../../../imager/agent/disks.ts'
import { readHardware } from '../../../imager/agent/hardware.ts'
import { hostsFor } from '../../../imager/agent/identity-debian.ts'
import { parseKernelOptions } from '../../../imager/agent/kernel-options.ts'
import { placeOf, writeRooted } from '../../../imager/agent/rooted-file.ts'
import { createScreen, figures } from '../../../imager/agent/screen.ts'
import { reasonText } from '../../../imaging/reasons.ts'

async function tree(
  t: { teardown(run: () => Promise<void>): void },
  files: Readonly<Record<string, string | Uint8Array>>,
) {
  const root = await mkdtemp(join(tmpdir(), 'pc-'))
  t.teardown(() => rm(root, { recursive: true }))
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), contents)
  }
  return root
}

const device = (at: string, facts: Readonly<Record<string, string | Uint8Array>>) =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [`sys/devices/${at}/${name}`, value]))

test('The PC is read from the kernel’s files: cards, firmware, Secure Boot, memory; placeholders are left out', async (t) => {
  const root = await tree(t, {
    'proc/cpuinfo': 'processor\t: 0\nmodel name\t: Intel(R) Core(TM) i3\nprocessor\t: 1\n',
    'proc/meminfo': 'MemTotal:       3900000 kB\n',
    'sys/class/dmi/id/sys_vendor': 'Dell Inc.\n',
    'sys/class/dmi/id/product_serial': 'To be filled by O.E.M.\n',
    'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': Buffer.from([6, 0, 0, 0, 1]),
    'sys/class/net/lo/type': '772\n',
    'sys/class/net/lo/address': '00:00:00:00:00:00\n',
    'sys/class/net/eth0/type': '1\n',
    'sys/class/net/eth0/address': '52:54:00:25:02:01\n',
    'sys/class/net/eth0/device/uevent': '',
    'sys/class/net/eth1/type': '1\n',
    'sys/class/net/eth1/address': '52:54:00:25:02:AA\n',
    'sys/class/net/eth1/device/uevent': '',
  })
  t.deepEqual(await readHardware(root, '52:54:00:25:02:aa'), {
    vendor: 'Dell Inc.',
    cpu: 'Intel(R) Core(TM) i3',
    macs: ['52:54:00:25:02:aa', '52:54:00:25:02:01'],
    firmware: 'uefi',
    secureBoot: true,
    cpus: 2,
    memoryBytes: 3_900_000 * 1024,
  })
})

test('Only fixed disks that can be written count, with serial numbers of every kind of bus', async (t) => {
  const disk = { size: '1000\n', removable: '0\n', ro: '0\n', 'queue/logical_block_size': '512\n' }
  const root = await tree(t, {
    ...device('pci0000:00/ata1/host0/block/sda', {
      ...disk,
      'queue/rotational': '1\n',
      'device/model': 'ST500DM002  \n',
      'device/vpd_pg80': Buffer.from([0, 0x80, 0, 8, ...Buffer.from('  Z3T1AB')]),
    }),
    ...device('pci0000:00/usb1/host1/block/sdb', disk),
    ...device('pci0000:00/ata2/host2/block/sr0', disk),
    ...device('pci0000:00/ata3/host3/block/sdc', { ...disk, removable: '1\n' }),
    ...device('pci0000:00/ata4/host4/block/sdd', { ...disk, ro: '1\n' }),
    ...device('pci0000:00/nvme/nvme0/nvme0n1', { ...disk, size: '2000\n', 'device/serial': 'S4EV\n' }),
    ...device('virtual/block/loop0', disk),
    ...device('virtual/block/zram0', disk),
  })
  await mkdir(join(root, 'sys/block'))
  const places = [
    ...['sda', 'sdb', 'sr0', 'sdc', 'sdd'].map((name, index) => {
      const [bus, number] =
        name === 'sdb' ? ['usb1', 1] : [`ata${[1, 0, 2, 3, 4][index]}`, [0, 1, 2, 3, 4][index]]
      return [name, `pci0000:00/${bus}/host${number}/block/${name}`] as const
    }),
    ['nvme0n1', 'pci0000:00/nvme/nvme0/nvme0n1'] as const,
    ['loop0', 'virtual/block/loop0'] as const,
    ['zram0', 'virtual/block/zram0'] as const,
  ]
  for (const [name, at] of places) await symlink(join(root, 'sys/devices', at), join(root, 'sys/block', name))
  const disks = await readDisks(root)
  t.deepEqual(
    disks.map(({ name, bus, serial, sizeBytes, rotational }) => ({
      name,
      bus,
      serial,
      sizeBytes,
      rotational,
    })),
    [
      { name: 'nvme0n1', bus: 'nvme', serial: 'S4EV', sizeBytes: 1_024_000, rotational: false },
      { name: 'sda', bus: 'sata', serial: 'Z3T1AB', sizeBytes: 512_000, rotational: true },
    ],
  )
})

test('A disk is chosen by name, model or serial, and never guessed', (t) => {
  const disk = (name: string, model: string): Disk => ({
    ...{ name, model, device: `/dev/${name}`, sizeBytes: 1, sectorBytes: 512, rotational: false },
  })
  const two = [disk('sda', 'WD'), disk('nvme0n1', 'Samsung')]
  t.like(chooseDisk(two, undefined), { ok: false, reason: 'several-disks' })
  t.like(chooseDisk(two, 'Samsung'), { ok: true, value: { name: 'nvme0n1' } })
  t.like(chooseDisk([disk('sda', 'WD'), disk('sdb', 'WD')], 'WD'), { ok: false, reason: 'several-disks' })
  t.like(chooseDisk([], undefined), { ok: false, reason: 'no-disk' })
})

test('This machine itself can be read', async (t) => {
  const hardware = await readHardware('/')
  t.true(hardware.memoryBytes > 0)
  t.true(hardware.cpus > 0)
  for (const { sizeBytes } of await readDisks('/')) t.true(sizeBytes > 0)
})

test('The kernel’s command line says mode, server, card and console, and what the next start needs too', (t) => {
  const options = parseKernelOptions(
    'BOOT_IMAGE=/boot/vmlinuz proviseur.mode=reset proviseur.only=root proviseur.server=http://10.25.11.2:8080/ proviseur.locale=fr BOOTIF=01-52-54-00-25-02-01 console=ttyS1,115200n8 proviseur.after=poweroff quiet',
  )
  t.deepEqual(options, {
    mode: 'reset',
    server: 'http://10.25.11.2:8080',
    locale: 'fr',
    only: 'root',
    bootMac: '52:54:00:25:02:01',
    serial: { unit: 1, speed: 115200 },
    after: 'poweroff',
    lasting: [
      'proviseur.server=http://10.25.11.2:8080/',
      'proviseur.locale=fr',
      'BOOTIF=01-52-54-00-25-02-01',
      'console=ttyS1,115200n8',
      'quiet',
    ],
  })
  t.deepEqual(parseKernelOptions('proviseur.mode=surprise'), {
    mode: 'netboot',
    after: 'reboot',
    lasting: [],
  })
})

test('/etc/hosts keeps all but the PC’s own line', (t) => {
  t.is(
    hostsFor('127.0.0.1 localhost\n::1 localhost\n', 'b204-01'),
    '127.0.0.1 localhost\n127.0.1.1\tb204-01\n::1 localhost\n',
  )
  t.is(
    hostsFor('127.0.1.1 golden.lan golden\n10.0.0.1 srv\n', 'b204-01'),
    '127.0.1.1\tb204-01\n10.0.0.1 srv\n',
  )
  t.is(hostsFor(undefined, 'b204-01'), '127.0.0.1\tlocalhost\n127.0.1.1\tb204-01\n')
})

test('A symbolic link in a system means that system’s root, and leads no write out of it', async (t) => {
  const root = await tree(t, { 'home/pupil/note': 'x', 'etc/real': 'old' })
  await symlink('/etc', join(root, 'home/pupil/.ssh'))
  await symlink('../../../../../../tmp', join(root, 'home/pupil/up'))
  await symlink('round', join(root, 'round'))
  t.is(await placeOf(root, '/home/pupil/.ssh/keys'), join(root, 'etc/keys'))
  t.is(await placeOf(root, '/home/pupil/up/x'), join(root, 'tmp/x'))
  t.is(await placeOf(root, '/round/x'), undefined)
  await symlink('/etc/real', join(root, 'etc/hostname'))
  await writeRooted(root, '/etc/hostname', 'b204-01\n', { mode: 0o644 })
  t.is(await placeOf(root, '/etc/hostname'), join(root, 'etc/hostname'))
})

test('On a serial console the screen is plain lines: each new step, each tenth of the way', (t) => {
  const lines: string[] = []
  const screen = createScreen({ write: (text) => lines.push(text), canDraw: false, columns: 80 }, 'fr')
  const at = (read: number) => ({
    ...({ phase: 'write', partition: 'root', read, matched: 0, fetched: 0, written: 0, total: 1e9 } as const),
    rate: 84e6,
    leftMs: 61_000,
  })
  for (let read = 0; read < 1e9; read += 1e7) screen.progress(at(read))
  t.is(lines.length, 10)
  t.is(lines[1], 'Écriture de l’image disque (root): 10 % 100 Mo · 84 Mo/s · encore 61 s\n')
  screen.failed({ reason: 'no-disk', detail: 'sdb' })
  t.true(lines.at(-1)?.includes(reasonText['no-disk'].fr))
  t.is(figures(at(1.5e9), 'en'), '1.5 GB · 84 MB/s · 61 s left')
  screen.progress({ ...at(0), phase: 'verify', written: 6e8 })
  t.regex(lines.at(-1) ?? '', /: 60 % 600 Mo/, 'a blank disk, which is not read before it is written')
})

test('On a terminal the screen is drawn over, within its width', (t) => {
  const drawn: string[] = []
  const screen = createScreen({ write: (text) => drawn.push(text), canDraw: true, columns: 60 }, 'en')
  screen.setTitle('b204-01')
  screen.failed({ reason: 'several-disks', detail: 'sda, sdb' })
  const text = drawn.join('')
  t.regex(text, /Proviseur · b204-01/)
  const plain = text.replaceAll(String.fromCodePoint(27), '')
  for (const line of plain.split('\n')) t.true(line.length <= 60, line)
})
