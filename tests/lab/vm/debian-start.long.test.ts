/** A real Debian on a restored disk: the entry of our menu starts it, each time, with each firmware. */
import test from 'ava'
import type { Layout } from '../../../imaging/protocol.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import { debianImages } from './debian-image.ts'
import { openDiskSite } from './disk-site.ts'
import { layVmNetwork } from './vm-network.ts'

const MINUTES = 60_000
const STARTS = 3

const layout: Layout = {
  table: 'gpt',
  partitions: [
    { name: 'bios', type: 'bios', sizeBytes: mebibyte, content: 'empty' },
    { name: 'esp', type: 'esp', sizeBytes: 40 * mebibyte, content: 'image' },
    { name: 'root', type: 'linux', sizeBytes: 640 * mebibyte, content: 'image', os: 'debian' },
    { name: 'cache', type: 'linux', sizeBytes: 600 * mebibyte, content: 'cache' },
  ],
}

test('Debian starts from the menu every time, on BIOS, on UEFI, and with Secure Boot', async (t) => {
  t.timeout(40 * MINUTES)
  await using network = await layVmNetwork()
  const { v1 } = await debianImages()
  await using site = await openDiskSite(network, async () => ({ disk: v1.file, layout }))
  const restored = await site.createPc({ name: 'b204-01', index: 1, disks: [{ sizeBytes: 1536 * mebibyte }] })
  const disk = restored.disks[0]?.file ?? ''
  const boot = { default: 'root', timeoutMs: 1_000, resetEntries: true }
  const id = site.post(restored, { kind: 'restore', ...site.work({ boot, keep: [] }) })
  await restored.powerOn(site.imager('netboot'))
  await restored.waitForExit(12 * MINUTES)
  t.is(site.desk.order(id).done?.kind, 'done', restored.serial.slice(-4000))
  // The same disk in three PCs, one after the other.
  for (const [index, firmware] of (['bios', 'uefi', 'secure-boot'] as const).entries()) {
    const name = `b204-1${index}`
    const pc = await site.createPc({ name, index: 11 + index, firmware, disks: [{ file: disk }] })
    for (let start = 0; start < STARTS; start += 1) {
      const since = performance.now()
      await pc.powerOn()
      await pc.waitForSerial(/lab: b204-01 has started, image 1/, { timeoutMs: 6 * MINUTES })
      t.log(`${firmware}: Debian after ${Math.round((performance.now() - since) / 1000)} s`)
      await pc.cut()
    }
  }
})
