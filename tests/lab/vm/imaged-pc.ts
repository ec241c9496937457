/** A PC with the lab's Debian in an imaged lycée: what of its disk is its own, a shell on it, and what its imager counted. */
import { keyPath } from '../../../cli/management-files.ts'
import type { Match, UpEvent } from '../running-up.ts'
import type { ImagedLycee } from './imaged-lycee.ts'
import type { Vm } from './vm.ts'
import type { VmNetwork } from './vm-network.ts'

/** Printed by the imager, and by every kernel of Linux, as the last thing before a restart. */
export const IMAGER_DONE = /Done\. This PC restarts\./
export const RESTARTS = /reboot: Restarting system/

/** Files that the imager writes into the system for this PC; all else is the image's. */
export const OWN_FILES = [
  'etc/hostname',
  'etc/hosts',
  'etc/machine-id',
  'etc/ssh/ssh_host_ed25519_key',
  'etc/ssh/ssh_host_ed25519_key.pub',
  'root/.ssh/authorized_keys',
  'var/lib/proviseur',
  'var/lib/proviseur/disk.json',
]

/** Where their entries and their blocks are; the rest is of a file system that was mounted, or has grown into its partition. */
const OWN_BLOCKS = [
  ...OWN_FILES,
  ...['metadata', 'journal', 'room to grow', '/', 'etc', 'etc/ssh', 'root/.ssh', 'var/lib'],
]

/** Owners of blocks that should be the image's. What the image itself had of records and host keys made room for the PC's own. */
export const strangersAmong = (owners: readonly string[]): readonly string[] =>
  owners.filter((owner) => !OWN_BLOCKS.includes(owner) && !MADE_ROOM.test(owner))

const MADE_ROOM = /^(var\/lib\/proviseur\/|etc\/ssh\/ssh_host_)/

/** A command on the PC's own system, as the site server would give it: with the management key, over SSH. */
export const shellOn =
  (network: VmNetwork, { state }: ImagedLycee, { address }: Vm) =>
  (command: string): Promise<string> =>
    network.ground.must([
      ...['ssh', '-i', keyPath(state), '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
      // sshd may be there before the address is.
      ...['-o', 'ConnectTimeout=5', '-o', 'ConnectionAttempts=30'],
      ...[`root@${address}`, command],
    ])

/** Bytes that the PC's card has received since its cable was laid. */
export async function receivedBytes(network: VmNetwork, cable: number): Promise<number> {
  const shown = await network.ground.must(['ip', '-json', '-stats', 'link', 'show', 'dev', `pc${cable}`])
  const [link]: readonly Link[] = JSON.parse(shown)
  if (link === undefined) throw new Error(`no cable ${cable}`)
  return link.stats64.tx.bytes
}

/** What the host's end of the cable sends is what the PC receives. */
type Link = { readonly stats64: { readonly tx: { readonly bytes: number } } }

/** The end of an action that did something to a disk. */
export const diskEnded: Match = ({ kind, outcome, results }) =>
  kind === 'ended' && (outcome === 'failed' || JSON.stringify(results).includes('"facet":"disk"'))

export type DiskTally = {
  readonly read: number
  readonly fetched: number
  readonly fromCache: number
  readonly written: number
  /** By partition: chunks that differed, or at a capture: different chunks. */
  readonly differing: Readonly<Record<string, number>>
}

/** As the imager reported it, and `up --json` tells it. */
export function tallyOf({ results }: UpEvent): DiskTally {
  const steps: readonly { readonly output: string }[] = JSON.parse(JSON.stringify(results))
  const text = steps.map(({ output }) => output).join('\n')
  const found = /^read (\d+) matched \d+ fetched (\d+) from-cache (\d+) written (\d+) bytes/m.exec(text)
  if (found === null) throw new Error(`no tally in ${text}`)
  const [read = 0, fetched = 0, fromCache = 0, written = 0] = found.slice(1).map(Number)
  const parts = text.matchAll(/^(\S+): (\d+) of \d+ chunks/gm)
  const differing = Object.fromEntries([...parts].map(([, name = '', count]) => [name, Number(count)]))
  return { read, fetched, fromCache, written, differing }
}

/** For the log of a test. */
export const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
