/** What is known of a disk, put together from what its own system says, from what the imager says, and from earlier looks. */
import type { DiskState, Hello } from '../../imaging/protocol.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'

export const diskBySystem = (state: DiskState | undefined, at: Instant): ObservedDisk => ({
  at,
  by: 'system',
  ...(state === undefined ? {} : { state: stateOf(state) }),
})

export const diskByImager = (hello: Hello, at: Instant): ObservedDisk => ({
  at,
  by: 'imager',
  ...(hello.state === undefined ? {} : { state: stateOf(hello.state) }),
  disks: hello.disks.map(({ name, sizeBytes, model, serial, partitions }) => ({
    name,
    sizeBytes,
    ...(model === undefined ? {} : { model }),
    ...(serial === undefined ? {} : { serial }),
    partitions: partitions.map(({ number, sizeBytes: bytes, name: label, fileSystem, label: volume }) => ({
      number,
      sizeBytes: bytes,
      ...(label === undefined ? {} : { name: label }),
      ...(fileSystem === undefined ? {} : { fileSystem }),
      ...(volume === undefined ? {} : { label: volume }),
    })),
  })),
})

/**
 * What a look does not tell is kept from the one before: partitions as long as nobody has made the disk anew since, the last
 * comparison as long as it is of the image that the disk has.
 */
export const keepingKnown = (
  seen: ObservedDisk | undefined,
  before: ObservedDisk | undefined,
): ObservedDisk | undefined => {
  if (seen === undefined || before === undefined) return seen ?? before
  const untouched = seen.state?.job === before.state?.job && seen.state?.at === before.state?.at
  const disks = seen.disks ?? (untouched ? before.disks : undefined)
  const verified = seen.verified ?? (untouched ? before.verified : undefined)
  return {
    ...seen,
    ...(disks === undefined ? {} : { disks }),
    ...(verified === undefined ? {} : { verified }),
  }
}

const stateOf = ({ format: _, ...state }: DiskState): NonNullable<ObservedDisk['state']> => state
