import type { DiskMemory } from '../../providers/imaging/disk-parts.ts'
import { keepingKnown } from '../../providers/imaging/observed-disk.ts'
import { withoutOldSystem } from '../../reconciler/disk-record.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { say, type Text } from '../../specs/text.ts'

/** What the imager tells of disks goes into the inventory at once: the next look, by whichever process, goes on from there. */
export const storedDisks = (store: Store, observer: string): DiskMemory => {
  const put = async (machine: MachineId, disk: ObservedDisk): Promise<void> => {
    const known = await store.observed(machine)
    const observedAt = Math.max(known?.observedAt ?? 0, disk.at)
    await store.putObserved([
      known === undefined
        ? { machine, observedAt, observer, reach: 'imager', disk, errors: [] }
        : withoutOldSystem({ ...known, observedAt, disk }, known),
    ])
  }
  return {
    disk: async (machine) => (await store.observed(machine))?.disk,
    note: async (machine, disk) => {
      const before = (await store.observed(machine))?.disk
      await put(machine, keepingKnown(disk, before) ?? disk)
    },
    verified: async ({ machine, id }, verified) => {
      const before = (await store.observed(machine))?.disk ?? { at: verified.at, by: 'imager' }
      await put(machine, { ...before, verified })
      const { differing, manifest } = verified
      await store.append([
        {
          at: verified.at,
          kind: 'disk-verified',
          machine,
          actor: observer,
          message: verdict(differing),
          data: { action: id, manifest, differing },
        },
      ])
    },
  }
}

const verdict = (differing: NonNullable<ObservedDisk['verified']>['differing']): Text => {
  const chunks = differing.reduce((sum, one) => sum + one.differing, 0)
  if (chunks === 0) {
    return say('Compared with its image: equal.', 'Comparaison avec l’image disque\u00a0: identique.')
  }
  const where = differing.flatMap((one) =>
    one.differing > 0 ? [`${one.partition} ${one.differing}/${one.chunks}`] : [],
  )
  return say(
    `Compared with its image, the disk differs (chunks by partition): ${where.join(', ')}`,
    `Comparé à l’image disque, le disque diffère (blocs par partition)\u00a0: ${where.join(', ')}`,
  )
}
