/** Whether an order may be carried out on this PC. Pure. Whatever is refused here has written nothing. */
import { parseJob } from '../../imaging/job-codec.ts'
import type { Job } from '../../imaging/protocol.ts'
import { verifyBytes } from '../../imaging/signature.ts'
import { done, failed, type Result } from './result.ts'

export type Fence = Job['fence']

export type SignedJob = { readonly job: string; readonly signature: string }

export type JobCircumstances = {
  /** PEM of the site's key. */
  readonly siteKey: string
  /** This PC's cards. */
  readonly macs: readonly string[]
  /** Of the hello that it must answer. Undefined: the order comes from this PC's own cache, where it was put when it was new. */
  readonly nonce?: string
  /** The newest that this PC ever carried out; undefined: none is known. */
  readonly highest?: Fence
}

export function checkJob({ job, signature }: SignedJob, given: JobCircumstances): Result<Job> {
  if (!verifyBytes(given.siteKey, Buffer.from(job), signature)) return failed('job-signature-wrong', '')
  const parsed = parseJob(job)
  // Signed by the site, and yet not understood: a site server that is newer than this ramdisk.
  if (!parsed.ok) return failed('program-error', parsed.message.en)
  const { value } = parsed
  if (!given.macs.includes(value.mac)) {
    return failed('job-for-another-machine', `${value.machine} (${value.mac}); ${given.macs.join(', ')}`)
  }
  if (given.nonce !== undefined && value.nonce !== given.nonce) return failed('job-replayed', value.id)
  if (given.highest !== undefined && isOlder(value.fence, given.highest)) {
    return failed('job-outdated', `${fenceText(value.fence)} < ${fenceText(given.highest)}`)
  }
  return done(value)
}

export const isOlder = (a: Fence, b: Fence): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.generation < b.generation)

const fenceText = ({ epoch, generation }: Fence): string => `${epoch}.${generation}`
