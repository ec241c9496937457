/** IPv4 arithmetic for subnets, after RFC 4632. Addresses are unsigned 32-bit numbers. */
export type Subnet = { readonly base: number; readonly bits: number; readonly text: string }

/** `10.25.11.7` → number; undefined if it is not a dotted quad (leading zeros are refused: some programs read them as octal). */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return undefined
  let address = 0
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

export const formatIpv4 = (address: number): string =>
  [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')

const sizeOf = (bits: number): number => 2 ** (32 - bits)

/** `10.25.11.0/24` → subnet; undefined if it is not one. The base may have host bits: see `baseOf`. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text)
  const base = parseIpv4(match?.[1] ?? '')
  const bits = Number(match?.[2])
  return base === undefined || !(bits >= 8 && bits <= 30) ? undefined : { base, bits, text }
}

/** The network's own address: the base without host bits. */
export const baseOf = ({ base, bits }: Subnet): number => base - (base % sizeOf(bits))

export const broadcastOf = (subnet: Subnet): number => baseOf(subnet) + sizeOf(subnet.bits) - 1

/** Whether an address can be a machine's in this subnet: inside, and neither the network's own nor the broadcast address. */
export const hasHost = (subnet: Subnet, address: number): boolean =>
  address > baseOf(subnet) && address < broadcastOf(subnet)

/** IPv6 in any of the usual notations (RFC 4291, without zone). */
export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:]{2,39}$/.test(text) || text.includes(':::')) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  if (!groups.flat().every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  const count = groups.flat().length
  return halves.length === 2 ? count <= 7 : count === 8
}

/** A DNS name of one or more labels, lower case (RFC 1123). */
export const isHostName = (text: string): boolean =>
  text.length <= 253 &&
  !/^[\d.]+$/.test(text) &&
  text.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
