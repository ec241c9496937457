/** What the engine's tests ask of `makeEqual`, in short. */
import type { ExecutionContext } from 'ava'
import { startMachinery } from '../../../imager/engine/machinery.ts'
import {
  type EqualParts,
  type EqualResult,
  makeEqual,
  type Target,
} from '../../../imager/engine/make-equal.ts'
import { chunkBytes, type SampleImage } from './sample-image.ts'

/** Starting workers takes longer than a small disk: the tests of a file share them. */
const machinery = startMachinery(chunkBytes)

export const never = new AbortController().signal

export const target = (image: SampleImage, over: Partial<Target> = {}): Target => ({
  partition: image.partition,
  device: 'simulated',
  offsetBytes: 0,
  sizeBytes: image.partition.sizeBytes,
  bootable: 'system',
  ...over,
})

export const equal = (
  parts: Partial<EqualParts> & Pick<EqualParts, 'targets' | 'source'>,
): Promise<EqualResult> =>
  makeEqual({ manifest: { chunkBytes }, report: () => undefined, signal: never, machinery, ...parts })

/** With its detail, so that a test that fails says why. */
export const outcome = (result: {
  readonly ok: boolean
  readonly reason?: string
  readonly detail?: { en: string }
}): string => (result.ok ? 'ok' : `${result.reason}: ${result.detail?.en}`)

export const seedOf = (t: ExecutionContext): number => {
  const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.log(`PROPERTY_SEED=${seed}`)
  return seed
}
