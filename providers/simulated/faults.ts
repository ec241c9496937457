/** Probabilities (0..1), each drawn once for each connection. */
export type Faults = {
  /** Nothing is reached. */
  readonly connect: number
  /** The connection breaks while the action goes on. */
  readonly lose: number
  /** What runs on the PC is killed. */
  readonly cut: number
  /** No answer at all, until the caller gives up. */
  readonly hang: number
  /** The order arrives when nobody waits for the answer any more. */
  readonly late?: number
  /** The order arrives a second time. */
  readonly double?: number
  /** The PC takes up to a minute to say what it is like. */
  readonly slow?: number
}

export const noFaults: Faults = { connect: 0, lose: 0, cut: 0, hang: 0 }
