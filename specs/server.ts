import type { Compilation } from './compilation.ts'
import { defaults } from './defaults.ts'
import type { DesiredMachine, SiteServer } from './desired.ts'
import { hasHost, parseIpv4, type Subnet } from './network.ts'
import type { Spec } from './read-spec.ts'
import { placeAt, type SourcePath } from './source-path.ts'
import { say, type Text } from './text.ts'

type Lycee = Spec<'Lycee'>

/** The lycée's site server, its addresses checked against the lycée's network and its machines. */
export function compileServer(
  { spec, document }: Lycee,
  machines: readonly DesiredMachine[],
  { catalog, findings }: Compilation,
): SiteServer | undefined {
  const { server, network } = spec
  if (server === undefined) return undefined
  const place = (...path: SourcePath) => placeAt(document, ['server', ...path])
  const subnet = network?.subnet
  const netboot = server.netboot ?? defaults.server.netboot
  if (subnet === undefined && netboot !== 'off') {
    findings.error(
      place(),
      'server-without-subnet',
      say(
        'To start PCs from the network, the server must know the lycée’s subnet: write `network: { subnet: … }`, or `netboot: off`.',
        'Pour démarrer des postes par le réseau, le serveur doit connaître le sous-réseau du lycée : écrivez `network: { subnet: … }`, ou `netboot: off`.',
      ),
    )
  }
  for (const [key, address] of [
    ['address', server.address],
    ['router', server.router],
  ] as const) {
    if (address === undefined || subnet === undefined || isHost(subnet, address)) continue
    findings.error(
      place(key),
      'address-outside-subnet',
      say(
        `${address} is no address in the lycée’s subnet ${subnet.text}.`,
        `${address} n’est pas une adresse du sous-réseau du lycée, ${subnet.text}.`,
      ),
    )
  }
  const twin = machines.find(({ address }) => address === server.address)
  if (twin) {
    const { file, line } = twin.origin
    findings.error(
      place('address'),
      'duplicate-address',
      say(
        `${twin.id} has the address ${server.address} already, in ${file}:${line}.`,
        `${twin.id} a déjà l’adresse ${server.address}, dans ${file}:${line}.`,
      ),
    )
  }
  const wrong = rangeError(server, netboot, subnet)
  if (wrong) findings.error(place(...(server.range === undefined ? [] : ['range'])), 'bad-range', wrong)
  if (server.resetPin !== undefined) catalog.find('Secret', server.resetPin, place('resetPin'))
  const { address, range, router, dns, resetPin, port = defaults.server.port } = server
  return {
    address,
    port,
    netboot,
    ...(range === undefined ? {} : { range }),
    ...(router === undefined ? {} : { router }),
    ...(dns === undefined ? {} : { dns }),
    ...(resetPin === undefined ? {} : { resetPin }),
  }
}

function rangeError(
  { address, range }: NonNullable<Lycee['spec']['server']>,
  netboot: SiteServer['netboot'],
  subnet: Subnet | undefined,
): Text | undefined {
  if (range === undefined) {
    if (netboot !== 'dhcp') return undefined
    return say(
      'A DHCP server needs addresses to give out: write `range: { from: …, to: … }`.',
      'Un serveur DHCP a besoin d’adresses à distribuer : écrivez `range: { from: …, to: … }`.',
    )
  }
  const [from, to, own] = [range.from, range.to, address].map((text) => parseIpv4(text) ?? 0)
  if (from === undefined || to === undefined || own === undefined) return undefined
  if (subnet !== undefined && !(hasHost(subnet, from) && hasHost(subnet, to))) {
    return say(
      `The range must lie in the lycée’s subnet ${subnet.text}.`,
      `La plage doit se trouver dans le sous-réseau du lycée, ${subnet.text}.`,
    )
  }
  if (from > to) {
    return say(
      `The range ends before it begins: ${range.from} comes after ${range.to}.`,
      `La plage se termine avant de commencer : ${range.from} vient après ${range.to}.`,
    )
  }
  if (own < from || own > to) return undefined
  return say(
    `The range holds the server’s own address ${address}.`,
    `La plage contient l’adresse du serveur lui-même, ${address}.`,
  )
}

function isHost(subnet: Subnet, address: string): boolean {
  const parsed = parseIpv4(address)
  return parsed !== undefined && hasHost(subnet, parsed)
}
