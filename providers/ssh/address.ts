import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv4 } from 'node:net'
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { type Unreached, unreached } from './reach.ts'

/**
 * The IP address to connect to: that of the spec, else of `<name>.<domain>`, else the one that the neighbour table has for the
 * machine's MAC, after everybody on the lycée's network was asked if it has none. A name that does not resolve also falls back to the
 * neighbour table: where DHCP writes the names, they come and go.
 */
export async function locate(
  machine: DesiredMachine,
  site: DesiredSite,
  neighbours: Neighbourhood,
  signal: AbortSignal,
): Promise<{ readonly kind: 'located'; readonly host: string } | Unreached> {
  const name = machine.address ?? (site.domain === undefined ? undefined : `${machine.name}.${site.domain}`)
  if (name !== undefined) {
    if (isIP(name) !== 0) return { kind: 'located', host: name }
    const resolved = await resolve(name)
    if (resolved.kind === 'address') return { kind: 'located', host: resolved.host }
    if (resolved.kind === 'resolver-failed') return resolverFailed(machine.id, name, resolved.code)
  }
  const find = async () => findNeighbour(await neighbours.table(signal), machine.mac, site.subnet)
  const called = async (): Promise<boolean> =>
    site.subnet !== undefined && (await neighbours.call(site.subnet, signal))
  const neighbour = (await find()) ?? ((await called()) ? await find() : undefined)
  if (neighbour !== undefined) return { kind: 'located', host: neighbour }
  return name === undefined ? noAddress(machine.id, machine.mac) : nameUnknown(machine.id, name)
}

type Resolved =
  | { readonly kind: 'address'; readonly host: string }
  | { readonly kind: 'no-such-name' }
  | { readonly kind: 'resolver-failed'; readonly code: string }

async function resolve(name: string): Promise<Resolved> {
  try {
    return { kind: 'address', host: (await lookup(name)).address }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return code === 'ENOTFOUND' || code === 'ENODATA'
      ? { kind: 'no-such-name' }
      : { kind: 'resolver-failed', code }
  }
}

/** `table` as `ip -j neigh show` prints it. Prefers the site's subnet, then IPv4, then global IPv6; a failed entry is no address. */
export function findNeighbour(table: string, mac: string, subnet: string | undefined): string | undefined {
  const inside = subnet === undefined ? undefined : parseSubnet(subnet)
  const rank = (address: string): number => {
    if (isIPv4(address)) return inside?.check(address) === true ? 0 : 1
    return /^fe80:/i.test(address) ? 3 : 2
  }
  return parseNeighbours(table)
    .filter((entry) => entry.lladdr.toLowerCase() === mac && !entry.state.includes('FAILED'))
    .map((entry) => (/^fe80:/i.test(entry.dst) ? `${entry.dst}%${entry.dev}` : entry.dst))
    .sort((a, b) => rank(a) - rank(b))[0]
}

type Neighbour = {
  readonly dst: string
  readonly dev: string
  readonly lladdr: string
  readonly state: readonly string[]
}

function parseNeighbours(table: string): readonly Neighbour[] {
  let entries: unknown
  try {
    entries = JSON.parse(table)
  } catch (error) {
    // `ip` of a very old or cut-down system has no JSON: the table is then as good as empty.
    if (error instanceof SyntaxError) return []
    throw error
  }
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: Record<string, unknown>) =>
    typeof entry['dst'] === 'string' && typeof entry['lladdr'] === 'string'
      ? [
          {
            dst: entry['dst'],
            dev: String(entry['dev'] ?? ''),
            lladdr: entry['lladdr'],
            state: Array.isArray(entry['state']) ? entry['state'].map(String) : [],
          },
        ]
      : [],
  )
}

function parseSubnet(subnet: string): BlockList | undefined {
  const [network, prefix] = subnet.split('/')
  if (network === undefined || !isIPv4(network) || !/^\d+$/.test(prefix ?? '')) return undefined
  const list = new BlockList()
  list.addSubnet(network, Number(prefix))
  return list
}

const noAddress = (machine: string, mac: string): Unreached =>
  unreached(
    'off',
    'wait',
    'no-address',
    say(
      `No address is known for ${machine}: nobody on this network has the MAC ${mac} now. It is off, or give it an address (or its lycée a domain) in the spec.`,
      `Aucune adresse n’est connue pour ${machine}\u00a0: personne sur ce réseau n’a l’adresse MAC ${mac} en ce moment. Le poste est éteint\u00a0; sinon, donnez-lui une adresse (ou un domaine à son lycée) dans la spécification.`,
    ),
  )

const nameUnknown = (machine: string, name: string): Unreached =>
  unreached(
    'off',
    'wait',
    'name-unknown',
    say(
      `The name ${name} of ${machine} has no address in DNS, and nobody on this network has its MAC now. It is off, or the name in the spec is wrong.`,
      `Le nom ${name} de ${machine} n’a pas d’adresse dans le DNS, et personne sur ce réseau n’a son adresse MAC en ce moment. Le poste est éteint, ou le nom indiqué dans la spécification est faux.`,
    ),
  )

const resolverFailed = (machine: string, name: string, code: string): Unreached =>
  unreached(
    'silent',
    'wait',
    'dns-unavailable',
    say(
      `The address of ${machine} could not be looked up: DNS does not answer for ${name} (${code}). Check this server's resolver.`,
      `L’adresse de ${machine} n’a pas pu être trouvée\u00a0: le DNS ne répond pas pour ${name} (${code}). Vérifiez le résolveur de ce serveur.`,
    ),
  )
