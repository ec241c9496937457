/** Host keys that the imager made: told over the imager's own channel, they need nobody to confirm them. */
import type { Done } from '../../imaging/protocol.ts'
import type { Desk, Reception } from '../../providers/imaging/desk.ts'
import type { DiskParts } from '../../providers/imaging/disk-parts.ts'
import { madeHostKey } from '../../providers/imaging/made-host-key.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { Store } from '../../reconciler/store/store.ts'
import type { WantedDisk } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'

export const imagedKeys = (store: Store, clock: Clock, actor: string): DiskParts['pins'] => {
  /** The imager's message and the action that waits for it bring the same key at the same time. */
  let before: Promise<void> = Promise.resolve()
  const pinNew = async (machine: MachineId, fingerprint: string): Promise<void> => {
    if ((await store.hostKey(machine)) === fingerprint) return
    await store.pinHostKey(machine, fingerprint)
    await store.append([
      {
        at: clock.now(),
        kind: 'host-key-pinned',
        machine,
        actor,
        message: say(
          `Imaged: its new host key ${fingerprint} is pinned`,
          `Image disque écrite\u00a0: sa nouvelle clé d’hôte ${fingerprint} est épinglée`,
        ),
        data: { fingerprint },
      },
    ])
  }
  return {
    pin: (machine, fingerprint) => {
      const after = () => pinNew(machine, fingerprint)
      const pinned = before.then(after, after)
      // Whoever asked is told of a failure; the next one only waits for the end.
      before = pinned.catch(() => undefined)
      return pinned
    },
  }
}

/**
 * The desk's `done`, answered only when the new key is known: killed in between, we would not be let in by a PC that has
 * already forgotten that it told us.
 */
export const keepingKeys =
  (
    desk: { done(...asked: Parameters<Desk['done']>): Reception | Promise<Reception> },
    store: Pick<Store, 'openActions'>,
    pins: DiskParts['pins'],
    diskOf: (machine: MachineId) => WantedDisk | undefined,
  ) =>
  async (token: string, done: Done): Promise<Reception> => {
    const reception = await desk.done(token, done)
    if (reception !== 'taken' || done.kind !== 'done') return reception
    const open = (await store.openActions()).find(({ action }) => action.id === done.job)
    const machine = open?.action.machine
    const key = machine && madeHostKey(done, diskOf(machine)?.boot.default)
    if (machine !== undefined && key !== undefined) await pins.pin(machine, key)
    return reception
  }
