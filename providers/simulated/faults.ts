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
}

export const noFaults: Faults = { connect: 0, lose: 0, cut: 0, hang: 0 }
