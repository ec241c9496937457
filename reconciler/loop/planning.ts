/** Keeps the plan up to date: for the whole park at each full pass, else only for the machines to which something happened. */
import { afterLook } from '../applied.ts'
import { settledRequests } from '../disk-request.ts'
import type { Durations } from '../model/duration.ts'
import type { Instant, MachineId, SiteId } from '../model/ids.ts'
import { siteOf } from '../model/machine-id.ts'
import type { Observed } from '../model/observed.ts'
import type { Decision, DiskRequest, Plan, PlanInput } from '../model/plan.ts'
import { durationsOf } from '../pace.ts'
import { type Decided, decideAnew, unmanaged } from '../plan.ts'
import { createPlanSum } from '../plan-sum.ts'
import type { Remembered } from '../store/store.ts'
import { createDecisionNews } from './decision-news.ts'
import { createDueQueue } from './due-queue.ts'
import { hiding } from './hiding.ts'
import { createKnown } from './known.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { never } from './loop-parts.ts'
import { isSameLook } from './same-look.ts'
import type { Standing } from './target.ts'

export type Planning = {
  /** What was decided last for each machine. */
  readonly decisions: ReadonlyMap<MachineId, Decision>
  /** What was seen last of each machine. */
  readonly inventory: ReadonlyMap<MachineId, Observed>
  /** The machines of which something was decided or seen since this was asked last. */
  changed(): Iterable<MachineId>
  /** Stores what was seen, and marks its machines. */
  store(observed: readonly Observed[]): Promise<void>
  /** Something happened at this machine: decide on it again. */
  mark(machine: MachineId): void
  /** What is known of this machine decides nothing until it was looked at after `since`: its action has ended. */
  outdate(machine: MachineId, since: Instant): void
  park(standing: Standing): Promise<Plan>
  /**
   * Of the marked machines and of those where a gate opens by itself, and of those that wait for capacity in lycées where something
   * has ended. Only what was decided anew is in it; undefined: nothing was.
   */
  marked(standing: Standing): Promise<Plan | undefined>
  /** When something must be decided again although nothing happens. */
  nextAt(): Instant
  dirty(now: Instant): boolean
}

type Due = { readonly machines: ReadonlySet<MachineId>; readonly queues: readonly ReadonlySet<MachineId>[] }

/** A gate's time may lie far ahead or just behind: not more often than this for one machine. */
const leastPauseMs = 1_000

