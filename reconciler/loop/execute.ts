/** Carries out what was decided, exactly: claims the action in the store, has the provider apply it, and records how it ended. */
import type { Desired, DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import { deserialize } from '../../specs/serialize.ts'
import { say } from '../../specs/text.ts'
import { afterOutcome } from '../applied.ts'
import { measured } from '../measured.ts'
import type { ActionId, Instant, MachineId } from '../model/ids.ts'
import type { Facts, Observed } from '../model/observed.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Action, Decision, History } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import type { Claim, EndedAction, OpenAction } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { endEvent, startEvent } from './action-events.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { never } from './loop-parts.ts'
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
  /** Brings to the store how actions have ended. What it does not take is brought again: nothing else frees the machines. */
  record(): Promise<void>
  /** How many ends are to be recorded. */
  unrecorded(): number
  /** When the next open action may have lost its owner. */
  nextTakeOverAt(): Instant
  busy(machine: MachineId): boolean
  size(): number
  check(): void
  settled(): Promise<void>
}

/** Tells the loop what it must know of an action's end, and when that was. */
export type Ending = (
  machine: MachineId,
  kind: 'ended' | 'refused' | 'outdated' | 'elsewhere' | 'trouble',
  at: Instant,
) => void

/** What becomes of an action that this owner may not carry out. */
const unclaimed = {
  trouble: 'trouble',
  ended: 'outdated',
  outdated: 'outdated',
  taken: 'elsewhere',
  busy: 'elsewhere',
} as const

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

/** How it ended, and when that became known. The PC has it too: whoever joins an action that was left open is told it again. */
type Over = { readonly job: Job; readonly outcome: Outcome; readonly at: Instant }

/** @param onOutcome an action has ended on this machine, which is to be recorded */
export const createExecutor = (
  parts: LoopParts,
  settings: Settings,
  onEnd: Ending,
  onOutcome: (machine: MachineId) => void,
): Executor => {
  const { store, provider, clock, onProgress, owner } = parts
  const pool = createTaskPool()
  const busy = new Set<MachineId>()
  const over: Over[] = []
  let takeOverAt: Instant = never
  let earlier: Desired | undefined

  /** All of them are claimed at once: a region's morning is thousands of actions. */
  const launch = (jobs: readonly Job[], signal: AbortSignal): void => {
    const free = jobs.filter(({ machine }) => !busy.has(machine.id))
    if (free.length === 0 || signal.aborted) return
    for (const { machine } of free) busy.add(machine.id)
    pool.start(async () => {
      const claims = await claimed(free)
      for (const job of free) {
        const claim = claims?.get(job.action.id) ?? 'trouble'
        if (claim === 'claimed') pool.start(() => carryOut(job, signal))
        else letGo(job, unclaimed[claim])
      }
    })
  }

  const letGo = ({ machine }: Job, end: Parameters<Ending>[1], at = clock.now()): void => {
    busy.delete(machine.id)
    onEnd(machine.id, end, at)
  }

  const carryOut = async (job: Job, signal: AbortSignal): Promise<void> => {
    onProgress?.({ kind: 'started', action: job.action, joined: job.decidedFrom === undefined })
    const outcome = await applied(job, signal)
    // Let go: the PC goes on by itself, and the action stays open for whoever joins it next.
    if (signal.aborted && outcome.kind === 'failed' && outcome.class === 'wait') busy.delete(job.machine.id)
    else {
      over.push({ job, outcome, at: clock.now() })
      onOutcome(job.machine.id)
    }
  }

  const claimed = async (jobs: readonly Job[]): Promise<ReadonlyMap<ActionId, Claim> | undefined> => {
    const now = clock.now()
    const claims = jobs.map(({ action, decidedFrom }) => ({
      action,
      ...(decidedFrom === undefined ? {} : { decidedFrom }),
      events: [startEvent(action, now, settings.actor)],
    }))
    try {
      return await store.claimActions(claims, owner, now, settings.staleOwnerMs)
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown
      // Whether they were claimed is not known; they are asked again with the next plan, and a claim of ours is ours again.
      onProgress?.({ kind: 'trouble', reason: reasonOf(thrown), retryAt: clock.now() })
      return undefined
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

  const endOf = (
    { job: { action, machine, site, facts, decidedFrom }, outcome, at }: Over,
    history: History | undefined,
  ): EndedAction => ({
    id: action.id,
    machine: machine.id,
    owner,
    at,
    outcome,
    ...afterOutcome({ machine, facts, action, outcome, history, now: at, random: parts.random }),
    requests: servedRequests(action, outcome),
    // Of one that was joined in the middle, only a part was seen.
    durations: decidedFrom === undefined ? [] : measured(outcome, site, facts?.hardware),
    events: [endEvent(action, outcome, at, settings.actor)],
    fence: action.fence,
  })

  const join = async (open: OpenAction, standing: Standing, signal: AbortSignal): Promise<void> => {
    const { action } = open
    const machine = standing.desired.machines.get(action.machine)
    const site = machine && standing.desired.sites.get(machine.site)
    if (!machine || !site) return endUnmanaged(action)
    const desired = await contentOf(action, standing)
    const facts = (await store.observed(action.machine))?.facts
    const asWanted = desired.machines.get(action.machine) ?? machine
    launch([{ action, machine: asWanted, site, desired, facts, decidedFrom: undefined }], signal)
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
    const claim = (await store.claimActions([{ action }], owner, at, settings.staleOwnerMs)).get(action.id)
    if (claim !== 'claimed') return
    const outcome: Outcome = { kind: 'refused', reason: unmanaged, at }
    const events = [endEvent(action, outcome, at, settings.actor)]
    const { id, machine, fence } = action
    const nothing = { applied: {}, backoffs: [], clear: [] }
    await store.endActions([{ id, machine, owner, at, outcome, ...nothing, events, fence }])
  }

  return {
    start: (decisions, standing, inventory, signal) => {
      const { desired } = standing
      const jobs: Job[] = []
      for (const [id, decision] of decisions) {
        if (decision.kind !== 'act') continue
        const machine = standing.desired.machines.get(id)
        const site = machine && standing.desired.sites.get(machine.site)
        const observed = inventory.get(id)
        if (!machine || !site || !observed) continue
        const { facts, observedAt } = observed
        jobs.push({ action: decision.action, machine, site, desired, facts, decidedFrom: observedAt })
      }
      launch(jobs, signal)
    },
    record: async () => {
      const batch = [...over]
      if (batch.length === 0) return
      const histories = await store.histories(batch.map(({ job }) => job.machine.id))
      await store.endActions(batch.map((one) => endOf(one, histories.get(one.job.machine.id))))
      over.splice(0, batch.length)
      for (const { job, outcome, at } of batch) {
        onProgress?.({ kind: 'ended', action: job.action, outcome })
        letGo(job, outcome.kind === 'refused' ? 'refused' : 'ended', at)
      }
    },
    unrecorded: () => over.length,
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
    size: () => pool.size() + over.length,
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
