/**
 * What a facet gives to the SSH transport: how it is read and how it is changed, both as fragments of POSIX sh that the transport
 * puts together into one program, and pure functions that understand what these fragments printed.
 */

import type { Change } from '../../reconciler/model/change.ts'
import type { SecretName } from '../../reconciler/model/ids.ts'
import type { Facts, ObservedDisk } from '../../reconciler/model/observed.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Precondition } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import type { Locale } from '../../specs/text.ts'
import type { Section } from './frames.ts'

/**
 * A fragment runs in a subshell of its own, as root, with empty standard input, `LC_ALL=C.UTF-8`, a full PATH, and the
 * functions of prelude.sh and limits.sh; `$P_STARTED` is the `uptime_ms` at which the look began. It prints to standard output; its exit code is kept.
 */
export type Probe = {
  /** `a-z 0-9 - /`, unique within the driver. */
  readonly name: string
  readonly sh: string
}

export type ObserveRequest = { readonly machine: DesiredMachine; readonly site: DesiredSite }

/** What a driver's probes printed, by probe name. A probe that never ended (connection lost, time over) is missing. */
export type Sections = ReadonlyMap<string, Section>

export type Reading = {
  readonly facts: Partial<Facts>
  readonly disk?: ObservedDisk
  readonly errors: readonly Reason[]
}

/** A file that a step finds at `$P_FILES/<name>`. Secret ones are never written to a disk: they are at `$P_SECRETS/<name>`, for this step only. */
export type StepFile = { readonly name: string; readonly bytes: Uint8Array; readonly secret?: boolean }

/** What a step left behind. */
export type StepOutput = {
  /** Null: it was not started (an earlier part of the action stopped everything). 124: stopped at its time limit. */
  readonly exitCode: number | null
  /** Whether the action's deadline stopped it, or kept it from starting. */
  readonly deadline: boolean
  readonly durationMs: number
  /** The end of what it printed, at most 16 KiB, secrets blotted out. */
  readonly output: string
  /** The files that it wrote into `$P_OUT`, each at most 16 KiB of its end. */
  readonly files: ReadonlyMap<string, string>
}

/**
 * One step of an action: a process of its own, in its own session, stopped with everything it started when its time is over.
 * It covers one or several of the action's changes and tells how each went.
 */
export type Step = {
  readonly kind: 'run'
  readonly changes: readonly Change[]
  /** A fragment as for probes, run with umask 022. `$P_LEFT_MS` is the time left to the action when it starts. */
  readonly sh: string
  readonly files: readonly StepFile[]
  /** One result for each of `changes`, in their order. */
  results(output: StepOutput): readonly StepResult[]
}

/** Run last, after the action's results are safe on the PC's disk: the machine goes down under it. */
export type RestartStep = {
  readonly kind: 'restart'
  readonly changes: readonly Change[]
  readonly sh: string
}

export type ApplyRequest = {
  readonly machine: DesiredMachine
  readonly site: DesiredSite
  readonly changes: readonly Change[]
  readonly expect: Precondition
  readonly locale: Locale
  /** The secrets that the machine's scripts name, opened. */
  readonly secrets: ReadonlyMap<SecretName, Uint8Array>
}

export interface FacetDriver {
  readonly name: string
  /** Whether this driver makes a change. */
  makes(change: Change): boolean
  probes(request: ObserveRequest): readonly Probe[]
  read(sections: Sections, request: ObserveRequest): Reading
  /** A fragment that prints who is at work on the PC, a name a line: asked as an action starts that must disturb nobody. */
  readonly occupants?: string
  /** The steps for those of `request.changes` that this driver makes. */
  steps(request: ApplyRequest): readonly (Step | RestartStep)[] | Declined
}

/** `outdated`: the action is not what the spec wants any more; plan again. `impossible`: no PC can be asked for this. Nothing of the action is run. */
export type Declined = { readonly kind: 'outdated' | 'impossible'; readonly reason: Reason }
