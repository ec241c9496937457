import test from 'ava'
import { readLogLine } from '../../providers/netboot/dnsmasq-log.ts'

const MAC = '52:54:00:d6:00:01'

// Lines as dnsmasq 2.90 printed them.
const cases: Readonly<Record<string, unknown>> = {
  'dnsmasq-dhcp[9]: DHCP, IP range 10.214.0.150 -- 10.214.0.199, lease time 12h': { kind: 'serving' },
  'dnsmasq-dhcp: DHCP, proxy on subnet 10.214.0.0': { kind: 'serving' },
  'dnsmasq-dhcp: DHCP, static leases only on 10.214.0.0, lease time 1h': { kind: 'serving' },
  [`dnsmasq-dhcp: DHCPDISCOVER(bridge) ${MAC}`]: { kind: 'asked', mac: MAC },
  [`dnsmasq-dhcp: DHCPREQUEST(bridge) 10.214.0.155 ${MAC}`]: { kind: 'asked', mac: MAC },
  [`dnsmasq-dhcp[9]: PXE(bridge) 10.214.0.155 ${MAC} shimx64.efi`]: { kind: 'asked', mac: MAC },
  [`dnsmasq-dhcp: PXE(bridge) ${MAC} proxy`]: { kind: 'asked', mac: MAC },
  [`dnsmasq-dhcp: DHCPACK(bridge) 10.214.0.155 ${MAC} b204-01`]: {
    ...{ kind: 'leased', mac: MAC, address: '10.214.0.155' },
  },
  'dnsmasq-tftp: sent /tftp/grub/grub.cfg to 10.214.0.155': {
    ...{ kind: 'sent', name: 'grub/grub.cfg', address: '10.214.0.155' },
  },
  'dnsmasq-tftp: file /tftp/revocations_sku.efi not found for 10.214.0.155': {
    ...{ kind: 'not-sent', name: 'revocations_sku.efi', address: '10.214.0.155' },
  },
  'dnsmasq-tftp: file /tftp/52-54-00-d6-00-01/shimx64.efi not found for 10.214.0.155': {
    ...{ kind: 'not-sent', name: 'shimx64.efi', address: '10.214.0.155' },
  },
  'dnsmasq-tftp: failed sending /tftp/shimx64.efi to 10.214.0.155': {
    ...{ kind: 'not-sent', name: 'shimx64.efi', address: '10.214.0.155' },
  },
  'dnsmasq: failed to bind DHCP server socket: Address already in use': {
    ...{ kind: 'trouble', line: 'failed to bind DHCP server socket: Address already in use' },
  },
  'dnsmasq-tftp: error 8 User aborted the transfer received from 10.214.0.155': undefined,
  'dnsmasq[9]: started, version 2.90 DNS disabled': undefined,
  '': undefined,
}

for (const [line, event] of Object.entries(cases))
  test(`"${line}"`, (t) => t.deepEqual<unknown, unknown>(readLogLine(line, '/tftp'), event))
