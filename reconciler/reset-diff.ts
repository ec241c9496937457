/** Whether a disk must go back to the image that it has: because somebody asked, or because it is night. */
import type { DesiredMachine, WantedDisk } from '../specs/desired.ts'
import type { ResetChange } from './model/change.ts'
import type { Digest, Instant } from './model/ids.ts'
import type { ObservedDisk } from './model/observed.ts'
import type { DiskRequest } from './model/plan.ts'
import { isDark, nightAt } from './night.ts'

/** Under which name it is remembered for which night a machine was reset last, whatever its own clock says. */
export const lastNight = 'reset-night'

/** @param request an open one, which `answerTo` does not refuse. */
export const requestedReset = (
  wanted: WantedDisk,
  disk: ObservedDisk,
  request: DiskRequest,
): ResetChange | undefined => {
  const change = resetOf(wanted, disk)
  return change && { ...change, cause: 'requested', request: request.id }
}

/**
 * Due if it was not made equal to its image since the last noon. The windows say when in the night; a machine without any is
 * reset in the dark, and not in the middle of the day.
 */
export function nightlyReset(
  machine: DesiredMachine,
  zone: string,
  disk: ObservedDisk,
  applied: Readonly<Record<string, Digest>>,
  now: Instant,
): ResetChange | undefined {
  const { disk: wanted, reset, windows } = machine.profile
  if (wanted === undefined || reset?.policy !== 'nightly') return undefined
  const change = resetOf(wanted, disk)
  if (change === undefined) return undefined
  const night = nightAt(now, zone)
  // The PC's clock may be wrong by years: what we did ourselves in this night counts whatever it wrote down.
  if ((change.from ?? 0) >= night.from || applied[lastNight] === night.day) return undefined
  if (!windows.some(({ deny }) => !deny) && !isDark(now, zone)) return undefined
  return { ...change, cause: 'nightly', night: night.day }
}

/** To the version that the disk has, which may not be the newest that is wanted; its layout must be the one that is wanted, for no other is known. */
function resetOf(wanted: WantedDisk, { state }: ObservedDisk): Omit<ResetChange, 'cause'> | undefined {
  if (state === undefined || state.layout !== wanted.layoutDigest) return undefined
  return {
    facet: 'reset',
    item: 'reset',
    from: state.at,
    to: state.manifest,
    image: state.image,
    layout: wanted.layoutDigest,
    settings: wanted.settingsDigest,
    effect: 'disruptive',
  }
}
