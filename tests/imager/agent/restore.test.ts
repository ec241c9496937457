import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { layout } from './golden-disk.ts'
import {
  bytesAt,
  checkExt4,
  inExt4,
  overwrite,
  partitionsOf,
  placeOf,
  readExt4,
  readFat,
  stateOf,
  writeExt4,
} from './pc-disk.ts'
import { mebibyte, run } from './run.ts'
import { equalWork, newPc, openSchool, post, type School, type TestPc } from './school.ts'

let school: School
let pc: TestPc
/** Of the first restore: what must survive all the rest. */
let firstKey = ''
const withoutServer = 'http://127.0.0.1:9'

test.before(async () => {
  school = await openSchool()
  pc = await newPc(school)
})
test.after.always(() => school.close())

const work = () => equalWork(school, { keep: ['/home/partage'] })

test.serial('A blank disk becomes this PC’s, and the site server learns its new host key', async (t) => {
  const id = post(school.desk, { kind: 'restore', ...work() })
  t.is(await pc.start(), 'reboot')
  const { done } = school.desk.order(id)
  t.is(done?.kind, 'done', `${JSON.stringify(done)}\n${pc.screen.join('')}`)
  if (done?.kind !== 'done') return
  t.like(done.state, { manifest: school.image.digest, image: 'debian-edu@1', job: id, how: 'restore' })
  t.is(done.hostKeys[0]?.partition, 'root')
  firstKey = done.hostKeys[0]?.key ?? ''
  t.regex(firstKey, /^ssh-ed25519 AAAA\S+ root@b204-01$/)
})

test.serial('The partition table has the layout’s names and sizes and the image’s identifiers', async (t) => {
  const partitions = await partitionsOf(pc.disk)
  t.deepEqual(
    partitions.map(({ name }) => name),
    ['bios', 'esp', 'root', 'cache', 'data'],
  )
  t.is(partitions[2]?.uuid, '0A1B2C3D-0000-4000-8000-00000000007A')
  t.is(partitions[1]?.uuid, '0A1B2C3D-0000-4000-8000-000000000E59')
  t.deepEqual(
    partitions.slice(0, 4).map(({ sizeBytes }) => sizeBytes / mebibyte),
    [1, 40, 64, 160],
  )
  t.true(partitions.every(({ startBytes }) => startBytes % mebibyte === 0))
  t.is(await run('sfdisk', '--verify', pc.disk).then(() => 'sound'), 'sound')
})

test.serial('Its system is the image’s, grown, with a name, a machine-id and keys of its own', async (t) => {
  t.regex(await checkExt4(pc.disk, 'root'), /root: \d+\/\d+ files/)
  const blocks = /Block count:\s+(\d+)/.exec(await inExt4(pc.disk, 'root', 'stats -h'))?.[1]
  const blockBytes = /Block size:\s+(\d+)/.exec(await inExt4(pc.disk, 'root', 'stats -h'))?.[1]
  t.is(Number(blocks) * Number(blockBytes), 64 * mebibyte)
  t.is(await readExt4(pc.disk, 'root', '/etc/version'), 'v1\n')
  t.is(await readExt4(pc.disk, 'root', '/etc/hostname'), 'b204-01\n')
  t.is(await readExt4(pc.disk, 'root', '/etc/hosts'), '127.0.0.1\tlocalhost\n127.0.1.1\tb204-01\n')
  t.regex(await readExt4(pc.disk, 'root', '/etc/machine-id'), /^[0-9a-f]{32}\n$/)
  t.is(await readExt4(pc.disk, 'root', '/etc/ssh/ssh_host_ed25519_key.pub'), `${firstKey}\n`)
  t.regex(await inExt4(pc.disk, 'root', 'stat /etc/ssh/ssh_host_ed25519_key'), /Mode:\s+0600/)
  t.is(await readExt4(pc.disk, 'root', '/etc/ssh/ssh_host_rsa_key'), '')
  t.is(await readExt4(pc.disk, 'root', '/etc/fstab'), 'LABEL=root / ext4 defaults 0 1\n')
  const authorized = await inExt4(pc.disk, 'root', 'stat /home/admin/.ssh/authorized_keys')
  t.regex(authorized, /Mode:\s+0600/)
  t.regex(authorized, /User:\s+1000\s+Group:\s+1000/)
  t.regex(await readExt4(pc.disk, 'root', '/home/admin/.ssh/authorized_keys'), /proviseur\n$/)
  t.like(JSON.parse(await readExt4(pc.disk, 'root', '/var/lib/proviseur/disk.json')), {
    image: 'debian-edu@1',
  })
  t.is(await readExt4(pc.disk, 'root', '/var/lib/proviseur/fence'), '')
})

