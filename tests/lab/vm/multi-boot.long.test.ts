/** Two systems on one PC by spec: one menu starts either and resets either, and neither reset touches the other system. */
import test from 'ava'
import { bytesAt, placeOf } from '../../imager/agent/pc-disk.ts'
import { openDiskSite, RECORD } from './disk-site.ts'
import { blocksOf, differences, treeOf } from './disk-tree.ts'
import { DAMAGED, scribble, spendDay } from './school-day.ts'
import { makeTwoSystems, SYSTEMS, specOfTwoSystems } from './two-systems.ts'
import { layVmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const FINISHED = /Done\. This PC restarts\./
/** In the order of the menu. The BIOS's screen has no accents; GRUB on UEFI writes them as UTF-8. */
const ENTRIES = [/Bureautique/, /Atelier vid.{1,2}o/, /Reset Bureautique/, /Reset Atelier vid.{1,2}o/]

for (const firmware of ['bios', 'uefi'] as const) {
  test.serial(`Two systems by spec: one menu for both (${firmware})`, async (t) => {
    t.timeout(40 * MINUTES)
    await using network = await layVmNetwork()
    await using site = await openDiskSite(network, makeTwoSystems)
    const pc = await site.createPc({ name: 'b204-01', index: 1, firmware })
    const disk = pc.disks[0]?.file ?? ''
    const press = (key: 'up' | 'down' | 'ret') => pc.qmp('send-key', { keys: [{ type: 'qcode', data: key }] })
    const bytesOf = async (name: string): Promise<Buffer> => {
      const { startBytes, sizeBytes } = await placeOf(disk, name)
      return bytesAt(disk, startBytes, sizeBytes)
    }
    const openMenu = async () => {
      await pc.powerOn()
      for (const entry of ENTRIES) await pc.waitForSerial(entry)
    }

    const id = site.post(pc, specOfTwoSystems().restore(site.image.digest, site.work().imager))
    await pc.powerOn(site.imager('netboot'))
    await pc.waitForExit(8 * MINUTES)
    t.is(site.desk.order(id).done?.kind, 'done', pc.serial.slice(-4000))
    await pc.unplug()

    // Nobody presses a key: the default by spec, which is the second, after the time by spec.
    await openMenu()
    await pc.waitForSerial(/here is atelier/)
    t.regex(pc.serial, /executed automatically in 10s/)
    await pc.waitForExit()
    await openMenu()
    await press('up')
    await press('ret')
    await pc.waitForSerial(/here is debian/)
    await pc.waitForExit()

    const asRestored = { debian: await treeOf(disk, 'debian'), atelier: await treeOf(disk, 'atelier') }
    for (const name of SYSTEMS) {
      await spendDay(disk, name, `of-${name}`, network.folder)
      await scribble(disk, name, await blocksOf(disk, name, '/payload'))
    }
    for (const name of SYSTEMS) {
      const other = name === 'debian' ? 'atelier' : 'debian'
      const untouched = await bytesOf(other)
      const now = differences(await treeOf(disk, name), asRestored[name])
      for (const path of [...DAMAGED, 'payload']) t.true(now.includes(path), path)
      await openMenu()
      // From the default, the second of the four.
      await press('down')
      if (name === 'atelier') await press('down')
      await press('ret')
      await pc.waitForExit(8 * MINUTES)
      t.regex(pc.serial, FINISHED)
      t.deepEqual(
        differences(await treeOf(disk, name), asRestored[name]),
        [`home/partage/of-${name}`, RECORD].sort(),
      )
      t.true(untouched.equals(await bytesOf(other)), `the reset of ${name} wrote to ${other}`)
    }
    await openMenu()
    await pc.waitForSerial(/here is atelier/)
    await pc.waitForExit()
  })
}
