/**
 * The configuration of the site server's own dnsmasq: boot programs for PCs that start from the network, beside the lycée's DHCP
 * server (`proxy`) or as the lycée's DHCP server (`dhcp`). Options as in dnsmasq(8), 2.80 or later.
 *
 * What decided the less obvious lines:
 *
 * - One interface only. `bind-dynamic` binds single addresses, so another dnsmasq (libvirt's, say) can live on the same machine, and ours
 *   finds its interface when that comes up late.
 * - In proxy mode the lycée's DHCP server answers too, and knows nothing of us. PXE clients take the address from it and what to
 *   boot from whoever says `PXEClient` in the vendor class. dnsmasq sends UEFI clients to its port 4011 for the file, but only if exactly
 *   one `pxe-service` fits them; a BIOS client takes it from a one-entry menu. So each architecture gets one service.
 * - UEFI HTTP boot has no port 4011: the URL must be in the offer itself, with the vendor class `HTTPClient` echoed. `dhcp-pxe-vendor` makes
 *   dnsmasq's proxy answer and echo it; where no `pxe-service` fits, the offer carries `dhcp-boot`.
 * - Clients that are iPXE already (user class `iPXE`: the boot ROM of many cards and of all QEMU's, or our own undionly.kpxe a second
 *   before) get the script, not iPXE again.
 * - Without `dhcp-no-override` dnsmasq may move the file name into an option, which old PXE ROMs do not read.
 * - A DHCP option without a value takes back dnsmasq's own default: it would make itself the router.
 */
import type { SiteServer } from '../../specs/desired.ts'
import type { Mac } from '../../specs/ids.ts'
import { BIOS_PROGRAM, IPXE_SCRIPT, UEFI_PROGRAM } from './boot-programs.ts'
import { bootUrl } from './boot-url.ts'

export type DnsmasqOptions = {
  readonly server: SiteServer & { readonly netboot: 'proxy' | 'dhcp' }
  /** The interface that has the server's address. */
  readonly link: { readonly interface: string; readonly netmask: string }
  /** DHCP mode: those with an IPv4 address in their spec always get that one. */
  readonly machines: readonly { readonly name: string; readonly mac: Mac; readonly address?: string }[]
  /** Absolute paths. */
  readonly tftpRoot: string
  readonly leaseFile: string
  readonly pidFile: string
}

/** By architecture: 7 is "EBC" in the RFC's first print and x64 in all firmware, 9 x64 in the RFC and little firmware, 16 x64 by HTTP. */
const MATCHES = [
  'dhcp-match=set:bios,option:client-arch,0',
  'dhcp-match=set:uefi,option:client-arch,7',
  'dhcp-match=set:uefi,option:client-arch,9',
  'dhcp-match=set:uefi-http,option:client-arch,16',
  'dhcp-userclass=set:ipxe,iPXE',
]

export function dnsmasqConfig(options: DnsmasqOptions): string {
  const { server, link } = options
  const lines = [
    'keep-in-foreground',
    'log-facility=-',
    'port=0',
    'no-hosts',
    'no-resolv',
    'bind-dynamic',
    `interface=${link.interface}`,
    'except-interface=lo',
    `pid-file=${options.pidFile}`,
    `dhcp-leasefile=${options.leaseFile}`,
    'enable-tftp',
    `tftp-root=${options.tftpRoot}`,
    // See local-start.ts.
    'tftp-unique-root=mac',
    'dhcp-no-override',
    ...MATCHES,
    ...(server.netboot === 'proxy' ? proxyLines(server, link.netmask) : dhcpLines(options)),
  ]
  return `${lines.join('\n')}\n`
}

function proxyLines(server: SiteServer, netmask: string): readonly string[] {
  const service = (tags: string, architecture: string, file: string): string =>
    `pxe-service=${tags},${architecture},"Proviseur",${file},${server.address}`
  return [
    `dhcp-range=${networkAddress(server.address, netmask)},proxy,${netmask}`,
    'dhcp-pxe-vendor=PXEClient,HTTPClient',
    // Kinds of client that we have nothing for are left to whoever has.
    'dhcp-ignore=tag:!bios,tag:!uefi,tag:!uefi-http',
    service('tag:bios,tag:!ipxe', 'x86PC', BIOS_PROGRAM),
    service('tag:uefi,tag:!ipxe', 'x86-64_EFI', UEFI_PROGRAM),
    service('tag:uefi,tag:!ipxe', 'BC_EFI', UEFI_PROGRAM),
    `dhcp-boot=tag:ipxe,${IPXE_SCRIPT},,${server.address}`,
    `dhcp-boot=tag:uefi-http,tag:!ipxe,${bootUrl(server, `files/${UEFI_PROGRAM}`)}`,
    'pxe-prompt="Proviseur",0',
  ]
}

function dhcpLines({ server, link, machines }: DnsmasqOptions): readonly string[] {
  const range = server.range
  return [
    // Without a range only the machines of the specs get an address.
    range === undefined
      ? `dhcp-range=${networkAddress(server.address, link.netmask)},static,${link.netmask}`
      : `dhcp-range=${range.from},${range.to},${link.netmask},12h`,
    // A thousand, the default, is less than a large lycée has devices.
    'dhcp-lease-max=4000',
    'dhcp-authoritative',
    option('router', server.router === undefined ? [] : [server.router]),
    option('dns-server', server.dns ?? []),
    ...machines.flatMap(({ name, mac, address }) =>
      address !== undefined && isIpv4(address) ? [`dhcp-host=${mac},${address},${name}`] : [],
    ),
    `dhcp-boot=tag:bios,tag:!ipxe,${BIOS_PROGRAM},,${server.address}`,
    `dhcp-boot=tag:uefi,tag:!ipxe,${UEFI_PROGRAM},,${server.address}`,
    `dhcp-boot=tag:uefi-http,tag:!ipxe,${bootUrl(server, `files/${UEFI_PROGRAM}`)}`,
    'dhcp-option-force=tag:uefi-http,60,HTTPClient',
    `dhcp-boot=tag:ipxe,${IPXE_SCRIPT},,${server.address}`,
  ]
}

const option = (name: string, values: readonly string[]): string =>
  ['dhcp-option=option:', name, ...values.map((value) => `,${value}`)].join('')

const isIpv4 = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text)

function networkAddress(address: string, netmask: string): string {
  const mask = netmask.split('.').map(Number)
  return address
    .split('.')
    .map((byte, index) => Number(byte) & (mask[index] ?? 0))
    .join('.')
}
