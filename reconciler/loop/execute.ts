/** Carries out what was decided, exactly: claims the action in the store, has the provider apply it, and records how it ended. */
import type { Desired, DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import { deserialize } from '../../specs/serialize.ts'
import { say } from '../../specs/text.ts'
import { afterOutcome } from '../applied.ts'
import { measured } from '../measured.ts'
import type { Instant, MachineId } from '../model/ids.ts'
import type { Facts, Observed } from '../model/observed.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Action, Decision } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import type { OpenAction } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { endEvent, startEvent } from './action-events.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { never } from './loop-parts.ts'
import { createPatience } from './patience.ts'
import { servedRequests } from './served-requests.ts'
import type { Standing } from './target.ts'
import { createTaskPool } from './task-pool.ts'
import { withinLimit } from './time-limit.ts'

export type Executor = {
  /** Starts the actions of these decisions, without waiting for them. */
  start(
    decisions: ReadonlyMap<MachineId, Decision>,
    standing: Standing,
    inventory: ReadonlyMap<MachineId, Observed>,
    signal: AbortSignal,
  ): void
  /** Joins open actions that nobody looks after any more. */
  takeOver(standing: Standing, signal: AbortSignal): Promise<void>
  /** When the next open action may have lost its owner. */
  nextTakeOverAt(): Instant
  busy(machine: MachineId): boolean
  size(): number
  check(): void
  settled(): Promise<void>
}

/** Tells the loop what it must know of an action's end. */
export type Ending = (
  machine: MachineId,
  kind: 'ended' | 'refused' | 'outdated' | 'elsewhere' | 'trouble',
) => void

/** What a provider may need past an action's deadline to stop what runs and to say so. */
const afterDeadlineMs = 5 * 60_000

type Job = {
  readonly action: Action
  readonly machine: DesiredMachine
  readonly site: DesiredSite
  readonly desired: Desired
  readonly facts: Facts | undefined
  /** The observation's instant; undefined when an open action is joined. */
  readonly decidedFrom: Instant | undefined
}

export const createExecutor = (parts: LoopParts, settings: Settings, onEnd: Ending): Executor => {
  const { store, provider, clock, onProgress, owner } = parts
  const pool = createTaskPool()
  const busy = new Set<MachineId>()
  let takeOverAt: Instant = never
  let earlier: Desired | undefined

  const launch = (job: Job, signal: AbortSignal): void => {
    const { machine } = job
    if (busy.has(machine.id) || signal.aborted) return
    busy.add(machine.id)
    pool.start(async () => {
      const end = await carryOut(job, signal).finally(() => busy.delete(machine.id))
      if (end !== undefined) onEnd(machine.id, end)
    })
  }

  const carryOut = async (job: Job, signal: AbortSignal): Promise<Parameters<Ending>[1] | undefined> => {
    const claim = await claimed(job)
    switch (claim) {
      case 'trouble':
        return 'trouble'
      case 'ended':
      case 'outdated':
        return 'outdated'
      case 'taken':
      case 'busy':
        return 'elsewhere'
      case 'claimed':
    }
    onProgress?.({ kind: 'started', action: job.action, joined: job.decidedFrom === undefined })
    const outcome = await applied(job, signal)
    // Let go: the PC goes on by itself, and the action stays open for whoever joins it next.
    if (signal.aborted && outcome.kind === 'failed' && outcome.class === 'wait') return undefined
    await record(job, outcome, signal)
    onProgress?.({ kind: 'ended', action: job.action, outcome })
    return outcome.kind === 'refused' ? 'refused' : 'ended'
  }

  const claimed = async (job: Job) => {
    const { action, decidedFrom } = job
    const first = {
      ...(decidedFrom === undefined ? {} : { decidedFrom }),
      events: [startEvent(action, clock.now(), settings.actor)],
    }
    try {
      return await store.claimAction(action, owner, clock.now(), settings.staleOwnerMs, first)
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown
      // Whether it was claimed is not known; it is asked again with the next plan, and a claim of ours is ours again.
      onProgress?.({ kind: 'trouble', reason: reasonOf(thrown), retryAt: clock.now() })
      return 'trouble'
    }
  }

  const applied = ({ action, machine, site, desired }: Job, signal: AbortSignal): Promise<Outcome> =>
    withinLimit<Outcome>({
      clock,
      limitMs: Math.max(0, action.deadline - clock.now()) + afterDeadlineMs,
      signal,
      work: (stop) =>
        provider.apply(
          action,
          machine,
          site,
          desired,
          (progress) => onProgress?.({ kind: 'running', machine: machine.id, action, progress }),
          stop,
        ),
      late: () => failedWith('wait', noAnswer, clock.now()),
      broken: (thrown) => failedWith('retry', broke(thrown), clock.now()),
    })

  /** The outcome must reach the store, however long that does not answer: it alone frees the machine. */
  const record = async (job: Job, outcome: Outcome, signal: AbortSignal): Promise<void> => {
    const patience = createPatience(parts)
    for (;;) {
      try {
        await recordOnce(job, outcome)
        return
      } catch (thrown) {
        if (!(thrown instanceof StoreError)) throw thrown
        const waitMs = patience.next()
        onProgress?.({ kind: 'trouble', reason: reasonOf(thrown), retryAt: clock.now() + waitMs })
        // The PC has the outcome too: whoever joins the action next is told it again.
        if (signal.aborted) return
        await clock.sleep(waitMs, signal)
      }
    }
  }

  const recordOnce = async (
    { action, machine, site, facts, decidedFrom }: Job,
    outcome: Outcome,
  ): Promise<void> => {
    // First: killed in between, the action is still open and is joined again, while a request left open would be carried out twice.
    for (const request of servedRequests(action, outcome)) await store.closeDiskRequest(request, clock.now())
    const history = await store.historyOf(machine.id)
    const now = clock.now()
    const memory = afterOutcome({ machine, facts, action, outcome, history, now, random: parts.random })
    await store.endAction({
      id: action.id,
      machine: machine.id,
      owner,
      at: now,
      outcome,
      ...memory,
      // Of one that was joined in the middle, only a part was seen.
      durations: decidedFrom === undefined ? [] : measured(outcome, site, facts?.hardware),
      events: [endEvent(action, outcome, now, settings.actor)],
      fence: action.fence,
    })
  }

  const join = async (open: OpenAction, standing: Standing, signal: AbortSignal): Promise<void> => {
    const { action } = open
    const machine = standing.desired.machines.get(action.machine)
    const site = machine && standing.desired.sites.get(machine.site)
    if (!machine || !site) return endUnmanaged(action)
    const desired = await contentOf(action, standing)
    const facts = (await store.observed(action.machine))?.facts
    const asWanted = desired.machines.get(action.machine) ?? machine
    launch({ action, machine: asWanted, site, desired, facts, decidedFrom: undefined }, signal)
  }

  /** What the action was decided for: the PC may not have been given its scripts yet. */
  const contentOf = async (action: Action, standing: Standing): Promise<Desired> => {
    if (action.content === standing.desired.digest) return standing.desired
    if (action.content === earlier?.digest) return earlier
    const kept = await store.getRevision(action.content)
    if (!kept) return standing.desired
    earlier = deserialize(kept.bytes)
    return earlier
  }

  const endUnmanaged = async (action: Action): Promise<void> => {
    const at = clock.now()
    if ((await store.claimAction(action, owner, at, settings.staleOwnerMs)) !== 'claimed') return
    const outcome: Outcome = { kind: 'refused', reason: unmanaged, at }
    const events = [endEvent(action, outcome, at, settings.actor)]
    const { id, machine, fence } = action
    await store.endAction({
      id,
      machine,
      owner,
      at,
      outcome,
      applied: {},
      backoffs: [],
      clear: [],
      events,
      fence,
    })
  }

  return {
    start: (decisions, standing, inventory, signal) => {
      for (const [id, decision] of decisions) {
        if (decision.kind !== 'act') continue
        const machine = standing.desired.machines.get(id)
        const site = machine && standing.desired.sites.get(machine.site)
        const observed = inventory.get(id)
        if (!machine || !site || !observed) continue
        const { desired } = standing
        const { facts, observedAt } = observed
        launch({ action: decision.action, machine, site, desired, facts, decidedFrom: observedAt }, signal)
      }
    },
    takeOver: async (standing, signal) => {
      const now = clock.now()
      takeOverAt = never
      for (const open of await store.openActions()) {
        if (busy.has(open.action.machine)) continue
        const staleAt = open.owner === owner ? now : open.ownerSeenAt + settings.staleOwnerMs
        if (staleAt <= now) await join(open, standing, signal)
        else takeOverAt = Math.min(takeOverAt, staleAt)
      }
    },
    nextTakeOverAt: () => takeOverAt,
    busy: (machine) => busy.has(machine),
    size: pool.size,
    check: pool.check,
    settled: pool.idle,
  }
}

const failedWith = (kind: 'wait' | 'retry', reason: Reason, at: Instant): Outcome => ({
  kind: 'failed',
  class: kind,
  reason,
  results: [],
  at,
})

export const reasonOf = (error: StoreError): Reason => ({ code: error.code, message: error.text })

const noAnswer: Reason = {
  code: 'no-answer',
  message: say(
    'The action did not say in time how it ended; the machine is looked at again.',
    'L’opération n’a pas indiqué à temps comment elle s’est terminée\u00a0; le poste sera examiné à nouveau.',
  ),
}

const unmanaged: Reason = {
  code: 'unmanaged',
  message: say(
    'The machine has left the specs while the action was open: how it ended is not asked any more.',
    'Le poste a quitté les spécifications pendant l’opération\u00a0: son résultat n’est plus demandé.',
  ),
}

const broke = (thrown: unknown): Reason => ({
  code: 'provider-broke',
  message: say(
    'The action failed through an error of the program itself: please report it with the detail below.',
    'L’opération a échoué à cause d’une erreur du programme lui-même\u00a0: merci de la signaler avec le détail ci-dessous.',
  ),
  detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
})
