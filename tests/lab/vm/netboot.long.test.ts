/** Netboot's rarer ways, on firmware that takes its time: `bin/test --all`. */
import test from 'ava'
import { bootFolder, DISK_STARTS, IMAGER_STARTS } from './boot-folder.ts'
import { startBootSite } from './boot-site.ts'
import { debianImages } from './debian-image.ts'
import { createVm } from './vm.ts'
import { layVmNetwork } from './vm-network.ts'

const DISKS = async (bus: 'virtio' | 'sata' | 'nvme') => [{ from: (await debianImages()).v1.file, bus }]

for (const netboot of ['dhcp', 'proxy'] as const)
  test.serial(
    `${netboot}: UEFI HTTP boot, Secure Boot enforced: to the imager, and to the disk next time`,
    async (t) => {
      t.timeout(900_000)
      await using network = await layVmNetwork()
      if (netboot === 'proxy') await network.startDhcpServer()
      const site = await startBootSite(network, { netboot, bootFolder: await bootFolder(network) })
      const pc = await createVm(network, {
        ...{ name: 'uefi', index: 1, firmware: 'secure-boot', uefiNetwork: 'http' },
        disks: await DISKS('sata'),
      })
      await site.answer('imager')
      await pc.powerOn()
      await pc.waitForSerial(IMAGER_STARTS)
      await pc.cut()
      await site.answer('local')
      await pc.powerOn()
      await pc.waitForSerial(DISK_STARTS)
      t.regex(pc.serial, /404 Not Found/)
      await pc.cut()
      await site.stop()
    },
  )

test.serial(
  'a UEFI PC whose site server is gone starts its disk once its firmware has waited long enough',
  async (t) => {
    t.timeout(900_000)
    await using network = await layVmNetwork()
    await network.startDhcpServer()
    const pc = await createVm(network, {
      ...{ name: 'uefi', index: 1, firmware: 'uefi' },
      disks: await DISKS('virtio'),
    })
    await pc.powerOn()
    await pc.waitForSerial(DISK_STARTS, { timeoutMs: 290_000 })
    t.regex(pc.serial, /PXE-E/)
    await pc.cut()
  },
)
