/** What happens to a lycée's PC between two restores: its own boot menu resets it with the network cable out, whatever was done to it. */
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { bytesAt, checkExt4, inExt4, overwrite, placeOf, readExt4 } from '../../imager/agent/pc-disk.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import { type DiskSite, openDiskSite, PC_FILES, RECORD } from './disk-site.ts'
import { blocksOf, differences, treeOf } from './disk-tree.ts'
import { scribble, spendDay } from './school-day.ts'
import type { Vm } from './vm.ts'
import { layVmNetwork, type VmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const BLOCK = 4096
const MENU = /Reset Debian/
/** Of the MBR. The BIOS parameter block before it belongs to whoever made the disk; what GRUB installs leaves it as it is. */
const BOOT_CODE = { from: 0x5a, bytes: 440 - 0x5a }
const FINISHED = /Done\. This PC restarts\./

let network: VmNetwork
let site: DiskSite
let pc: Vm
let disk: string
/** Of the system as the first restore left it, verified against the image. */
let asRestored: Awaited<ReturnType<typeof treeOf>>

test.before(async (t) => {
  t.timeout(10 * MINUTES)
  network = await layVmNetwork()
  site = await openDiskSite(network)
  pc = await site.createPc({ name: 'b204-01', index: 1 })
  disk = pc.disks[0]?.file ?? ''
})
test.after.always(async () => {
  await site?.[Symbol.asyncDispose]()
  await network?.dispose()
})

/** What differs from the verified state, but for the imager's record. */
const changedFiles = async (): Promise<readonly string[]> =>
  differences(await treeOf(disk, 'root'), asRestored).filter((path) => path !== RECORD)

/** On the PC's own keyboard. */
const press = (key: 'down' | 'ret') => pc.qmp('send-key', { keys: [{ type: 'qcode', data: key }] })

/** With nobody at the other end of the cable, which is not even plugged in. */
async function resetFromMenu(t: ExecutionContext): Promise<void> {
  await pc.unplug()
  await pc.powerOn()
  await pc.waitForSerial(MENU, { timeoutMs: 4 * MINUTES })
  await press('down')
  await press('ret')
  await pc.waitForExit(8 * MINUTES)
  t.regex(pc.serial, FINISHED)
}

test.serial('A blank disk is made equal to its image, file by file', async (t) => {
  t.timeout(10 * MINUTES)
  const id = site.post(pc, { kind: 'restore', ...site.work() })
  await pc.powerOn(site.imager('netboot'))
  await pc.waitForExit(8 * MINUTES)
  t.is(site.desk.order(id).done?.kind, 'done', pc.serial.slice(-4000))
  asRestored = await treeOf(disk, 'root')
  t.deepEqual(differences(asRestored, await treeOf(site.golden, 'root')), PC_FILES)
  t.regex(await inExt4(disk, 'cache', 'stat /boot/ready'), /Type: regular/)
})

test.serial(
  'With the cable out, the boot menu resets a PC whose files are gone and of whose blocks 1 % are noise',
  async (t) => {
    t.timeout(15 * MINUTES)
    await spendDay(disk, 'root', 'monday', network.folder)
    await scribble(disk, 'root', await blocksOf(disk, 'root', '/payload'))
    t.deepEqual(await changedFiles(), ['etc/fstab', 'etc/virus', 'home/partage/monday', 'payload'])
    await resetFromMenu(t)
    t.deepEqual(await changedFiles(), ['home/partage/monday'])
    t.like(JSON.parse(await readExt4(disk, 'root', `/${RECORD}`)), {
      manifest: site.image.digest,
      how: 'reset',
    })
    t.is(await readExt4(disk, 'root', '/home/partage/monday'), 'monday\n')
    t.is(await readExt4(disk, 'data', 'monday'), 'monday\n')
    t.regex(await checkExt4(disk, 'root'), /files/)
  },
)

test.serial(
  'A destroyed file system is reset in the same way, and other partitions are not touched',
  async (t) => {
    t.timeout(15 * MINUTES)
    const root = await placeOf(disk, 'root')
    const data = await placeOf(disk, 'data')
    const before = await bytesAt(disk, data.startBytes, data.sizeBytes)
    await overwrite(disk, root.startBytes, randomBytes(mebibyte))
    await scribble(disk, 'root', {
      sizeBytes: BLOCK,
      positions: Array.from({ length: root.sizeBytes / BLOCK }, (_, block) => block * BLOCK),
    })
    await resetFromMenu(t)
    t.deepEqual(
      (await changedFiles()).filter((path) => !path.startsWith('home/partage')),
      [],
    )
    t.regex(await checkExt4(disk, 'root'), /files/)
    t.true(before.equals(await bytesAt(disk, data.startBytes, data.sizeBytes)))
  },
)

test.serial(
  'An overwritten boot loader comes back by a reset that the network starts, and the PC’s own menu starts its system again',
  async (t) => {
    t.timeout(15 * MINUTES)
    const esp = await placeOf(disk, 'esp')
    const bios = await placeOf(disk, 'bios')
    // What lies behind GRUB's core means nothing to anybody.
    const coreBytes = (await stat(join(site.boot, 'core.img'))).size
    const [espBefore, biosBefore, mbrBefore] = await Promise.all([
      bytesAt(disk, esp.startBytes, esp.sizeBytes),
      bytesAt(disk, bios.startBytes, coreBytes),
      bytesAt(disk, BOOT_CODE.from, BOOT_CODE.bytes),
    ])
    await overwrite(disk, esp.startBytes, randomBytes(mebibyte))
    await overwrite(disk, bios.startBytes, randomBytes(mebibyte))
    await overwrite(disk, 0, randomBytes(440))
    await pc.powerOn(site.imager('reset'))
    await pc.waitForExit(8 * MINUTES)
    t.regex(pc.serial, FINISHED)
    t.true(espBefore.equals(await bytesAt(disk, esp.startBytes, esp.sizeBytes)))
    t.true(biosBefore.equals(await bytesAt(disk, bios.startBytes, coreBytes)))
    t.true(mbrBefore.equals(await bytesAt(disk, BOOT_CODE.from, BOOT_CODE.bytes)))
    await pc.powerOn()
    await pc.waitForSerial(MENU, { timeoutMs: 4 * MINUTES })
    await press('ret')
    await pc.waitForSerial(/here is Debian/)
    await pc.waitForExit()
  },
)
