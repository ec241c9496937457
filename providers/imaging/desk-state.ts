/**
 * What the imager desk knows of one machine, and what it decides: pure, the clock and the signature are desk.ts's.
 *
 * A machine's place has at most one job. The job belongs to the machine, the *issue* of it to one start of the imager (its nonce): a PC
 * that lost its power comes back with a new nonce and gets the same job, issued afresh; what the earlier start still says counts no more.
 */
import type { Done, Hello, Progress } from '../../imaging/protocol.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Order } from './desk-port.ts'

/** A start of the imager that is on the line. */
export type Session = {
  readonly hello: Hello
  readonly firstAt: Instant
  /** Last hello, progress or final report. */
  readonly heardAt: Instant
}

/** Which job left a disk half-written, and when. */
export type Torn = { readonly job: string; readonly at: number }

export type Place = {
  readonly machine: string
  /** Its disk was never seen: the imager is to start once and tell. */
  readonly look: boolean
  readonly session?: Session
  readonly job?: {
    readonly order: Order
    /** The start of the imager that has it; undefined: none took it yet. */
    readonly issue?: { readonly nonce: string; readonly at: Instant }
    readonly progress?: Progress
    /** When the imager last said anything about it. */
    readonly heardAt?: Instant
  }
  /** An imager had begun to write and failed: there may be no system that it could start, so it belongs into the imager. */
  readonly torn?: Torn
  /** The start of the imager whose job has ended, or that was sent to its own system: it gets no other. */
  readonly spent?: string
  /** Starts of the imager that were answered and never followed by a hello. */
  readonly boots: number
  readonly bootAt?: Instant
}

export type DeskLimits = {
  /** How soon the imager asks again. */
  readonly askAgainMs: number
  /** How long a PC that has a system of its own is kept waiting for a job that may be planned now that its disk was seen. */
  readonly waitMs: number
  /** A session without a word for this long is over. */
  readonly sessionMs: number
  /** Several questions of one boot (iPXE, then GRUB) are one. */
  readonly sameBootMs: number
  /** So often a machine is sent into the imager without hearing from it, before it gets its own system back. */
  readonly boots: { readonly job: number; readonly look: number }
}

export const defaultDeskLimits: DeskLimits = {
  askAgainMs: 3_000,
  waitMs: 90_000,
  sessionMs: 60_000,
  sameBootMs: 45_000,
  boots: { job: 10, look: 3 },
}

export const emptyPlace = (machine: string): Place => ({ machine, look: false, boots: 0 })

export type Verdict =
  | { readonly kind: 'issue'; readonly order: Order; readonly nonce: string; readonly issuedAt: Instant }
  | { readonly kind: 'wait'; readonly afterMs: number }
  | { readonly kind: 'local' }

/** A start of the imager presents itself. The same nonce is answered with the same issue: the first answer may have been lost. */
export function greet(
  place: Place,
  hello: Hello,
  now: Instant,
  limits: DeskLimits,
): { readonly place: Place; readonly verdict: Verdict } {
  const known = place.session?.hello.nonce === hello.nonce ? place.session : undefined
  const session: Session = { hello, firstAt: known?.firstAt ?? now, heardAt: now }
  const seen: Place = { ...mended(without(place, 'session'), hello), session, look: false, boots: 0 }
  const { job } = place
  if (place.spent === hello.nonce) return { place: without(seen, 'session'), verdict: { kind: 'local' } }
  // Found by another of its cards than the one that the spec names: the PC would refuse the job.
  if (job !== undefined && hello.macs.includes(job.order.mac)) {
    const issue = job.issue?.nonce === hello.nonce ? job.issue : { nonce: hello.nonce, at: now }
    return {
      place: { ...seen, job: { ...job, issue, heardAt: now } },
      verdict: { kind: 'issue', order: job.order, nonce: issue.nonce, issuedAt: issue.at },
    }
  }
  // With nothing on its disk there is nothing that it could start, and nobody whom it keeps from working.
  const waits = isBlank(hello) || seen.torn !== undefined || now - session.firstAt < limits.waitMs
  return waits
    ? { place: seen, verdict: { kind: 'wait', afterMs: limits.askAgainMs } }
    : { place: { ...without(seen, 'session'), spent: hello.nonce }, verdict: { kind: 'local' } }
}

const isBlank = (hello: Hello): boolean => hello.disks.every((disk) => disk.partitions.length === 0)

/** Another order takes the place of what is there: a machine has one at a time. The same id again: it goes on, by the newer wording. */
export function post(place: Place, order: Order): Place {
  const { job } = place
  return job?.order.id === order.id
    ? { ...place, job: { ...job, order } }
    : { ...place, boots: 0, job: { order } }
}

/** Undefined: this start of the imager has nothing to say about that job any more: a later start has it. */
export function hear(place: Place, nonce: string, now: Instant, progress?: Progress): Place | undefined {
  const { job } = place
  if (job === undefined) return undefined
  // A desk that was restarted has issued nothing, and believes the seal in the token.
  if (job.issue !== undefined && job.issue.nonce !== nonce) return undefined
  const issue = job.issue ?? { nonce, at: now }
  return {
    ...place,
    job: { ...job, issue, heardAt: now, ...(progress === undefined ? {} : { progress }) },
  }
}

/** The imager is alive, whatever it talks about. */
export const alive = (place: Place, nonce: string, now: Instant): Place =>
  place.session?.hello.nonce === nonce ? { ...place, session: { ...place.session, heardAt: now } } : place

/** The PC has ended the job; the start of the imager that had it is spent. */
export function finish(place: Place, done: Done, now: Instant): Place {
  const nonce = place.job?.issue?.nonce
  const { job, torn, ...left } = place
  const writes = job?.order.work.kind === 'restore' || job?.order.work.kind === 'reset'
  const after = writes ? tornBy(done, now, torn) : torn
  const rest: Place = { ...left, ...(after === undefined ? {} : { torn: after }) }
  if (nonce === undefined) return rest
  const spent: Place = { ...rest, spent: nonce }
  return spent.session?.hello.nonce === nonce ? without(spent, 'session') : spent
}

const tornBy = (done: Done, now: Instant, before: Torn | undefined): Torn | undefined => {
  if (done.kind === 'done') return undefined
  return done.tally.written > 0 ? { job: done.job, at: now } : before
}

/** The record on a disk is written when it has become whole: by this job after all, or by a later one, whose report was lost. */
function mended(place: Place, { state }: Hello): Place {
  const { torn } = place
  const isMended = torn !== undefined && state !== undefined && (state.job === torn.job || state.at > torn.at)
  return isMended ? without(place, 'torn') : place
}

export const isLive = (session: Session | undefined, now: Instant, limits: DeskLimits): boolean =>
  session !== undefined && now - session.heardAt < limits.sessionMs

/** A PC asks at its start what to start. What sends it into the imager again and again without a word from there is given up. */
export function chooseBoot(
  place: Place,
  now: Instant,
  limits: DeskLimits,
): { readonly place: Place; readonly boot: 'imager' | 'local' } {
  const wanted = place.job !== undefined || place.torn !== undefined
  const most = wanted ? limits.boots.job : place.look ? limits.boots.look : 0
  const same = place.bootAt !== undefined && now - place.bootAt < limits.sameBootMs
  const boots = same ? place.boots : place.boots + 1
  if (most === 0 || boots > most) return { place, boot: 'local' }
  return { place: { ...place, boots: Math.max(boots, 1), bootAt: same ? place.bootAt : now }, boot: 'imager' }
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value
  return rest
}
