/** What the disk provider needs of the desk, where the imagers of a lycée ask what to do (desk.ts). */
import type { Done, Hello, Job, Progress } from '../../imaging/protocol.ts'
import type { Instant, Mac } from '../../reconciler/model/ids.ts'

/** A job before the desk binds it to one boot of one PC: nonce, token, signature and time are the desk's. */
export type Order = Pick<Job, 'id' | 'machine' | 'mac' | 'fence' | 'locale' | 'work'>

export type OrderState = {
  /** When the imager last said anything about it: took it, progressed, ended. */
  readonly heardAt?: Instant
  readonly progress?: Progress
  readonly done?: Done
}

export interface ImagerDesk {
  /** The imager that runs on this PC now: it said hello, and was heard of since within a minute. */
  session(mac: Mac): { readonly hello: Hello; readonly since: Instant } | undefined
  /** Its next question from the network is answered with the imager. */
  wantLook(mac: Mac): void
  /** Gives this PC work: at its next hello, or at once if it waits. Posted again with the same id, it joins what runs already. */
  post(order: Order): void
  /** No longer given to anybody; what an imager has begun it finishes. */
  withdraw(id: string): void
  order(id: string): OrderState
  /** Until something was heard of this PC, or so long. */
  changed(mac: Mac, timeoutMs: number, signal: AbortSignal): Promise<void>
}
