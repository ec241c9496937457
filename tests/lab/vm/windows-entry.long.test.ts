/**
 * What the menu's entry for a Windows hands over to. No Windows is at hand: small programs stand where Windows' own would, and
 * say what they were given.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { createSigningKey } from '../../../imaging/signature.ts'
import { makeBootFiles } from './boot-files.ts'
import { createVm, type VmFirmware } from './vm.ts'
import { layVmNetwork } from './vm-network.ts'
import { makeWindowsDisk } from './windows-disk.ts'

const MINUTES = 60_000
const PARTITION_SECTOR = 2048
const SAYS = `here is bootmgr, of the partition at sector ${PARTITION_SECTOR}`

/**
 * In the place of Windows' `bootmgr`: what GRUB's `ntldr` loads to 2000:0000 and jumps to, with the partition's boot sector at 0000:7c00.
 * It speaks on the first serial line, and only if that boot sector says where the partition begins: Windows' own goes by it.
 */
const bootmgr = Buffer.concat([
  Buffer.from([
    ...[0x0e, 0x1f], // push cs; pop ds
    ...[0x31, 0xc0, 0x8e, 0xc0], // es = 0
    ...[0x66, 0x26, 0x81, 0x3e, 0x1c, 0x7c], // cmp dword es:[0x7c1c], the sectors before the partition,
    ...[PARTITION_SECTOR & 0xff, PARTITION_SECTOR >> 8, 0, 0],
    ...[0x75, 0x0f], // jne stop
    ...[0xbe, 0x24, 0x00, 0xfc], // si = text; cld
    ...[0xac, 0x84, 0xc0, 0x74, 0x06], // next: al = [si++]; if zero: stop
    ...[0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5], // write al to port 0x3f8; next
    ...[0xf4, 0xeb, 0xfd], // stop: hlt; stop
  ]),
  Buffer.from(`${SAYS}\r\n\0`, 'latin1'),
])

/** What Debian's GRUB has in its variable `fw_path`: the folder of the file that it was started from, as the firmware's protocols tell it. */
const FOLDER = /here is the loader of \(hd0,gpt1\)\/EFI\/Microsoft\/Boot/

test.serial('BIOS: the entry for Windows hands the PC over to bootmgr in its NTFS partition', async (t) => {
  t.timeout(10 * MINUTES)
  await using network = await layVmNetwork()
  const disk = await makeWindowsDisk(join(network.folder, 'windows'), {
    firmware: 'bios',
    boot: await bootFilesIn(network.folder),
    esp: {},
    windows: { bootmgr, 'Windows/System32/ntoskrnl.exe': 'not a kernel' },
  })
  const pc = await createVm(network, {
    name: 'b204-01',
    index: 1,
    firmware: 'bios',
    bootFirst: 'disk',
    wakeOnLan: false,
    disks: [{ file: disk, bus: 'sata' }],
  })
  await pc.powerOn()
  await pc.waitForSerial(new RegExp(SAYS))
  await pc.cut()
  t.pass()
})

const loader = 'EFI/Microsoft/Boot/bootmgfw.efi'

/**
 * `esp`: boot file → where it lies on the EFI system partition. Debian's signed GRUB for the network stands for a program that the
 * firmware trusts, or shim's keys; iPXE for one that is not signed; shim, which Microsoft signed, for one that starts another.
 */
const cases: readonly {
  readonly name: string
  readonly firmware: Exclude<VmFirmware, 'bios'>
  readonly esp: Readonly<Record<string, string>>
  readonly says: RegExp
}[] = [
  {
    name: 'UEFI: it starts Windows’ loader, which knows where it lies',
    firmware: 'uefi',
    esp: { [loader]: 'grubx64.efi' },
    says: FOLDER,
  },
  {
    name: 'Secure Boot: it starts a loader that is signed',
    firmware: 'secure-boot',
    esp: { [loader]: 'grubx64.efi' },
    says: FOLDER,
  },
  {
    name: 'Secure Boot: it starts a loader that Microsoft signed, and that one the next of its own folder',
    firmware: 'secure-boot',
    esp: { [loader]: 'shimx64.efi', 'EFI/Microsoft/Boot/grubx64.efi': 'grubx64.efi' },
    says: FOLDER,
  },
  {
    // The words with which GRUB tells that are about something else: it unloads what has unloaded itself when it came back.
    name: 'Secure Boot: a loader that gives up (shim alone) leads back to the menu',
    firmware: 'secure-boot',
    esp: { [loader]: 'shimx64.efi' },
    says: /image not loaded[\s\S]*Press any key[\s\S]*Reset Windows/,
  },
  {
    name: 'Secure Boot: it does not start a loader that nobody signed',
    firmware: 'secure-boot',
    esp: { [loader]: 'snponly.efi' },
    says: /bad shim signature/,
  },
]

for (const { name, firmware, esp, says } of cases)
  test.serial(name, async (t) => {
    t.timeout(10 * MINUTES)
    await using network = await layVmNetwork()
    const boot = await bootFilesIn(network.folder)
    const config = join(network.folder, 'grub.cfg')
    await writeFile(config, 'echo here is the loader of $fw_path\n')
    const files = Object.entries(esp).map(([path, file]) => [path, join(boot, file)] as const)
    const disk = await makeWindowsDisk(join(network.folder, 'windows'), {
      firmware: 'uefi',
      boot,
      esp: { ...Object.fromEntries(files), 'grub/grub.cfg': config },
      windows: { 'Windows/System32/ntoskrnl.exe': 'not a kernel' },
    })
    const pc = await createVm(network, {
      name: 'b204-01',
      index: 1,
      firmware,
      bootFirst: 'disk',
      wakeOnLan: false,
      disks: [{ file: disk }],
    })
    await pc.powerOn()
    await pc.waitForSerial(says)
    await pc.cut()
    t.pass()
  })

async function bootFilesIn(folder: string): Promise<string> {
  const [park, site] = [createSigningKey(), createSigningKey()]
  const out = join(folder, 'boot')
  await makeBootFiles({ out, keys: { park: park.publicKeyPem, site: site.publicKeyPem } })
  return out
}
