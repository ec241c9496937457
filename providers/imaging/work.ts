/** What the imager is told to do, from a planned change and what the spec wants of the machine. */
import type { EqualWork, Work } from '../../imaging/protocol.ts'
import type { Change, DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import type { DesiredMachine, WantedDisk } from '../../specs/desired.ts'

export type ImagerChange = DiskChange | ResetChange

export const isImagerChange = (change: Change): change is ImagerChange =>
  change.facet === 'disk' || change.facet === 'reset'

/** A capture's chunks; what they are compared with later must have the same size (IMAGING.md). */
const chunkBytes = 2 ** 20

/**
 * Undefined: the change was planned for another layout or other settings than this spec wants: it is out of date.
 * @param managementKeys public keys with which the machine will be managed, as in authorized_keys.
 */
export const workFor = (
  change: ImagerChange,
  machine: DesiredMachine,
  managementKeys: readonly string[],
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
  return {
    kind: change.facet === 'reset' ? 'reset' : 'restore',
    ...equalWork(change, machine, disk, managementKeys),
  }
}

const equalWork = (
  change: ImagerChange,
  { name, profile }: DesiredMachine,
  disk: WantedDisk,
  managementKeys: readonly string[],
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
})

const bare = (digest: string): string => digest.replace(/^sha256:/, '')
