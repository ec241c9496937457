/**
 * The disk facet: whatever is to be done to a disk is done by the imager, in RAM, while the PC's own system does not run.
 * All else is left to the inner provider, which reaches that system.
 *
 * Level-triggered like the loop: what is to be done next (wake, restart, wait) is decided again and again from what the PC shows
 * at that moment. So an action that is joined by another process, a power cut in mid-transfer and a PC that somebody
 * switched on by hand need no code of their own.
 */
import type { Done, Work } from '../../imaging/protocol.ts'
import type { Change } from '../../reconciler/model/change.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Observed, ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Outcome, StepResult } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Provider } from '../../reconciler/ports.ts'
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import { raceArrival } from './arrival.ts'
import type { DiskParts } from './disk-parts.ts'
import { defaultDiskLimits } from './disk-parts.ts'
import { failureClass, imagerReason, noImager, outOfDate } from './disk-reasons.ts'
import { type Ended, type Problem, runImager } from './imager-run.ts'
import { madeHostKey } from './made-host-key.ts'
import { diskByImager, diskBySystem, keepingKnown } from './observed-disk.ts'
import { awaitSystem } from './own-system.ts'
import { type ImagerChange, isImagerChange, workFor, writes } from './work.ts'

type Apply = Parameters<Provider['apply']>

