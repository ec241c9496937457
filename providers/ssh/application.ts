/** Carries out one action on one machine: wake, steps on the PC's own record, restart. */
import type { Change } from '../../reconciler/model/change.ts'
import type { SecretName } from '../../reconciler/model/ids.ts'
import type { Outcome, Progress, StepResult } from '../../reconciler/model/outcome.ts'
import type { Action, FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import type { Locale } from '../../specs/text.ts'
import {
  connectionLost,
  didNotRestart,
  endedWithoutResult,
  interrupted,
  noDriver,
  refusal,
  restartFailed,
  restartOccupied,
  restartSkipped,
  stopped,
} from './action-reasons.ts'
import { type ActionReport, actionReader } from './action-record.ts'
import type { Endpoint } from './connection.ts'
import type { Declined, FacetDriver, RestartStep, Step } from './facet-driver.ts'
import type { Pool } from './pool.ts'
import { actionProgram, type RecordPaths, shellCommand } from './program.ts'
import type { Unreached } from './reach.ts'
import { shellFailure } from './shell-failure.ts'

export type ApplicationParts = {
  readonly pool: Pool
  readonly drivers: readonly FacetDriver[]
  readonly clock: Clock
  readonly boundary: () => string
  readonly paths: RecordPaths
  /** How long a lost connection is tried again before the action is left to itself. */
  readonly rejoinMs: number
  readonly rejoinEveryMs: number
  /** How long a machine may take from the restart to answering again. */
  readonly restartTimeoutMs: number
}

export type Application = {
  readonly action: Action
  readonly machine: DesiredMachine
  readonly site: DesiredSite
  readonly locale: Locale
  readonly secrets: ReadonlyMap<SecretName, Uint8Array>
  /** Asked again at every connection: a PC that comes back may have another address. */
  readonly locate: () => Promise<Endpoint | Unreached>
}

type Work = { readonly kind: 'work'; readonly steps: readonly Step[]; readonly restart?: RestartStep }

/** Everything but waking. `woken` is the result of that, if it was part of the action. */
export async function carryOut(
  parts: ApplicationParts,
  application: Application,
  woken: readonly StepResult[],
  report: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const { action } = application
  const at = () => parts.clock.now()
  const work = compose(parts.drivers, application)
  if (work.kind !== 'work') {
    return work.kind === 'outdated'
      ? { kind: 'wrong-precondition', reason: work.reason, at: at() }
      : { kind: 'failed', class: 'terminal', reason: work.reason, results: woken, at: at() }
  }

  const reached = await untilToldAll(parts, application, work, report, signal)
  // Whom we cannot reach is no fault of the changes: the next look tells what is wrong, for as long as it is.
  if (reached.kind === 'failed') return { ...reached, class: 'wait', results: woken, at: at() }
  switch (reached.kind) {
    case 'refused': {
      const refused = refusal(action.machine, reached.code, reached.detail)
      if (refused.kind === 'failed') return { ...refused, results: woken, at: at() }
      return { kind: refused.kind, reason: refused.reason, at: at() }
    }
    case 'interrupted': {
      const reason = interrupted(action.machine, reached.log)
      const results = [...woken, ...stepResults(work, reached, reason, 'wait')]
      return { kind: 'failed', class: 'wait', reason, results, at: at() }
    }
    case 'ended': {
      const reason = endedWithoutResult(action.machine)
      const results = [...woken, ...stepResults(work, reached, reason, 'retry')]
      const restart = await finishRestart(parts, application, work, reached, report, signal)
      return conclude(action, [...results, ...restart], at())
    }
  }
}

function compose(drivers: readonly FacetDriver[], application: Application): Work | Declined {
  const { action, machine, site, locale, secrets } = application
  const changes = action.changes.filter((change) => !(change.facet === 'power' && change.item === 'wake'))
  const byDriver = new Map<FacetDriver, Change[]>()
  for (const change of changes) {
    const driver = drivers.find((one) => one.makes(change))
    if (driver === undefined) return { kind: 'impossible', reason: noDriver(machine.id, change.facet) }
    byDriver.set(driver, [...(byDriver.get(driver) ?? []), change])
  }
  const steps: Step[] = []
  let restart: RestartStep | undefined
  for (const [driver, own] of byDriver) {
    const made = driver.steps({ machine, site, changes: own, expect: action.expect, locale, secrets })
    if ('kind' in made) return made
    for (const step of made) {
      if (step.kind === 'restart') restart = step
      else steps.push(step)
    }
  }
  return restart === undefined ? { kind: 'work', steps } : { kind: 'work', steps, restart }
}

type Told = Exclude<ActionReport, { kind: 'cut' }>
type Failure = { readonly kind: 'failed'; readonly class: FailureClass; readonly reason: Reason }

/** Starts or joins the action, again after every lost connection, until the PC has told how it ended. */
async function untilToldAll(
  parts: ApplicationParts,
  application: Application,
  work: Work,
  report: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Told | Failure> {
  let mayRun = false
  let lostAt = parts.clock.now()
  for (;;) {
    const told = await ask(parts, application, work, report, signal)
    if (told.kind !== 'cut' && told.kind !== 'failed') return told
    const now = parts.clock.now()
    if (told.kind === 'cut') {
      // The PC may have started it without our having heard so; each time that it was heard, patience begins anew.
      if (!mayRun || told.started) lostAt = now
      mayRun = true
    } else if (!mayRun) {
      // What never started is the next plan's business.
      return told
    }
    if (signal.aborted || now - lostAt > parts.rejoinMs) return lost(application, told)
    await parts.clock.sleep(parts.rejoinEveryMs, signal)
  }
}

const lost = (
  application: Application,
  told: Failure | { readonly kind: 'cut'; readonly noise: string },
): Failure => ({
  kind: 'failed',
  class: 'wait',
  reason: connectionLost(application.machine.id, told.kind === 'failed' ? told.reason : undefined),
})

/** One connection's worth of an action. */
async function ask(
  parts: ApplicationParts,
  application: Application,
  work: Work,
  report: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ActionReport | Failure> {
  const endpoint = await application.locate()
  if ('kind' in endpoint) return { kind: 'failed', class: endpoint.class, reason: endpoint.reason }
  const { action, locale } = application
  const boundary = parts.boundary()
  const leftMs = action.deadline - parts.clock.now()
  const occupants = parts.drivers.flatMap((driver) => driver.occupants ?? []).join('\n')
  const reader = actionReader(boundary, work.steps.length, secretTexts(application.secrets), (progress) =>
    report(progressOf(work, progress.step, progress.line)),
  )
  const program = actionProgram({ ...work, action, occupants, leftMs, locale }, boundary, parts.paths)
  const executed = await parts.pool.run(
    endpoint,
    {
      line: shellCommand(endpoint.user),
      stdin: Buffer.from(program),
      // The PC stops the action at its deadline by itself, and needs a little to stop everything and tell.
      timeoutMs: Math.max(0, leftMs) + 60_000,
      keepBytes: 4 << 10,
      onStdout: reader.push,
    },
    signal,
  )
  if (executed.kind === 'unreached') return { kind: 'failed', class: executed.class, reason: executed.reason }
  const told = reader.report()
  if (told.kind === 'cut' && !told.started && executed.kind === 'exited' && executed.exitCode !== null) {
    return { kind: 'failed', ...shellFailure(endpoint.machine, endpoint.user, executed) }
  }
  return told
}

function progressOf(work: Work, stepIndex: number, line: string): Progress {
  const before = work.steps.slice(0, stepIndex).reduce((sum, step) => sum + step.changes.length, 0)
  const total = work.steps.reduce((sum, step) => sum + step.changes.length, work.restart?.changes.length ?? 0)
  const change = work.steps[stepIndex]?.changes[0]
  return {
    ...(change === undefined ? {} : { step: change }),
    ...(line === '' ? {} : { line }),
    done: before,
    total,
  }
}

/** What the steps say of themselves; a step that was not started or was stopped by the action's deadline says nothing. */
function stepResults(
  work: Work,
  told: Exclude<Told, { kind: 'refused' }>,
  reason: Reason,
  failure: FailureClass,
): readonly StepResult[] {
  return work.steps.flatMap((step, index) => {
    const output = told.steps[index]
    if (output === undefined || (output.exitCode === null && !output.deadline)) {
      return step.changes.map((change) => ({
        change,
        ok: false,
        output: '',
        durationMs: 0,
        class: failure,
        reason,
      }))
    }
    if (output.deadline) {
      return step.changes.map((change) => ({
        change,
        ok: false,
        output: output.output,
        durationMs: output.durationMs,
        class: 'retry' as const,
        reason: stopped(output.output),
      }))
    }
    return step.results(output)
  })
}

/** A restart is complete only when the machine has answered with another boot id. */
async function finishRestart(
  parts: ApplicationParts,
  application: Application,
  work: Work,
  first: Extract<ActionReport, { kind: 'ended' }>,
  report: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<readonly StepResult[]> {
  const { restart } = work
  if (restart === undefined) return []
  const begun = parts.clock.now()
  const results = (problem?: {
    readonly class: FailureClass
    readonly reason: Reason
  }): readonly StepResult[] =>
    restart.changes.map((change) => ({
      change,
      ok: problem === undefined,
      output: '',
      durationMs: parts.clock.now() - begun,
      ...problem,
    }))

  let told: ActionReport | Failure = first
  while (!signal.aborted) {
    if (told.kind === 'ended') {
      if (told.restartFailure !== undefined) {
        return results({
          class: 'retry',
          reason: restartFailed(application.machine.id, told.restartFailure.output),
        })
      }
      if (told.restart === 'skipped') return results({ class: 'retry', reason: restartSkipped() })
      if (told.restart === 'occupied') return results({ class: 'wait', reason: restartOccupied() })
      if (told.restart === 'done') return results()
    } else if (told.kind === 'failed' && told.class === 'terminal') {
      return results({ class: 'wait', reason: told.reason })
    }
    if (parts.clock.now() - begun > parts.restartTimeoutMs) break
    await parts.clock.sleep(parts.rejoinEveryMs, signal)
    told = await ask(parts, application, work, report, signal)
  }
  return results({ class: 'wait', reason: didNotRestart(application.machine.id, parts.restartTimeoutMs) })
}

/**
 * The outcome's class is that of the most hopeful failure: if one change may pass by itself, the action is worth another try;
 * each change keeps its own class in its result.
 */
export function conclude(action: Action, results: readonly StepResult[], at: number): Outcome {
  const ordered = action.changes.flatMap((change) => results.filter((result) => result.change === change))
  const failures = ordered.filter((result) => !result.ok)
  if (failures.length === 0) return { kind: 'complete', results: ordered, at }
  const hopeful: readonly FailureClass[] = ['wait', 'retry', 'terminal']
  for (const kind of hopeful) {
    const failure = failures.find((result) => (result.class ?? 'retry') === kind)
    if (failure === undefined) continue
    const reason = failure.reason ?? endedWithoutResult(action.machine)
    return { kind: 'failed', class: kind, reason, results: ordered, at }
  }
  throw new Error('a failure without a class')
}

/** Also each line of a secret of several lines: output is shown line by line. */
function secretTexts(secrets: ReadonlyMap<SecretName, Uint8Array>): readonly string[] {
  const texts = [...secrets.values()].map((bytes) => Buffer.from(bytes).toString('utf8').trim())
  return [...new Set(texts.flatMap((text) => [text, ...text.split('\n').map((line) => line.trim())]))]
}
