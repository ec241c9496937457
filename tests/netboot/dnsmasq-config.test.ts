import test from 'ava'
import { type DnsmasqOptions, dnsmasqConfig } from '../../providers/netboot/dnsmasq-config.ts'
import type { Mac } from '../../specs/ids.ts'

const files = { tftpRoot: '/tftp', leaseFile: '/state/leases', pidFile: '/state/pid' }
const link = { interface: 'eth1', netmask: '255.255.255.0' }
const server = { address: '10.25.11.2', port: 8080 }

const configure = (
  options: Partial<Omit<DnsmasqOptions, 'server'>> & { readonly server: DnsmasqOptions['server'] },
) => dnsmasqConfig({ link, machines: [], ...files, ...options }).split('\n')

const proxy = configure({ server: { ...server, netboot: 'proxy' } })
const dhcp = configure({
  server: {
    ...{ ...server, netboot: 'dhcp', router: '10.25.11.1', dns: ['10.25.11.1', '9.9.9.9'] },
    range: { from: '10.25.11.100', to: '10.25.11.199' },
  },
  machines: [
    { name: 'b204-01', mac: '52:54:00:25:02:01' as Mac, address: '10.25.11.21' },
    { name: 'b204-02', mac: '52:54:00:25:02:02' as Mac, address: 'b204-02.lycee.lan' },
    { name: 'b204-03', mac: '52:54:00:25:02:03' as Mac },
  ],
})

for (const [mode, lines] of Object.entries({ proxy, dhcp }))
  test(`${mode}: one interface, no DNS, files of its own`, (t) => {
    for (const line of ['interface=eth1', 'except-interface=lo', 'bind-dynamic', 'port=0', 'tftp-root=/tftp'])
      t.true(lines.includes(line), line)
  })

test('in proxy mode no address is ever given', (t) => {
  t.deepEqual(
    proxy.filter((line) => /^dhcp-(range|host|authoritative|option)/.test(line)),
    ['dhcp-range=10.25.11.0,proxy,255.255.255.0'],
  )
})

test('in proxy mode each architecture has exactly one service, without which dnsmasq would show UEFI a menu', (t) => {
  t.deepEqual(
    proxy.filter((line) => line.startsWith('pxe-service=')),
    [
      'pxe-service=tag:bios,tag:!ipxe,x86PC,"Proviseur",undionly.kpxe,10.25.11.2',
      'pxe-service=tag:uefi,tag:!ipxe,x86-64_EFI,"Proviseur",shimx64.efi,10.25.11.2',
      'pxe-service=tag:uefi,tag:!ipxe,BC_EFI,"Proviseur",shimx64.efi,10.25.11.2',
    ],
  )
})

test('as the DHCP server: range, router, name servers, and fixed addresses where the specs have them', (t) => {
  t.deepEqual(
    dhcp.filter((line) => /^dhcp-(range|host|option=)/.test(line)),
    [
      'dhcp-range=10.25.11.100,10.25.11.199,255.255.255.0,12h',
      'dhcp-option=option:router,10.25.11.1',
      'dhcp-option=option:dns-server,10.25.11.1,9.9.9.9',
      'dhcp-host=52:54:00:25:02:01,10.25.11.21,b204-01',
    ],
  )
})

test('a server without router or name servers names none, least of all itself', (t) => {
  const lines = configure({ server: { ...server, netboot: 'dhcp' } })
  t.true(lines.includes('dhcp-option=option:router'))
  t.true(lines.includes('dhcp-option=option:dns-server'))
})

test('without a range only the machines of the specs get an address', (t) => {
  const lines = configure({ server: { ...server, netboot: 'dhcp' } })
  t.true(lines.includes('dhcp-range=10.25.11.0,static,255.255.255.0'))
})

test('the network address follows the netmask', (t) => {
  const lines = configure({
    server: { ...server, address: '10.25.11.200', netboot: 'proxy' },
    link: { interface: 'eth1', netmask: '255.255.252.0' },
  })
  t.true(lines.includes('dhcp-range=10.25.8.0,proxy,255.255.252.0'))
})

test('UEFI HTTP boot gets the URL of the signed shim, with the port unless it is the usual one', (t) => {
  const url = (port: number) =>
    configure({ server: { ...server, port, netboot: 'dhcp' } }).find((line) => line.includes('http://'))
  t.is(url(8080), 'dhcp-boot=tag:uefi-http,tag:!ipxe,http://10.25.11.2:8080/boot/files/shimx64.efi')
  t.is(url(80), 'dhcp-boot=tag:uefi-http,tag:!ipxe,http://10.25.11.2/boot/files/shimx64.efi')
})
