/** What is remembered of a machine's disk after an action of the imager, and after a look. */
import type { DesiredMachine } from '../specs/desired.ts'
import { changeKey, comparedFacets } from './diff.ts'
import { isInPlace } from './disk-diff.ts'
import { diskRecord } from './disk-record.ts'
import { type ImagerChange, isImagerChange } from './disk-work.ts'
import type { ChangeKey, Digest } from './model/ids.ts'
import type { ObservedDisk } from './model/observed.ts'
import type { Action, History } from './model/plan.ts'
import { lastNight } from './reset-diff.ts'

type DiskMemory = {
  readonly applied: Readonly<Record<string, Digest>>
  /** Failures that mean nothing any more. */
  readonly isOver: (key: ChangeKey) => boolean
}

/** Under which name the record of the disk is remembered that the other facets were compared on. */
const comparedOn = 'disk-record'

/** Equal to no digest: the facet is to be compared as if it had never been applied. */
const notApplied = '' as Digest

/** Of an action of the imager that ended; undefined for all others. `done`: the changes that succeeded. */
export function diskMemory(
  { action, machine }: { readonly action: Action; readonly machine: DesiredMachine },
  done: ReadonlySet<ChangeKey>,
): DiskMemory | undefined {
  const [change] = action.changes.filter(isImagerChange)
  if (change === undefined) return undefined
  if (!done.has(changeKey(change))) return { applied: {}, isOver: () => false }
  const wanted = machine.profile.facetDigests.disk
  const applied = wanted !== undefined && makesWanted(change) ? { disk: wanted } : {}
  if (!rewrites(change)) return { applied, isOver: isLike(change) }
  const night = change.facet === 'reset' ? change.night : undefined
  return {
    applied: {
      ...nothingApplied,
      ...applied,
      ...(night === undefined ? {} : { [lastNight]: night as Digest }),
    },
    // What failed, failed on a system that is gone.
    isOver: (key) => !isOfDisk(key) || isLike(change)(key) || key.startsWith('disk/image='),
  }
}

/** Of any look, whatever the machine was doing: the disk's record may be new, by an action or by a reset at the PC itself. */
export function afterDiskLook(
  machine: DesiredMachine,
  disk: ObservedDisk | undefined,
  history: History | undefined,
): {
  readonly applied: Readonly<Record<string, Digest>>
  readonly backoffs: []
  readonly clear: ChangeKey[]
} {
  const wanted = machine.profile.disk
  const keys = (history?.backoffs ?? []).map(({ key }) => key)
  if (wanted === undefined) return { applied: {}, backoffs: [], clear: keys.filter(isOfDisk) }
  const record = disk && (diskRecord(disk) as Digest | undefined)
  if (disk === undefined || record === undefined) return { applied: {}, backoffs: [], clear: [] }
  const rewritten = history?.applied[comparedOn] !== record
  const inPlace = isInPlace(wanted, disk)
  const digest = inPlace ? machine.profile.facetDigests.disk : undefined
  return {
    applied: {
      ...(rewritten ? { [comparedOn]: record, ...nothingApplied } : {}),
      ...(digest === undefined || history?.applied['disk'] === digest ? {} : { disk: digest }),
    },
    backoffs: [],
    clear: keys.filter((key) => (isOfDisk(key) ? inPlace && isOfDifference(key) : rewritten)),
  }
}

export const isOfDisk = (key: string): boolean => key.startsWith('disk/') || key.startsWith('reset/')

const isOfDifference = (key: string): boolean => /^disk\/(?:image|settings)=/.test(key)

const nothingApplied = Object.fromEntries(comparedFacets.map((facet) => [facet, notApplied]))

/** After it the disk is as the specs want it; a reset goes to what it had. */
const makesWanted = (change: ImagerChange): boolean =>
  change.facet === 'disk' && change.operation !== 'verify' && change.operation !== 'capture'

const rewrites = (change: ImagerChange): boolean =>
  change.facet === 'reset' || ['restore', 'upgrade', 'repair'].includes(change.operation)

/** Failures of the same kind: those of earlier requests and earlier nights. */
const isLike = (change: ImagerChange): ((key: ChangeKey) => boolean) => {
  const prefix = /^[^@=]*/.exec(changeKey(change))?.[0] ?? ''
  return (key) => /^[^@=]*/.exec(key)?.[0] === prefix
}
