/** What is known of a machine's disk, and what differs in it, in lines. */
import type { DesiredMachine, DesiredSite } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { describeChange } from './describe.ts'
import { diskForecast } from './disk-forecast.ts'
import { type DiskWork, diskWork, type ImagerChange } from './disk-work.ts'
import type { ExplanationLine } from './explain.ts'
import type { DiskChange } from './model/change.ts'
import type { Instant } from './model/ids.ts'
import type { ObservedDisk } from './model/observed.ts'
import type { DiskRequest, History } from './model/plan.ts'
import type { Text } from './model/reason.ts'
import { counted } from './wording.ts'

/** Which image the disk has, since when, how it came there, and what its last comparison found. */
export function diskLines(disk: ObservedDisk | undefined, isManaged: boolean): readonly ExplanationLine[] {
  // Where no image is wanted, a disk without one is nothing to be told.
  if (disk === undefined || (disk.state === undefined && !isManaged)) return []
  const { state, verified } = disk
  const lines: ExplanationLine[] = []
  if (state === undefined) {
    const text = say(
      'disk not written from an image of ours',
      'disque non écrit à partir d’une de nos images',
    )
    lines.push({ text, at: disk.at })
  } else {
    const how = ways[state.how]
    const text = say(`disk image ${state.image}, ${how.en}`, `image disque ${state.image}, ${how.fr}`)
    lines.push({ text, at: state.at })
  }
  if (verified !== undefined) lines.push(...comparisonLines(verified))
  return lines
}

const ways: Readonly<Record<NonNullable<ObservedDisk['state']>['how'], Text>> = {
  restore: say('written', 'écrite'),
  upgrade: say('upgraded', 'mise à niveau'),
  reset: say('last reset', 'dernière remise en état'),
}

function comparisonLines({
  at,
  differing,
}: NonNullable<ObservedDisk['verified']>): readonly ExplanationLine[] {
  const found = differing.filter((one) => one.differing > 0)
  if (found.length === 0) {
    return [{ text: say('disk compared: equal to its image', 'disque comparé\u00a0: égal à son image'), at }]
  }
  return found.map(({ partition, chunks, differing: count, files = [] }) => {
    const blocks = counted(count, ['block', 'blocks'], ['bloc', 'blocs'])
    const text = say(
      `disk compared: ${partition} differs in ${blocks.en} of ${chunks}`,
      `disque comparé\u00a0: ${partition} diffère en ${blocks.fr} sur ${chunks}`,
    )
    return files.length === 0 ? { text, at } : { text, at, detail: files.join('\n') }
  })
}

/** What somebody asked for and has not got yet. */
export const requestLines = (requests: readonly DiskRequest[]): readonly ExplanationLine[] =>
  requests.map(({ kind, who, at }) => ({
    text: say(`${asked[kind].en} by ${who}`, `${asked[kind].fr} par ${who}`),
    at,
  }))

const asked: Readonly<Record<DiskRequest['kind'], Text>> = {
  reset: say('reset asked for', 'remise en état demandée'),
  verify: say('comparison asked for', 'comparaison demandée'),
  capture: say('capture asked for', 'capture demandée'),
}

export type DiskExplanation = {
  readonly machine: DesiredMachine
  readonly site: DesiredSite
  readonly disk: ObservedDisk | undefined
  readonly requests: readonly DiskRequest[]
  readonly history: History | undefined
  readonly now: Instant
}

/** @param written where in the specs the value of a path stands. */
export function diskDifferenceLines(
  { machine, site, disk, requests, history, now }: DiskExplanation,
  written: (path: string) => Pick<ExplanationLine, 'origin' | 'layer'> | undefined,
): readonly ExplanationLine[] {
  const applied = history?.applied ?? {}
  const work: DiskWork = diskWork({ machine, site, disk, requests, images: undefined, applied, now })
  const forecast = disk === undefined ? diskForecast(machine, site, undefined) : undefined
  const writtenOf = (change: ImagerChange) => {
    const path = causeOf(change)
    return path === undefined ? undefined : written(path)
  }
  return [
    ...(work.unread ? [{ text: say('disk: never looked at', 'disque\u00a0: jamais examiné') }] : []),
    ...(forecast === undefined ? [] : [{ text: expectedText(forecast), ...written('image') }]),
    ...work.changes.map((change) => ({
      text: describeChange(change),
      ...writtenOf(change),
    })),
    ...work.reported.map((change) => {
      const text = describeChange(change)
      return { text: say(`only reported: ${text.en}`, `seulement signalé\u00a0: ${text.fr}`) }
    }),
    ...work.impossible.map(({ message }) => ({ text: message, ...written('image') })),
  ]
}

/** What in the specs a change comes from; undefined: several settings together, or somebody's wish. */
function causeOf(change: ImagerChange): string | undefined {
  if (change.facet === 'reset') return change.cause === 'nightly' ? 'reset.policy' : undefined
  switch (change.operation) {
    case 'restore':
    case 'repair':
      return 'image'
    case 'upgrade':
      return change.from === change.to ? 'layout' : 'image'
    case 'settings':
    case 'verify':
    case 'capture':
      return undefined
  }
}

function expectedText(change: DiskChange): Text {
  const { en, fr } = describeChange(change)
  return say(`unless it is so already: ${en}`, `sauf si c’est déjà le cas\u00a0: ${fr}`)
}
