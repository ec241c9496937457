import type { Compilation } from './compilation.ts'
import type { DesiredMachine } from './desired.ts'
import type { Mac, MachineId, RoomId, SiteId } from './ids.ts'
import type { Branch } from './layers.ts'
import type { MachineRegistry } from './machine-registry.ts'
import { hasHost, parseIpv4, type Subnet } from './network.ts'
import type { ProfileTable } from './profile.ts'
import type { RoleStacks } from './role-stacks.ts'
import { type Place, positionOf } from './source-text.ts'
import type { Stack } from './stack.ts'
import { say } from './text.ts'

/** A machine as written, in YAML or in a CSV line. */
export type WrittenMachine = {
  readonly name: string
  readonly mac: Mac
  readonly address?: string | undefined
  readonly hostKey?: string | undefined
  readonly labels: readonly string[]
  readonly role?: string | undefined
  /** Its own settings, if it has any. */
  readonly layer?: Branch | undefined
  readonly place: Place
  readonly macPlace: Place
  readonly addressPlace: Place
  readonly rolePlace: Place
}

/** What a machine takes from the lycée and room around it. */
export type Surroundings = {
  readonly site: SiteId
  readonly room: RoomId
  readonly domain: string | undefined
  readonly subnet: Subnet | undefined
  readonly labels: readonly string[]
  readonly role: string | undefined
  /** Of lycée and room, laid over the role's. */
  readonly layers: readonly Branch[]
}

/** Windows' NetBIOS names end there. */
const longestWindowsName = 15

/** Turns written machines into desired ones. Machines without settings of their own cost a few look-ups each. */
export class MachineCompiler {
  readonly #compilation: Compilation
  readonly #profiles: ProfileTable
  readonly #stacks: RoleStacks
  readonly #registry: MachineRegistry

  constructor(
    compilation: Compilation,
    profiles: ProfileTable,
    stacks: RoleStacks,
    registry: MachineRegistry,
  ) {
    this.#compilation = compilation
    this.#profiles = profiles
    this.#stacks = stacks
    this.#registry = registry
  }

  /** The stack of what surrounds machines without a role of their own. */
  stackOf(around: Surroundings, role = around.role): Stack {
    return around.layers.reduce<Stack>((stack, layer) => stack.with(layer), this.#stacks.of(role))
  }

  /** Undefined, with a finding, if the lycée has a machine of that name already. */
  compile(written: WrittenMachine, around: Surroundings, shared: Stack): DesiredMachine | undefined {
    const { name, mac, place } = written
    const id = `${around.site}/${name}` as MachineId
    if (!this.#registry.addName(id, place)) return undefined
    this.#registry.addMac(mac, id, around.site, written.macPlace)
    if (written.address !== undefined) this.#checkAddress(written.address, written, id, around)
    if (written.role !== undefined) this.#compilation.catalog.find('Role', written.role, written.rolePlace)
    const inherited = written.role === undefined ? shared : this.stackOf(around, written.role)
    const stack = written.layer ? inherited.with(written.layer) : inherited
    const profile = this.#profiles.profileOf(stack)
    if (profile.os === 'windows' && name.length > longestWindowsName) this.#refuseLongName(place)
    const address = written.address ?? (around.domain === undefined ? undefined : `${name}.${around.domain}`)
    const labels = written.labels.length === 0 ? around.labels : mergeLabels(around.labels, written.labels)
    return {
      id,
      name,
      site: around.site,
      room: around.room,
      mac,
      ...(address === undefined ? {} : { address }),
      ...(written.hostKey === undefined ? {} : { hostKey: written.hostKey }),
      labels,
      profile,
      origin: positionOf(place),
    }
  }

  #checkAddress(
    address: string,
    { addressPlace }: WrittenMachine,
    id: MachineId,
    { site, subnet }: Surroundings,
  ): void {
    this.#registry.addAddress(address, id, site, addressPlace)
    const ipv4 = parseIpv4(address)
    if (ipv4 === undefined || !subnet || hasHost(subnet, ipv4)) return
    this.#compilation.findings.error(
      addressPlace,
      'address-outside-subnet',
      say(
        `${address} is not a PC’s address in the lycée’s subnet ${subnet.text}.`,
        `${address} n’est pas une adresse de poste dans le sous-réseau du lycée, ${subnet.text}.`,
      ),
    )
  }

  #refuseLongName(place: Place): void {
    this.#compilation.findings.error(
      place,
      'name-too-long',
      say(
        `A Windows PC’s name has ${longestWindowsName} characters at most.`,
        `Le nom d’un poste Windows a ${longestWindowsName} caractères au plus.`,
      ),
    )
  }
}

/** All of them once, in order. */
export const mergeLabels = (...sets: readonly (readonly string[] | undefined)[]): readonly string[] =>
  [...new Set(sets.flatMap((labels) => labels ?? []))].sort()
