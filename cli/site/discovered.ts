import { encodeHello } from '../../imaging/job-codec.ts'
import type { Hello } from '../../imaging/protocol.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { say } from '../../specs/text.ts'

/** A PC that is in no spec is noted with its hardware, told in the log, and never written. */
export const noteDiscovered = async (
  store: Store,
  clock: Clock,
  actor: string,
  hello: Hello,
): Promise<void> => {
  const [mac] = hello.macs
  if (mac === undefined) return
  const at = clock.now()
  await store.putDiscovered({ mac, seenAt: at, hello: encodeHello(hello) })
  const what = [hello.vendor, hello.model].filter((word) => word !== undefined).join(' ')
  await store.append([
    {
      at,
      kind: 'discovered',
      actor,
      message: say(
        `A PC that is in no spec started from the network: ${mac}${what === '' ? '' : ` (${what})`}. proviseur discovered shows it.`,
        `Un poste absent des spécifications a démarré par le réseau\u00a0: ${mac}${what === '' ? '' : ` (${what})`}. proviseur discovered l’affiche.`,
      ),
      data: { mac, uuid: hello.uuid, serial: hello.serial },
    },
  ])
}