test.serial('Firmware of both kinds finds our loader, and the loader our menu', async (t) => {
  t.regex(await readFat(pc.disk, 'esp', 'EFI/debian/grub.cfg'), /--label proviseur/)
  t.regex(await readFat(pc.disk, 'esp', 'EFI/debian/grubx64.efi'), /^grubx64-disk\.efi /)
  t.regex(await readFat(pc.disk, 'esp', 'EFI/BOOT/BOOTX64.EFI'), /^shimx64\.efi /)
  t.is(await readFat(pc.disk, 'esp', 'EFI/Microsoft/version'), 'v1\n')
  const bios = await placeOf(pc.disk, 'bios')
  const mbr = await bytesAt(pc.disk, 0, 512)
  t.is(mbr.readBigUInt64LE(0x5c), BigInt(bios.startBytes / 512))
  t.is(mbr.readUInt16LE(510), 0xaa55)
  const core = await bytesAt(pc.disk, bios.startBytes, 512)
  t.is(core.readBigUInt64LE(0x1f4), BigInt(bios.startBytes / 512 + 1))
  const menu = join(school.folder, 'grub.cfg')
  await writeFile(menu, await readExt4(pc.disk, 'cache', '/boot/grub.cfg'))
  t.is(await run('grub-script-check', menu).then(() => 'sound'), 'sound')
  t.is((await readExt4(pc.disk, 'cache', '/boot/grubenv')).length, 1024)
  t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
  t.regex(await readExt4(pc.disk, 'cache', '/boot/imager/initrd'), /^initrd /)
})

test.serial('A pupil’s day is undone without a network, and what is kept is kept', async (t) => {
  const mine = join(school.folder, 'mine')
  await writeFile(mine, 'my work\n')
  await writeExt4(pc.disk, 'data', mine, 'homework')
  await writeExt4(pc.disk, 'root', mine, '/home/partage/essay')
  await writeExt4(pc.disk, 'root', mine, '/etc/virus')
  await inExt4(pc.disk, 'root', 'rm /payload').then(() => undefined)
  const root = await placeOf(pc.disk, 'root')
  await overwrite(pc.disk, root.startBytes + 20 * mebibyte, randomBytes(64 * 1024))
  const esp = await placeOf(pc.disk, 'esp')
  await overwrite(pc.disk, esp.startBytes, randomBytes(mebibyte))
  await overwrite(pc.disk, 0, randomBytes(440))
  const before = school.requests.length
  t.is(await pc.start({ mode: 'reset', server: withoutServer }), 'reboot')
  t.is(school.requests.length, before)
  t.regex(pc.screen.join(''), /Terminé/, pc.screen.join(''))
  t.regex(await checkExt4(pc.disk, 'root'), /files/)
  t.is(await readExt4(pc.disk, 'root', '/etc/virus'), '')
  t.is(await readExt4(pc.disk, 'root', '/home/partage/essay'), 'my work\n')
  t.is(await readExt4(pc.disk, 'data', 'homework'), 'my work\n')
  t.is(await readExt4(pc.disk, 'root', '/etc/hostname'), 'b204-01\n')
  t.regex(await readFat(pc.disk, 'esp', 'EFI/BOOT/BOOTX64.EFI'), /^shimx64\.efi /)
  t.is((await bytesAt(pc.disk, 0, 512)).readBigUInt64LE(0x5c), 2048n)
  t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
})

test.serial('A reset keeps the machine-id and the host key that is pinned', async (t) => {
  t.is(await readExt4(pc.disk, 'root', '/etc/ssh/ssh_host_ed25519_key.pub'), `${firstKey}\n`)
})

test.serial('A verification lists what differs, and writes nothing', async (t) => {
  const mine = join(school.folder, 'mine')
  await writeExt4(pc.disk, 'root', mine, '/boot/grub/rogue')
  const before = await stateOf(pc.disk)
  const id = post(school.desk, { kind: 'verify', manifest: school.image.digest, layout })
  await pc.start()
  const { done } = school.desk.order(id)
  t.is(done?.kind, 'done', JSON.stringify(done))
  if (done?.kind !== 'done') return
  t.is(done.differences?.[0]?.partition, 'root')
  t.is(await stateOf(pc.disk), before)
  t.is(await readExt4(pc.disk, 'root', '/boot/grub/rogue'), 'my work\n')
})

test.serial('A PC with a right layout takes an upgrade without losing its cache or its data', async (t) => {
  const id = post(
    school.desk,
    { kind: 'restore', ...work(), resetPolicy: 'at-boot', mayRepartition: false },
    { fence: { epoch: 1, generation: 8 } },
  )
  await pc.start()
  t.is(school.desk.order(id).done?.kind, 'done', pc.screen.join(''))
  t.is(await readExt4(pc.disk, 'data', 'homework'), 'my work\n')
  t.is(await readExt4(pc.disk, 'root', '/boot/grub/rogue'), '')
  t.regex(await readExt4(pc.disk, 'cache', '/boot/grubenv'), /\nfresh=1\n/)
})

test.serial('An order with an older fence than the last is refused, and the server is told so', async (t) => {
  const id = post(school.desk, { kind: 'restore', ...work() }, { fence: { epoch: 1, generation: 7 } })
  await pc.start()
  const { done } = school.desk.order(id)
  t.like(done, { kind: 'failed', reason: 'job-outdated' })
})

test.serial('An ESP that is intact is not written by a reset: its seal says that it is right', async (t) => {
  const esp = await placeOf(pc.disk, 'esp')
  const before = await bytesAt(pc.disk, esp.startBytes, esp.sizeBytes)
  await pc.start({ mode: 'at-boot', server: withoutServer })
  t.true(before.equals(await bytesAt(pc.disk, esp.startBytes, esp.sizeBytes)))
})
