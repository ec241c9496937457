/**
 * How a PC that shall start from its disk is told so at the earliest moment: the boot program that its firmware asks for "does not
 * exist" for this PC. A failed netboot is what every firmware knows how to leave, at once and to the next boot device of its list; a program
 * that was started and ended is not (GRUB can only end with success, at which many PCs show their setup menu).
 *
 * By TFTP: dnsmasq's `tftp-unique-root=mac` looks into a folder named after the PC's MAC if there is one, and only there. An empty folder
 * hides everything. It is made or taken away when the PC's DHCP request is heard, a second before it asks for the program; should it be
 * faster, it gets the program, which then asks again over HTTP.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mac } from '../../specs/ids.ts'

export async function hideBootPrograms(tftpRoot: string, mac: Mac, hidden: boolean): Promise<void> {
  const folder = join(tftpRoot, mac.replaceAll(':', '-'))
  if (hidden) await mkdir(folder, { recursive: true, mode: 0o755 })
  else await rm(folder, { recursive: true, force: true })
}

/** The MAC that this machine's neighbour table has for an IPv4 address that it just spoke with. */
export async function neighbourMac(address: string): Promise<Mac | undefined> {
  return macIn(await readFile('/proc/net/arp', 'utf8'), address)
}

/** Columns of /proc/net/arp (proc_net(5)): address, hardware type, flags, hardware address, mask, device. */
export function macIn(table: string, address: string): Mac | undefined {
  for (const line of table.split('\n')) {
    const [ip, , , mac = ''] = line.trim().split(/\s+/)
    if (ip === address && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) && mac !== '00:00:00:00:00:00')
      return mac as Mac
  }
  return undefined
}