export function createDiskProvider(parts: DiskParts): Provider {
  const { inner, desk, clock } = parts
  const limits = { ...defaultDiskLimits, ...parts.limits }

  async function observe(
    machine: DesiredMachine,
    site: DesiredSite,
    previous: Observed | undefined,
    signal: AbortSignal,
  ): Promise<Observed> {
    const session = desk.session(machine.mac)
    if (session === undefined) {
      const seen = await inner.observe(machine, site, previous, signal)
      return withDisk(seen, keepingKnown(seen.disk, previous?.disk))
    }
    const seen: Observed = {
      machine: machine.id,
      observedAt: clock.now(),
      observer: parts.observer,
      reach: 'imager',
      ...(previous?.facts === undefined ? {} : { facts: previous.facts }),
      errors: [],
    }
    return withDisk(seen, keepingKnown(diskByImager(session.hello, clock.now()), previous?.disk))
  }

  async function apply(...asked: Apply): Promise<Outcome> {
    const [action, machine] = asked
    const change = chosen(action)
    if (change !== undefined) return toDisk(change, asked)
    return machine.profile.disk !== undefined && action.changes.every(isWake)
      ? wakeUp(asked)
      : inner.apply(...asked)
  }

  /** A PC whose disk was never seen may have nothing to start: then the imager that says hello is what was woken. */
  async function wakeUp(asked: Apply): Promise<Outcome> {
    const [action, machine, site, desired, report, signal] = asked
    const begun = clock.now()
    if ((await parts.memory.disk(machine.id)) === undefined) desk.wantLook(machine.mac)
    const arrival = await raceArrival(parts, machine.mac, signal, (stop) =>
      inner.apply(action, machine, site, desired, report, stop),
    )
    if (arrival.kind === 'other') return arrival.result
    const durationMs = clock.now() - begun
    const results = action.changes.map((change) => ({ change, ok: true, output: '', durationMs }))
    return { kind: 'complete', results, at: clock.now() }
  }

  async function toDisk(change: ImagerChange, asked: Apply): Promise<Outcome> {
    const [, machine] = asked
    const imager = writes(change) ? await parts.imager() : undefined
    if (writes(change) && imager === undefined)
      return failed(change, { class: 'retry', reason: noImager(machine.id) }, 0)
    const work = workFor(change, machine, parts.managementKeys, imager)
    if (work === undefined)
      return { kind: 'wrong-precondition', reason: outOfDate(machine.id), at: clock.now() }
    const begun = clock.now()
    const ended = await runImager(parts, limits, work, change, asked)
    return outcomeOf(ended, change, work, begun, asked)
  }

  async function outcomeOf(
    ended: Ended,
    change: ImagerChange,
    work: Work,
    begun: Instant,
    asked: Apply,
  ): Promise<Outcome> {
    switch (ended.kind) {
      case 'outcome':
        return ended.outcome
      case 'failed':
        return failed(change, ended.problem, clock.now() - begun)
      case 'done':
        return conclude(change, work, ended.done, begun, asked)
      case 'found-done':
        return conclude(change, work, undefined, begun, asked)
    }
  }

  /** The change has lasted since the PC was asked into the imager, until its own system lets us in again. */
  async function conclude(
    change: ImagerChange,
    work: Work,
    done: Done | undefined,
    begun: Instant,
    asked: Apply,
  ): Promise<Outcome> {
    const [action, machine] = asked
    const output = done === undefined ? '' : told(done)
    const fail = (problem: Problem): Outcome => failed(change, problem, clock.now() - begun, output)
    if (done?.kind === 'failed') {
      return fail({ class: failureClass(done.reason), reason: imagerReason(done.reason, done.detail) })
    }
    const problem = done === undefined ? undefined : await afterwards(done, work, asked)
    if (problem !== undefined) return fail(problem)
    if (work.kind === 'restore' || work.kind === 'reset') {
      const missing = machine.profile.os === 'debian' ? await awaitSystem(parts, limits, asked) : undefined
      if (missing !== undefined) return fail(missing)
    }
    const at = clock.now()
    // Found done, by a message that was for another process: how long it took, nobody knows any more.
    const measured = done === undefined ? { durationMs: 0 } : { durationMs: at - begun, ...fetched(done) }
    const results = action.changes.flatMap((one): readonly StepResult[] => {
      if (one === change) return [{ change: one, ok: true, output, ...measured }]
      return isWake(one) ? [{ change: one, ok: true, output, durationMs: 0 }] : []
    })
    return { kind: 'complete', results, at }
  }

  /** What the imager's message brings besides its success; the reason if that cannot be kept. */
  async function afterwards(
    done: Extract<Done, { kind: 'done' }>,
    work: Work,
    asked: Apply,
  ): Promise<Problem | undefined> {
    const [action, machine] = asked
    const at = clock.now()
    switch (work.kind) {
      case 'restore':
      case 'reset': {
        const key = madeHostKey(done, work.boot.default)
        if (key !== undefined) await parts.pins.pin(machine.id, key)
        if (done.state !== undefined) await parts.memory.note(machine.id, diskBySystem(done.state, at))
        return undefined
      }
      case 'verify': {
        const differing = (done.differences ?? []).map(({ runs: _, ...difference }) => difference)
        await parts.memory.verified(action, { at, manifest: work.manifest, differing })
        return undefined
      }
      case 'capture': {
        const finished = await parts.finishCapture(action, work, done.draft)
        return finished.ok ? undefined : { class: 'retry', reason: finished.reason }
      }
    }
  }

  function failed(change: Change, problem: Problem, durationMs: number, output = ''): Outcome {
    const result = { change, ok: false, output, durationMs, class: problem.class, reason: problem.reason }
    const at = clock.now()
    return { kind: 'failed', class: problem.class, reason: problem.reason, results: [result], at }
  }

  return { observe, apply }
}

/** One thing at a time: a disk that is made equal needs no comparison before. What is left over is planned again. */
const chosen = ({ changes }: Action): ImagerChange | undefined => {
  const ours = changes.filter(isImagerChange)
  return ours.find(writes) ?? ours[0]
}

const isWake = (change: Change): boolean => change.facet === 'power' && change.item === 'wake'

const withDisk = (seen: Observed, disk: ObservedDisk | undefined): Observed =>
  disk === undefined ? seen : { ...seen, disk }

const fetched = ({ tally }: Done): Pick<StepResult, 'fetchedBytes'> => ({ fetchedBytes: tally.fetched })

/** For the log and for `--json`: bytes as they were counted on the PC. */
const told = ({ tally }: Done): string =>
  [
    `read ${tally.read} matched ${tally.matched} fetched ${tally.fetched} from-cache ${tally.fromCache} written ${tally.written} bytes in ${tally.durationMs} ms`,
    ...tally.perPartition.map(
      ({ name, chunks, differing }) => `${name}: ${differing} of ${chunks} chunks differed`,
    ),
  ].join('\n')
