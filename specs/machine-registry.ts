import type { Position } from './diagnostic.ts'
import type { Findings } from './findings.ts'
import type { Mac, MachineId } from './ids.ts'
import { type Place, positionOf } from './source-text.ts'
import { say } from './text.ts'

type Holder = { readonly id: MachineId; readonly site: string; readonly at: Position }

/** Refuses machines that share what must be theirs alone: id, MAC address, network address. */
export class MachineRegistry {
  readonly #findings: Findings
  readonly #byId = new Map<MachineId, Position>()
  readonly #byMac = new Map<Mac, Holder>()
  readonly #byAddress = new Map<string, Holder>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** False if there is one of that name in the lycée already. */
  addName(id: MachineId, place: Place): boolean {
    const first = this.#byId.get(id)
    if (!first) {
      this.#byId.set(id, positionOf(place))
      return true
    }
    this.#findings.error(
      place,
      'duplicate-machine',
      say(
        `This lycée has a machine of that name already, in ${first.file}:${first.line}.`,
        `Ce lycée a déjà une machine de ce nom, dans ${first.file}:${first.line}.`,
      ),
    )
    return false
  }

  addMac(mac: Mac, id: MachineId, site: string, place: Place): void {
    const first = this.#byMac.get(mac)
    if (!first) {
      this.#byMac.set(mac, { id, site, at: positionOf(place) })
      return
    }
    this.#findings.error(
      place,
      'duplicate-mac',
      say(
        `${first.id} has the MAC address ${mac} already, in ${first.at.file}:${first.at.line}. Read both again on the PCs.`,
        `${first.id} a déjà l’adresse MAC ${mac}, dans ${first.at.file}:${first.at.line}. Relisez les deux sur les postes.`,
      ),
    )
  }

  /** The same address in two lycées is possible (private networks), but then one process cannot reach both. */
  addAddress(address: string, id: MachineId, site: string, place: Place): void {
    const first = this.#byAddress.get(address)
    if (!first) {
      this.#byAddress.set(address, { id, site, at: positionOf(place) })
      return
    }
    const message = say(
      `${first.id} has the address ${address} already, in ${first.at.file}:${first.at.line}.`,
      `${first.id} a déjà l’adresse ${address}, dans ${first.at.file}:${first.at.line}.`,
    )
    if (first.site === site) this.#findings.error(place, 'duplicate-address', message)
    else this.#findings.warning(place, 'address-in-two-lycees', message)
  }
}