export const createPlanning = (parts: LoopParts, settings: Settings): Planning => {
  const { store, clock, onProgress, images, awaited } = parts
  const decisions = new Map<MachineId, Decision>()
  const known = createKnown(store)
  const { inventory } = known
  const news = createDecisionNews(store, settings.actor)
  const sum = createPlanSum()
  const marked = new Set<MachineId>()
  /** When a gate may open by itself. */
  const opening = createDueQueue()
  /** Those that wait for capacity, by lycée, in the order in which they are to be served. */
  const queued = new Map<SiteId, Set<MachineId>>()
  /** Lycées in which something has ended, so that somebody who waits may start. */
  const freed = new Set<SiteId>()
  /** About to be claimed, and not known to be in flight yet: they are decided on again with whatever is in their lycée, so as to be counted. */
  const claiming = new Set<MachineId>()
  let changed = new Set<MachineId>()
  /** Looked at since they were decided on last. */
  const looked = new Set<MachineId>()
  const outdated = new Map<MachineId, Instant>()
  /** Decisions that the store does not have yet. */
  const unstored = new Map<MachineId, Decision>()
  /** As of the last full pass: single actions hardly change them. */
  let durations: Durations = new Map()
  let leftOver: readonly MachineId[] = []
  /** Those that wait for an image that is on its way, and all images that were since one had come last. */
  const waiting = new Set<MachineId>()
  const onTheWay = new Set<string>()
  let storedTarget: Plan['target'] | undefined

  const refresh = async (): Promise<void> => {
    for (const machine of await known.refresh()) changed.add(machine)
  }

  const decide = async (
    standing: Standing,
    machines: Iterable<MachineId>,
    queues: Iterable<Iterable<MachineId>> = [],
  ): Promise<Decided> => {
    const { desired, target, steering } = standing
    const now = clock.now()
    const coming = awaited?.(desired)
    for (const image of coming?.keys() ?? []) onTheWay.add(image)
    const pauses = await store.pauses(now)
    const requests = await store.diskRequests()
    await refresh()
    await rememberLooks(standing)
    forgetOutdated()
    const decided = decideAnew(
      {
        desired,
        target,
        ...(steering === undefined ? {} : { steering }),
        inventory: hiding(inventory, outdated),
        history: known.history,
        busy: known.busy,
        pauses,
        requests,
        durations,
        ...(images === undefined ? {} : { images: images() }),
        ...(coming === undefined ? {} : { awaited: coming }),
        freshMs: settings.freshMs,
        now,
      } satisfies PlanInput,
      machines,
      queues,
      decisions,
    )
    await closeSettled(standing, requests)
    return decided
  }

  /** What somebody asked for and no action will ever do must not stay open for ever. */
  const closeSettled = async ({ desired }: Standing, requests: readonly DiskRequest[]): Promise<void> => {
    for (const { request, reason } of settledRequests(desired, inventory, requests)) {
      const at = clock.now()
      await store.closeDiskRequest(request.id, at)
      const { machine, kind, who } = request
      await store.append([
        {
          at,
          kind: 'request-closed',
          machine,
          actor: settings.actor,
          message: reason.message,
          data: { request: request.id, kind, who, code: reason.code },
        },
      ])
    }
  }

  const forgetOutdated = (): void => {
    for (const [id, since] of outdated) {
      const observed = inventory.get(id)
      if (observed === undefined || observed.observedAt > since) outdated.delete(id)
    }
  }

  const rememberLooks = async ({ desired }: Standing): Promise<void> => {
    const looks: Remembered[] = []
    const done: MachineId[] = []
    for (const id of looked) {
      const machine = desired.machines.get(id)
      const observed = inventory.get(id)
      if (!machine || !observed) continue
      const { applied, clear } = afterLook(machine, observed, known.history.get(id))
      if (Object.keys(applied).length > 0 || clear.length > 0) looks.push({ machine: id, applied, clear })
      done.push(id)
    }
    if (looks.length > 0) {
      await store.remember(looks)
      await refresh()
    }
    for (const id of done) looked.delete(id)
  }

  const planOf = ({ target }: Standing, decided: ReadonlyMap<MachineId, Decision>): Plan => ({
    id: sum.id(target),
    target,
    at: clock.now(),
    decisions: decided,
    unmanaged: leftOver,
  })

  const take = ({ decisions: decided, queue }: Decided): void => {
    const now = clock.now()
    for (const [id, decision] of decided) {
      decisions.set(id, decision)
      changed.add(id)
      if (sum.put(id, decision)) unstored.set(id, decision)
      const until = 'until' in decision ? decision.until : undefined
      if (until === undefined) opening.remove(id)
      else opening.set(id, Math.max(until, now + leastPauseMs))
      if (decision.kind === 'act') claiming.add(id)
      else claiming.delete(id)
      if (decision.kind === 'held' && decision.by === 'image') waiting.add(id)
      else waiting.delete(id)
      queued.get(siteOf(id))?.delete(id)
    }
    // Behind those that were not asked: what kept these may not keep the others.
    for (const id of queue) queueOf(siteOf(id)).add(id)
  }

  const queueOf = (site: SiteId): Set<MachineId> => {
    const queue = queued.get(site) ?? new Set()
    queued.set(site, queue)
    return queue
  }

  /** Machines that are in no plan any more. */
  const drop = ({ desired }: Standing): boolean => {
    let dropped = false
    for (const id of decisions.keys()) {
      if (desired.machines.has(id)) continue
      dropped = true
      decisions.delete(id)
      changed.add(id)
      unstored.delete(id)
      sum.remove(id)
      opening.remove(id)
      claiming.delete(id)
      waiting.delete(id)
      queued.get(siteOf(id))?.delete(id)
    }
    return dropped
  }

  const storePlan = async (made: Plan): Promise<void> => {
    if (unstored.size === 0 && made.target === storedTarget) return
    await store.putDecisions(made, unstored)
    unstored.clear()
    storedTarget = made.target
  }

  /** Of an image that has come nobody is told. */
  const askForImages = ({ desired }: Standing): void => {
    if (awaited === undefined || waiting.size === 0) return
    const coming = awaited(desired)
    const come = [...onTheWay].filter((image) => !coming.has(image))
    if (come.length > 0) for (const id of waiting) marked.add(id)
    for (const image of come) onTheWay.delete(image)
  }

  const due = (now: Instant): boolean => marked.size > 0 || freed.size > 0 || (opening.next() ?? never) <= now

  const takeDue = (standing: Standing): Due => {
    const now = clock.now()
    for (let id = opening.take(now); id !== undefined; id = opening.take(now)) marked.add(id)
    const machines = new Set([...marked].filter((id) => standing.desired.machines.has(id)))
    const sites = new Set([...[...machines].map(siteOf), ...freed])
    for (const id of claiming) if (sites.has(siteOf(id))) machines.add(id)
    const queues = [...freed].map(queueOf)
    marked.clear()
    freed.clear()
    return { machines, queues }
  }

  /** What could not be decided, or not be stored, is still to be decided. */
  const again =
    (...all: readonly Iterable<MachineId>[]) =>
    (thrown: unknown): never => {
      for (const machines of [...all, claiming]) for (const id of machines) marked.add(id)
      throw thrown
    }

  const parkPlan = async (standing: Standing): Promise<Plan> => {
    durations = durationsOf(await store.durations())
    const decided = await decide(standing, standing.desired.machines.keys())
    leftOver = unmanaged({ desired: standing.desired, inventory, history: known.history })
    const isFirst = decisions.size === 0
    const dropped = drop(standing)
    take(decided)
    const made = planOf(standing, decided.decisions)
    await news.tell(made)
    if (isFirst || dropped) {
      await store.putPlan(made)
      unstored.clear()
      storedTarget = made.target
    } else await storePlan(made)
    onProgress?.({ kind: 'planned', plan: made })
    return made
  }

  const markedPlan = async (standing: Standing, { machines, queues }: Due): Promise<Plan> => {
    const decided = await decide(standing, machines, queues)
    take(decided)
    const made = planOf(standing, decided.decisions)
    await news.tell(made)
    await storePlan(made)
    onProgress?.({ kind: 'planned', plan: made })
    return made
  }

  return {
    decisions,
    inventory,
    changed: () => {
      const machines = changed
      changed = new Set()
      return machines
    },
    store: async (observed) => {
      if (observed.length === 0) return
      await store.putObserved(observed)
      for (const one of observed) {
        const { machine } = one
        looked.add(machine)
        if (isNews(one, inventory.get(machine), decisions.get(machine))) marked.add(machine)
      }
    },
    mark: (machine) => {
      marked.add(machine)
      freed.add(siteOf(machine))
    },
    outdate: (machine, since) => outdated.set(machine, since),
    park: async (standing) => {
      const before = [...marked]
      marked.clear()
      freed.clear()
      return parkPlan(standing).catch(again(before))
    },
    marked: async (standing) => {
      askForImages(standing)
      if (!due(clock.now())) return undefined
      // Before it is decided: what happens meanwhile marks them anew.
      const all = takeDue(standing)
      if (all.machines.size === 0 && all.queues.every((queue) => queue.size === 0)) return undefined
      return markedPlan(standing, all).catch(again(all.machines, ...all.queues))
    },
    nextAt: () => (due(clock.now()) ? clock.now() : (opening.next() ?? never)),
    dirty: due,
  }
}

/**
 * Whether a look may change what was decided: most of them find a machine as it was. What time changes by itself is decided again
 * in its time.
 */
const isNews = (seen: Observed, before: Observed | undefined, decision: Decision | undefined): boolean =>
  before === undefined || !standsByItself(decision) || !isSameLook(seen, before)

/** Of an older look, the same again; but what waits for a look must not wait for news. */
const standsByItself = (decision: Decision | undefined): boolean =>
  decision?.kind === 'converged' ||
  (decision?.kind === 'held' && !['fresh', 'in-flight', 'image'].includes(decision.by))
