/**
 * How long changes are expected to take: what must fit into a window before they start. Where nothing was measured, constants
 * on the long side for old hardware behind a shared uplink; else these, at the pace that was measured. An action that takes
 * longer all the same is stopped by its deadline.
 */

import type { DesiredSite } from '../specs/desired.ts'
import { entryOf } from './entry.ts'
import { type Link, linkOf, usableShare } from './link.ts'
import type { Change, DiskChange } from './model/change.ts'
import type { Durations } from './model/duration.ts'
import type { Hardware } from './model/observed.ts'
import { scopesOf } from './pace.ts'

const second = 1000
const minute = 60 * second

/** From the magic packet to a login by SSH on a hard disk. */
const wakeMs = 3 * minute
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
/** Of an image about which nothing is known here: 10 GB compressed, or a tenth of it. */
const wholeImageBytes = 10e9
const partImageBytes = 1e9

/** The longest that one action may last: even where no window ends, a run that hangs must end some day. */
export const actionLimitMs = 6 * 60 * minute

/** What is expected on one PC, or on many of one kind. */
export type Estimate = {
  /** What one more change adds to an action; `first` of its facet in it or not. */
  changeMs(change: Change, first: boolean): number
  /** Of one action that makes all of these. */
  neededMs(changes: readonly Change[]): number
  /** From the magic packet to a login. */
  readonly wakeMs: number
}

/** Estimates by lycée and hardware; keep it for one pass. */
export type Estimates = (site: DesiredSite, hardware: Hardware | undefined) => Estimate

export function createEstimates(durations: Durations = new Map()): Estimates {
  const bySite = new Map<DesiredSite, Map<string, Estimate>>()
  return (site, hardware) => {
    const model = modelOf(hardware)
    const known = bySite.get(site) ?? new Map<string, Estimate>()
    bySite.set(site, known)
    const estimate = known.get(model) ?? estimateFor(site, model, durations)
    known.set(model, estimate)
    return estimate
  }
}

function estimateFor(site: DesiredSite, model: string, durations: Durations): Estimate {
  const link = linkOf(site)
  const paces = new Map<string, number>()
  const paceOf = (change: Change): number => {
    const kind = kindOf(change)
    return entryOf(paces, kind, () => {
      const scope = scopesOf(kind, model, site.id).find((key) => durations.has(key))
      return scope === undefined ? 1 : (durations.get(scope) ?? 1)
    })
  }
  const changeMs = (change: Change, first: boolean): number =>
    Math.ceil(assumedMs(change, first, link) * paceOf(change))
  const wake: Change = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }
  return { changeMs, neededMs: (changes) => sumMs(changes, changeMs), wakeMs: changeMs(wake, true) }
}

/** Of PCs that were never seen, nothing. */
export const modelOf = (hardware: Hardware | undefined): string =>
  [hardware?.vendor, hardware?.model].filter((word) => word !== undefined && word !== '').join(' ')

/** Work whose durations are alike. A script is its own kind: what it does, only its author knows. */
export function kindOf(change: Change): string {
  switch (change.facet) {
    case 'disk':
      return `disk/${change.operation}`
    case 'scripts':
    case 'power':
      return `${change.facet}/${change.item}`
    case 'reset':
    case 'packages':
    case 'identity':
      return change.facet
  }
}

/** What one more change is assumed to add where nothing was measured. */
export function assumedMs(change: Change, first: boolean, link: Link): number {
  switch (change.facet) {
    case 'disk':
      return diskMs(change, link)
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

function diskMs({ operation, bytes }: DiskChange, link: Link): number {
  switch (operation) {
    case 'restore':
    case 'capture':
      return imagerMs + 2 * readDiskMs + moveMs(bytes ?? wholeImageBytes, link)
    case 'upgrade':
    case 'repair':
      return imagerMs + 2 * readDiskMs + moveMs(bytes ?? partImageBytes, link)
    case 'verify':
      return imagerMs + readDiskMs
    case 'settings':
      return imagerMs
  }
}

/** As if all streams that the lycée allows ran at once: how many will, is not known before. */
const moveMs = (bytes: number, { bitsPerSecond, streams }: Link): number =>
  Math.ceil(((bytes * 8) / ((bitsPerSecond * usableShare) / streams)) * second)

/** The transaction that packages share counts once. */
export function sumMs(
  changes: readonly Change[],
  changeMs: (change: Change, first: boolean) => number,
): number {
  let sum = 0
  let packages = 0
  for (const change of changes) {
    sum += changeMs(change, packages === 0)
    if (change.facet === 'packages') packages++
  }
  return sum
}
