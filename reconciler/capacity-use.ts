/** What an action uses of its lycée's capacity. */
import type { DesiredSite } from '../specs/desired.ts'
import { isImagerChange } from './disk-work.ts'
import { linkOf, packageStreams } from './link.ts'
import type { Change } from './model/change.ts'

/** What runs at a lycée, counted apart because each is scarce for a reason of its own. */
export type Load = { readonly actions: number; readonly images: number; readonly packages: number }

/** What is about to be started on one machine. If it is off: what it is woken for. */
export type Work = { readonly changes: readonly Change[]; readonly wake: boolean }

export function usesOf(work: Work): readonly (keyof Load)[] {
  if (!isWorkedOn(work)) return []
  const uses: (keyof Load)[] = ['actions']
  if (work.changes.some(isStream)) uses.push('images')
  if (work.changes.some(isDownload)) uses.push('packages')
  return uses
}

/** A PC that is off is only woken, and decided upon anew once it is on; for its disk it is woken and written in one action. */
export const isWorkedOn = ({ changes, wake }: Work): boolean => !wake || changes.some(isImagerChange)

export function limitOf(use: keyof Load, site: DesiredSite): number {
  switch (use) {
    case 'actions':
      return site.capacity.actions
    case 'images':
      return linkOf(site).streams
    case 'packages':
      return packageStreams(site)
  }
}

export const limitsOf = (site: DesiredSite): Load => ({
  actions: limitOf('actions', site),
  images: limitOf('images', site),
  packages: limitOf('packages', site),
})

/**
 * Whether all that may be started of these changes uses something of what is full: those of the disk go one by one, all others
 * together. Asked of whole queues at each turn: it makes no garbage.
 */
export function isKeptWaiting({ changes, wake }: Work, full: Readonly<Record<keyof Load, boolean>>): boolean {
  if (!full.actions && !full.images && !full.packages) return false
  let others = false
  let areRefused = full.actions
  for (const change of changes) {
    if (isImagerChange(change)) {
      if (!full.actions && !(full.images && isStream(change))) return false
    } else {
      // To be woken for them takes no place.
      if (wake) return false
      others = true
      areRefused ||= full.packages && isDownload(change)
    }
  }
  return changes.length > 0 && (!others || areRefused)
}

/** Moves a disk's contents over the lycée's network. */
const isStream = (change: Change): boolean =>
  change.facet === 'reset' ||
  (change.facet === 'disk' && change.operation !== 'verify' && change.operation !== 'settings')

const isDownload = (change: Change): boolean => change.facet === 'packages' && downloads.has(change.operation)

const downloads: ReadonlySet<string> = new Set(['install', 'upgrade', 'downgrade'])
