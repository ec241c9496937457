/** All that there is to do at one machine's disk, by difference, by the clock and because somebody asked. */
import type { DesiredMachine, DesiredSite, WantedDisk } from '../specs/desired.ts'
import { diffDisk, type WrittenDifference } from './disk-diff.ts'
import { isServed, refusalOf } from './disk-request.ts'
import { managedDisk } from './managed-disk.ts'
import type { Change, DiskChange, ResetChange } from './model/change.ts'
import type { Digest, Instant } from './model/ids.ts'
import type { ObservedDisk } from './model/observed.ts'
import type { DiskRequest, KnownImage } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { nightlyReset, requestedReset } from './reset-diff.ts'

/** Changes that the imager makes: each goes alone, as everything on the PC is another afterwards. */
export type ImagerChange = DiskChange | ResetChange

export type DiskWork = {
  /** The first that may be made now is made; the others are decided on anew after it. */
  readonly changes: readonly ImagerChange[]
  readonly reported: readonly Change[]
  /** The disk was never looked at, so that nobody knows what differs. */
  readonly unread: boolean
  readonly impossible: readonly Reason[]
}

export const noDiskWork: DiskWork = { changes: [], reported: [], unread: false, impossible: [] }

export const isImagerChange = (change: Change): change is ImagerChange =>
  change.facet === 'disk' || change.facet === 'reset'

/** Somebody asked for it, and is there. */
export const isAskedFor = (change: Change): boolean => isImagerChange(change) && change.request !== undefined

export type DiskQuestion = {
  readonly machine: DesiredMachine
  readonly site: DesiredSite
  readonly disk: ObservedDisk | undefined
  /** Of this machine, oldest first. */
  readonly requests: readonly DiskRequest[]
  readonly images: ReadonlyMap<string, KnownImage> | undefined
  readonly applied: Readonly<Record<string, Digest>>
  readonly now: Instant
}

export function diskWork(question: DiskQuestion): DiskWork {
  const { machine, site, disk, requests, applied, now } = question
  const wanted = managedDisk(machine, site)
  if (wanted === undefined) return noDiskWork
  const open = requests.filter(
    (request) => !isServed(request, disk) && refusalOf(request.kind, machine, site, disk) === undefined,
  )
  const asked = (kind: DiskRequest['kind']): DiskRequest | undefined => open.find((one) => one.kind === kind)
  const capture = asked('capture')
  // What somebody wants to have captured must not be rewritten before it was.
  if (capture !== undefined) return { ...noDiskWork, changes: [captureOf(wanted, disk, capture)] }

  const { drift } = machine.profile
  if (disk === undefined) return { ...noDiskWork, unread: drift.disk !== 'ignore' || open.length > 0 }
  const wasInPlace = applied['disk'] !== undefined && applied['disk'] === machine.profile.facetDigests.disk
  const written = diffDisk(wanted, { disk, drift: drift.disk, wasInPlace, images: question.images })
  const nightly =
    drift.reset === 'ignore' ? undefined : nightlyReset(machine, site.timezone, disk, applied, now)
  const verify = asked('verify')
  const reset = asked('reset')
  return {
    changes: present([
      verify && verifyOf(wanted, disk, verify),
      written.change?.operation === 'settings' ? undefined : written.change,
      reset && requestedReset(wanted, disk, reset),
      written.change?.operation === 'settings' ? written.change : undefined,
      drift.reset === 'enforce' ? nightly : undefined,
    ]),
    reported: present([written.reported, drift.reset === 'report' ? nightly : undefined]),
    unread: false,
    impossible: impossibleOf(written),
  }
}

const present = <Item>(items: readonly (Item | undefined)[]): readonly Item[] =>
  items.filter((item) => item !== undefined)

const impossibleOf = ({ impossible }: WrittenDifference): readonly Reason[] =>
  impossible === undefined ? [] : [impossible]

function captureOf(wanted: WantedDisk, disk: ObservedDisk | undefined, request: DiskRequest): DiskChange {
  const image = request.image ?? ''
  return {
    facet: 'disk',
    item: 'image',
    operation: 'capture',
    from: disk?.state?.manifest ?? null,
    to: image,
    image,
    layout: wanted.layoutDigest,
    settings: wanted.settingsDigest,
    wipes: [],
    request: request.id,
    effect: 'disruptive',
  }
}

/** With the image that the disk has, which may not be the newest that is wanted. */
function verifyOf(wanted: WantedDisk, { state }: ObservedDisk, request: DiskRequest): DiskChange | undefined {
  if (state === undefined) return undefined
  return {
    facet: 'disk',
    item: 'image',
    operation: 'verify',
    from: state.manifest,
    to: state.manifest,
    image: state.image,
    layout: wanted.layoutDigest,
    settings: wanted.settingsDigest,
    wipes: [],
    bytes: 0,
    request: request.id,
    effect: 'disruptive',
  }
}
