import type { MachineId } from '../model/ids.ts'
import type { Decision } from '../model/plan.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { isForImage, type Verdict } from './settled.ts'

/** Whether `once` goes on although nothing is left to do but to wait for an image; told once for each image, and not for ever. */
export const createImageWait = (
  { clock, onProgress }: Pick<LoopParts, 'clock' | 'onProgress'>,
  { imagesWithinMs }: Pick<Settings, 'imagesWithinMs'>,
  decisions: ReadonlyMap<MachineId, Decision>,
): ((verdict: Verdict) => boolean) => {
  const until = clock.now() + imagesWithinMs
  let told: string | undefined
  return (verdict) => {
    if (verdict !== 'fetching' || clock.now() >= until) return false
    const reason = [...decisions.values()].find(isForImage)?.reason
    // To look whether it is there takes a moment, and nobody waits for that.
    if (reason === undefined || reason.code === 'image-unchecked' || reason.message.en === told) return true
    told = reason.message.en
    onProgress?.({ kind: 'waiting', reason, atMostMs: imagesWithinMs })
    return true
  }
}
