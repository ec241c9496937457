/** What the effects of the reconciler need from the outside; given by the composition root (cli, tests). */
import type { Desired, DesiredMachine, DesiredSite } from '../specs/desired.ts'
import type { Diagnostic } from '../specs/diagnostic.ts'
import type { Instant, MachineId, Revision } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Outcome, Progress } from './model/outcome.ts'
import type { Action } from './model/plan.ts'

export interface Clock {
  now(): Instant
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back after `ms`; returns how to call it off. */
  after(ms: number, wake: () => void): () => void
}

/** Uniform in [0, 1). Given from outside so that simulations repeat. */
export type Random = () => number

/** Reaches machines. Failures are values: a promise that rejects is a bug. */
export interface Provider {
  /** Read everything that decisions need, including the checks of the machine's scripts. */
  observe(
    machine: DesiredMachine,
    site: DesiredSite,
    previous: Observed | undefined,
    signal: AbortSignal,
  ): Promise<Observed>
  /**
   * Make the action's changes. Idempotent by the action's id: called again, also by another process, it joins the run that is
   * under way or returns the outcome that the PC recorded.
   */
  apply(
    action: Action,
    machine: DesiredMachine,
    site: DesiredSite,
    desired: Desired,
    report: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Outcome>
}

/** Where revisions come from: a folder, or a reference of a Git repository. */
export interface Source {
  /** The newest revision and what it compiles to; diagnostics with errors leave `desired` undefined. */
  read(): Promise<Compiled>
  /** Calls back when there may be a newer one; returns how to stop. */
  watch(wake: () => void): () => Promise<void>
}

export type Compiled = {
  readonly revision: Revision
  readonly author?: string
  readonly subject?: string
  readonly desired?: Desired
  readonly diagnostics: readonly Diagnostic[]
}

export type MachineAddress = { readonly host: string; readonly port: number; readonly machine: MachineId }
