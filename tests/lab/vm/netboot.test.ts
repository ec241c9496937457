/** Netboot on real firmware: who gets which program, and that every way that does not lead to the imager leads to the disk. */
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { bootFolder, DISK_STARTS, IMAGER_STARTS } from './boot-folder.ts'
import { type BootSite, startBootSite } from './boot-site.ts'
import { debianImages } from './debian-image.ts'
import type { Kind } from './dhcp-client.ts'
import { createVm } from './vm.ts'
import { layVmNetwork, type VmNetwork } from './vm-network.ts'

const WAKE = fileURLToPath(new URL('../../../providers/power/wake.ts', import.meta.url))
const CLIENT = fileURLToPath(new URL('dhcp-client.ts', import.meta.url))

const KINDS: readonly Kind[] = [
  { name: 'bios', architecture: 0, vendor: 'PXEClient:Arch:00000:UNDI:002001' },
  { name: 'bios ipxe', architecture: 0, vendor: 'PXEClient:Arch:00000:UNDI:002001', user: 'iPXE' },
  { name: 'uefi', architecture: 7, vendor: 'PXEClient:Arch:00007:UNDI:003016' },
  { name: 'uefi, as the RFC counts', architecture: 9, vendor: 'PXEClient:Arch:00009:UNDI:003016' },
  { name: 'uefi http', architecture: 16, vendor: 'HTTPClient:Arch:00016:UNDI:003001' },
  { name: 'arm', architecture: 11, vendor: 'PXEClient:Arch:00011:UNDI:003016' },
]

for (const netboot of ['dhcp', 'proxy'] as const)
  test.serial(`${netboot}: each kind of client is pointed to its own boot program`, async (t) => {
    await using network = await layVmNetwork()
    if (netboot === 'proxy') await network.startDhcpServer()
    const site = await startBootSite(network, { netboot, bootFolder: await bootFolder(network) })
    await site.answer('imager')
    const prefix = network.subnet.replace(/\d+\/\d+$/, '')
    const client = await network.connect('client', `${prefix}99`, [
      process.execPath,
      ...[
        '--disable-warning=ExperimentalWarning',
        CLIENT,
        `${prefix}99`,
        network.broadcast,
        JSON.stringify(KINDS),
      ],
    ])
    const offered: Record<string, string> = {}
    const given: boolean[] = []
    await new Promise<void>((resolve) =>
      client.onLine((line) => {
        if (line === 'done') resolve()
        if (!line.startsWith('offer ')) return
        const { kind, file, vendor, offers } = JSON.parse(line.slice(6))
        offered[kind] = `${file} ${vendor}`.trim()
        given.push(
          offers.some(
            ({ address, server }: { address: boolean; server: string }) =>
              address && server === network.serverAddress,
          ),
        )
      }),
    )
    const url = `http://${network.serverAddress}:8080/boot/files/shimx64.efi`
    // As the DHCP server, a PXE client's own class needs no echo; beside one, it is what makes the answer a boot server's.
    const pxe = netboot === 'proxy' ? ' PXEClient' : ''
    t.deepEqual(offered, {
      bios: `undionly.kpxe${pxe}`,
      'bios ipxe': `boot.ipxe${pxe}`,
      uefi: `shimx64.efi${pxe}`,
      'uefi, as the RFC counts': `shimx64.efi${pxe}`,
      'uefi http': `${url} HTTPClient`,
      arm: '',
    })
    t.true(
      given.every((address) => address === (netboot === 'dhcp')),
      'who gives addresses',
    )
    await site.stop()
  })

test.serial('a BIOS PC, woken by a magic packet, starts the imager, and its disk next time', async (t) => {
  t.timeout(600_000)
  await using network = await layVmNetwork()
  const { v1 } = await debianImages()
  const site = await startBootSite(network, { netboot: 'dhcp', bootFolder: await bootFolder(network) })
  const pc = await createVm(network, { name: 'bios', index: 1, firmware: 'bios', disks: [{ from: v1.file }] })
  await site.answer('imager')
  const woken = pc.nextPowerOn()
  await wakeFrom(network, pc.mac)
  await woken
  await pc.waitForSerial(IMAGER_STARTS)
  await pc.cut()
  await site.answer('local')
  await pc.powerOn()
  await pc.waitForSerial(DISK_STARTS)
  await pc.cut()
  t.deepEqual(pc.history, ['magic-packet', 'button'])
  t.deepEqual(sentFiles(site), ['vmlinuz', 'initrd'])
  await site.stop()
})

test.serial('a BIOS PC whose site server no longer answers HTTP, or is gone, starts its disk', async (t) => {
  t.timeout(600_000)
  await using network = await layVmNetwork()
  await network.startDhcpServer()
  const { v1 } = await debianImages()
  const site = await startBootSite(network, { netboot: 'proxy', bootFolder: await bootFolder(network) })
  await site.answer('imager')
  await site.stopHttp()
  const pc = await createVm(network, {
    name: 'bios',
    index: 1,
    firmware: 'bios',
    disks: [{ from: v1.file, bus: 'sata' }],
  })
  await pc.powerOn()
  await pc.waitForSerial(DISK_STARTS)
  t.regex(pc.serial, /Proviseur: local disk/)
  await pc.cut()
  await site.stop()
  await pc.powerOn()
  await pc.waitForSerial(DISK_STARTS)
  t.notRegex(pc.serial, /boot\.ipxe/)
  await pc.cut()
})

test.serial(
  'Secure Boot, beside the lycée’s DHCP server: the signed chain to the imager, and the disk next time',
  async (t) => {
    await using network = await layVmNetwork()
    await network.startDhcpServer()
    const { v1 } = await debianImages()
    const site = await startBootSite(network, { netboot: 'proxy', bootFolder: await bootFolder(network) })
    const pc = await createVm(network, {
      ...{ name: 'uefi', index: 1, firmware: 'secure-boot' },
      disks: [{ from: v1.file, bus: 'nvme' }],
    })
    await site.answer('imager')
    await pc.powerOn()
    await pc.waitForSerial(IMAGER_STARTS)
    await pc.waitForSerial(/Kernel is locked down from EFI Secure Boot/)
    await pc.cut()
    await site.answer('local')
    await pc.powerOn()
    await pc.waitForSerial(/PXE-E23/)
    await pc.waitForSerial(DISK_STARTS)
    t.notRegex(pc.serial, /Proviseur/)
    await pc.cut()
    await site.stop()
  },
)

/** Our own magic packets, sent by the site server's namespace. */
async function wakeFrom(network: VmNetwork, mac: string): Promise<void> {
  const sender = `const { wake } = await import(${JSON.stringify(WAKE)})
const sent = await wake(${JSON.stringify(mac)}, { broadcast: ${JSON.stringify(network.broadcast)}, port: 9 })
if (sent.kind !== 'sent') throw new Error(JSON.stringify(sent))`
  await network.ground.must([process.execPath, '--input-type=module', '--eval', sender])
}

const sentFiles = (site: BootSite): readonly string[] =>
  site.heard.flatMap((each) =>
    each.from === 'http' && each.event.kind === 'file' && each.event.whole ? [each.event.name] : [],
  )
