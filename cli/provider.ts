import { identityDriver } from '../providers/identity/driver.ts'
import { stateDriver } from '../providers/imaging/state-driver.ts'
import { inventoryDriver } from '../providers/inventory/driver.ts'
import { packagesDriver } from '../providers/packages/driver.ts'
import { powerDriver } from '../providers/power/reboot.ts'
import { wake } from '../providers/power/wake.ts'
import { scriptsDriver } from '../providers/scripts/driver.ts'
import type { FacetDriver } from '../providers/ssh/facet-driver.ts'
import type { HostKeyPins } from '../providers/ssh/host-key.ts'
import { createSshProvider, type SecretOpener, type SshProvider } from '../providers/ssh/provider.ts'
import type { Clock } from '../reconciler/ports.ts'
import type { Store } from '../reconciler/store/store.ts'
import { say } from '../specs/text.ts'

/** In the order in which a machine's changes are made. */
const drivers: readonly FacetDriver[] = [
  inventoryDriver,
  stateDriver,
  identityDriver,
  packagesDriver,
  scriptsDriver,
  powerDriver,
]

export type ProviderParts = {
  readonly store: Store
  readonly clock: Clock
  readonly privateKey: string
  readonly openSecret: SecretOpener
  readonly observer: string
}

/** What reaches real PCs. */
export const createProvider = (parts: ProviderParts): SshProvider => {
  const { store, clock, privateKey, openSecret, observer } = parts
  return createSshProvider({
    drivers,
    privateKey,
    openSecret,
    clock,
    observer,
    pins: storedPins(store, clock, observer),
    wake: (mac, to, signal) => wake(mac, to, { signal }),
  })
}

/** Looks at the host keys that machines show; logs in nowhere, so that it needs no key of ours. */
export const createHostKeyReader = (store: Store, clock: Clock): Pick<SshProvider, 'hostKey' | 'close'> =>
  createSshProvider({
    drivers: [],
    privateKey: '',
    openSecret: async (secret) => {
      throw new Error(`looking at a host key opens no secret, and ${secret.name} was asked for`)
    },
    clock,
    observer: 'trust',
    pins: storedPins(store, clock, 'trust'),
    wake: (mac, to, signal) => wake(mac, to, { signal }),
  })

/** A first key that the specs allow to be pinned (`firstContact: pin`) is told in the audit log. */
const storedPins = (store: Store, clock: Clock, actor: string): HostKeyPins => ({
  get: (machine) => store.hostKey(machine),
  pin: async (machine, fingerprint) => {
    await store.pinHostKey(machine, fingerprint)
    await store.append([
      {
        at: clock.now(),
        kind: 'host-key-pinned',
        machine,
        actor,
        message: say(
          `First contact: host key ${fingerprint} pinned, as firstContact: pin says`,
          `Premier contact\u00a0: clé d’hôte ${fingerprint} épinglée, comme le veut firstContact: pin`,
        ),
        data: { fingerprint },
      },
    ])
  },
})
