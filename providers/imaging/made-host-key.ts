import type { Done } from '../../imaging/protocol.ts'
import { fingerprintOf } from '../ssh/host-key.ts'

/** Fingerprint of the key of the system that starts by itself, else of the first that has one. */
export const madeHostKey = (
  { hostKeys }: Pick<Extract<Done, { kind: 'done' }>, 'hostKeys'>,
  defaultPartition: string | undefined,
): string | undefined => {
  const own = hostKeys.find(({ partition }) => partition === defaultPartition) ?? hostKeys[0]
  const blob = own?.key.trim().split(/\s+/)[1]
  return blob === undefined ? undefined : fingerprintOf(Buffer.from(blob, 'base64'))
}
