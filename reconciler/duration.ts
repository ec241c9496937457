/**
 * How long changes are expected to take: what must fit into a window before they start. Constants on the long side for old
 * hardware behind a shared uplink; an action that takes longer all the same is stopped by its deadline.
 */
import type { Change, DiskChange } from './model/change.ts'

const second = 1000
const minute = 60 * second

/** From the magic packet to a login by SSH on a hard disk. */
export const wakeMs = 3 * minute
/** Shut down, firmware, start, SSH. */
const restartMs = 5 * minute
/** Refreshing the package lists and opening the transaction, once an action. */
const transactionMs = 1 * minute
/** Download, unpack and configure. */
const packageMs = 45 * second
const markMs = 5 * second
const scriptMs = 2 * minute
const identityMs = 10 * second

/** Into the imager and out again: two starts, the firmware's network boot among them. */
const imagerMs = 8 * minute
/** Reading 40 GB of used blocks on a disk of 100 MB/s, to compare or to verify. */
const readDiskMs = 7 * minute
/** What a PC gets of a 1 Gbit/s network when eight of them are written at once. */
const bytesPerSecond = 12e6
/** Of an image about which nothing is known here: 10 GB compressed, or a tenth of it. */
const wholeImageBytes = 10e9
const partImageBytes = 1e9

/** The longest that one action may last: even where no window ends, a run that hangs must end some day. */
export const actionLimitMs = 6 * 60 * minute

/** What one more change adds to an action; `first` of its facet in it or not. */
export function changeMs(change: Change, first: boolean): number {
  switch (change.facet) {
    case 'disk':
      return diskMs(change)
    case 'reset':
      return imagerMs + 2 * readDiskMs
    case 'packages': {
      const own = change.operation === 'hold' || change.operation === 'unhold' ? markMs : packageMs
      return first ? transactionMs + own : own
    }
    case 'scripts':
      return scriptMs
    case 'identity':
      return identityMs
    case 'power':
      return change.item === 'wake' ? wakeMs : restartMs
  }
}

function diskMs({ operation, bytes }: DiskChange): number {
  switch (operation) {
    case 'restore':
    case 'capture':
      return imagerMs + 2 * readDiskMs + moveMs(bytes ?? wholeImageBytes)
    case 'upgrade':
    case 'repair':
      return imagerMs + 2 * readDiskMs + moveMs(bytes ?? partImageBytes)
    case 'verify':
      return imagerMs + readDiskMs
    case 'settings':
      return imagerMs
  }
}

const moveMs = (bytes: number): number => Math.ceil((bytes / bytesPerSecond) * second)

/** Of one action that makes all of these. */
export function neededMs(changes: readonly Change[]): number {
  let sumMs = 0
  let packages = 0
  for (const change of changes) {
    sumMs += changeMs(change, packages === 0)
    if (change.facet === 'packages') packages++
  }
  return sumMs
}
