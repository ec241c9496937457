/** What the imager is told to do, from a planned change and what the spec wants of the machine. */
import type { EqualWork, ImagerDigests, Work } from '../../imaging/protocol.ts'
import type { Change, DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import type { DesiredMachine, WantedDisk } from '../../specs/desired.ts'

export type ImagerChange = DiskChange | ResetChange

export const isImagerChange = (change: Change): change is ImagerChange =>
  change.facet === 'disk' || change.facet === 'reset'

/** A capture's chunks; what they are compared with later must have the same size (IMAGING.md). */
const chunkBytes = 2 ** 20

/** Whether the imager is to write, and so to leave itself on the disk for the next reset. */
export const writes = (change: ImagerChange): boolean =>
  change.facet === 'reset' || !['verify', 'capture'].includes(change.operation)

/**
 * Undefined: the change was planned for another layout or other settings than this spec wants: it is out of date.
 * @param managementKeys public keys with which the machine will be managed, as in authorized_keys.
 * @param imager what goes into the cache partition; undefined: there is none, and nothing can be written.
 */
export const workFor = (
  change: ImagerChange,
  machine: DesiredMachine,
  managementKeys: readonly string[],
  imager: ImagerDigests | undefined,
): Work | undefined => {
  const { disk } = machine.profile
  if (disk === undefined) return undefined
  if (change.facet === 'disk' && change.operation === 'verify')
    return { kind: 'verify', manifest: bare(change.to), layout: disk.layout }
  if (change.facet === 'disk' && change.operation === 'capture') {
    const at = change.to.lastIndexOf('@')
    const [name, version] = [change.to.slice(0, at), change.to.slice(at + 1)]
    return { kind: 'capture', name, version, layout: disk.layout, chunkBytes }
  }
  if (change.layout !== disk.layoutDigest || change.settings !== disk.settingsDigest) return undefined
  if (imager === undefined) return undefined
  return {
    kind: change.facet === 'reset' ? 'reset' : 'restore',
    ...equalWork(change, machine, disk, managementKeys, imager),
  }
}

const equalWork = (
  change: ImagerChange,
  { name, profile }: DesiredMachine,
  disk: WantedDisk,
  managementKeys: readonly string[],
  imager: ImagerDigests,
): EqualWork => ({
  manifest: bare(change.to),
  image: change.image,
  layout: disk.layout,
  layoutDigest: disk.layoutDigest,
  settingsDigest: disk.settingsDigest,
  keep: profile.reset?.keep ?? [],
  resetPolicy: profile.reset?.policy ?? 'never',
  boot: disk.boot,
  identity: {
    hostname: name,
    user: profile.ssh.user,
    authorizedKeys: [...new Set([...managementKeys, ...(profile.identity.authorizedKeys ?? [])])],
  },
  mayRepartition: change.facet === 'disk' && ['restore', 'upgrade'].includes(change.operation),
  imager,
})

const bare = (digest: string): string => digest.replace(/^sha256:/, '')
