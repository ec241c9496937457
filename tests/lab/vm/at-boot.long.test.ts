/** A PC whose policy says at-boot: at each start it is made equal before anybody can use it, with the network cable out. */
import test from 'ava'
import { inExt4, readExt4 } from '../../imager/agent/pc-disk.ts'
import { chunksWithin, differingChunks } from './disk-chunks.ts'
import { openDiskSite, RECORD } from './disk-site.ts'
import { blocksOf, differences, treeOf } from './disk-tree.ts'
import { DAMAGED, scribble, spendDay } from './school-day.ts'
import { layVmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const FINISHED = /Done\. This PC restarts\./
/** What the image's system says when the menu hands over to it; it switches the PC off then. */
const STARTED = /here is Debian/

const checksItself = (firmware: 'bios' | 'uefi'): void =>
  test.serial(
    `At each of three starts the PC is made equal first, once, and then its system starts (${firmware})`,
    async (t) => {
      t.timeout(40 * MINUTES)
      await using network = await layVmNetwork()
      await using site = await openDiskSite(network)
      const pc = await site.createPc({ name: 'b204-01', index: 1, firmware })
      const disk = pc.disks[0]?.file ?? ''
      const boot = { default: 'root', timeoutMs: 1_000, resetEntries: true }
      const id = site.post(pc, { kind: 'restore', ...site.work({ resetPolicy: 'at-boot', boot }) })
      await pc.powerOn(site.imager('netboot'))
      await pc.waitForExit(8 * MINUTES)
      t.is(site.desk.order(id).done?.kind, 'done', pc.serial.slice(-4000))
      const asRestored = await treeOf(disk, 'root')
      const payload = await blocksOf(disk, 'root', '/payload')
      const whole = chunksWithin(payload, site.image.manifest.chunkBytes)
      t.true(whole.length > 0)
      // Where what each PC has of its own lies, and what its larger partition made of the file system's own blocks.
      const own = await differingChunks(disk, 'root', site)
      t.deepEqual(
        own.filter((chunk) => whole.includes(chunk)),
        [],
      )

      await pc.unplug()
      /** The loader's own start, or a restart of the PC that checked itself. */
      const startsSystem = async () => {
        await pc.powerOn()
        await pc.waitForSerial(STARTED)
        await pc.waitForExit()
        t.notRegex(pc.serial, FINISHED)
        t.regex(await readExt4(disk, 'cache', '/boot/grubenv'), /^fresh=0$/m)
      }
      // The restore counts as the first check.
      await startsSystem()
      const work: string[] = []
      for (const day of ['monday', 'tuesday', 'thursday']) {
        work.push(day)
        await spendDay(disk, 'root', day, network.folder)
        await scribble(disk, 'root', payload)
        const spoilt = differences(await treeOf(disk, 'root'), asRestored)
        for (const path of [...DAMAGED, 'payload']) t.true(spoilt.includes(path), path)

        await pc.powerOn()
        await pc.waitForExit(8 * MINUTES)
        t.regex(pc.serial, FINISHED)
        t.notRegex(pc.serial, STARTED)
        const kept = work.map((name) => `home/partage/${name}`)
        t.deepEqual(differences(await treeOf(disk, 'root'), asRestored), [...kept, RECORD].sort())
        const differing = new Set(await differingChunks(disk, 'root', site))
        t.log(`${day}: chunks that are not the image’s: ${[...differing].join(' ')}`)
        for (const chunk of own) differing.delete(chunk)
        for (const name of work) {
          const { positions } = await blocksOf(disk, 'root', `/home/partage/${name}`)
          for (const position of positions)
            differing.delete(Math.floor(position / site.image.manifest.chunkBytes))
          t.is(await readExt4(disk, 'root', `/home/partage/${name}`), `${name}\n`)
          t.is(await readExt4(disk, 'data', name), `${name}\n`)
        }
        t.deepEqual([...differing], [])
        t.regex(await readExt4(disk, 'cache', '/boot/grubenv'), /^fresh=1$/m)
        t.regex(await inExt4(disk, 'cache', 'stat /boot/ready'), /Type: regular/)
        await startsSystem()
      }
    },
  )

checksItself('bios')
checksItself('uefi')
