/** What dnsmasq's log lines tell (without `log-dhcp`; rfc2131.c and tftp.c of dnsmasq 2.90). */
import type { Mac } from '../../specs/ids.ts'

export type DnsmasqEvent =
  /** It listens. */
  | { readonly kind: 'serving' }
  /** A PC starts from the network, or asks for an address. */
  | { readonly kind: 'asked'; readonly mac: Mac }
  | { readonly kind: 'leased'; readonly mac: Mac; readonly address: string }
  /** A boot program went out by TFTP. `name` below the TFTP root. */
  | { readonly kind: 'sent'; readonly name: string; readonly address: string }
  | { readonly kind: 'not-sent'; readonly name: string; readonly address: string }
  /** It says that something went wrong. */
  | { readonly kind: 'trouble'; readonly line: string }

const MAC = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/

/** Undefined: a line that tells nothing that we act on. */
export function readLogLine(line: string, tftpRoot: string): DnsmasqEvent | undefined {
  const said = line.replace(/^.*?\bdnsmasq(?:-dhcp|-tftp)?(?:\[\d+\])?: /, '')
  const mac = MAC.exec(said)?.[0] as Mac | undefined
  if (/^DHCP, (IP range|proxy|static leases only)/.test(said)) return { kind: 'serving' }
  if (/^(DHCPDISCOVER|DHCPREQUEST|PXE)\(/.test(said) && mac !== undefined) return { kind: 'asked', mac }
  const leased = /^DHCPACK\([^)]*\) (\S+) /.exec(said)?.[1]
  if (leased !== undefined && mac !== undefined) return { kind: 'leased', mac, address: leased }
  const sent = /^sent (.+) to (\S+)$/.exec(said)
  if (sent?.[1] !== undefined && sent[2] !== undefined)
    return { kind: 'sent', name: below(tftpRoot, sent[1]), address: sent[2] }
  const notSent = /^file (.+) not found for (\S+)$/.exec(said) ?? /^failed sending (.+) to (\S+)$/.exec(said)
  if (notSent?.[1] !== undefined && notSent[2] !== undefined)
    return { kind: 'not-sent', name: below(tftpRoot, notSent[1]), address: notSent[2] }
  // Firmware begins each download twice: the first time for the size alone.
  if (/ error 8 User aborted /i.test(` ${said}`)) return undefined
  if (/\b(failed|cannot|unknown|no address range|error)\b/i.test(said)) return { kind: 'trouble', line: said }
  return undefined
}

/** Below the root, and below the folder of one PC (local-start.ts). */
const below = (root: string, path: string): string =>
  (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path).replace(
    /^([0-9a-f]{2}-){5}[0-9a-f]{2}\//,
    '',
  )
