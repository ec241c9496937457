/** Keeps the plan up to date: for the whole park at each full pass, else only for the sites where something happened. */
import type { Desired } from '../../specs/desired.ts'
import { afterLook } from '../applied.ts'
import { describeDecision } from '../describe.ts'
import { settledRequests } from '../disk-request.ts'
import type { Durations } from '../model/duration.ts'
import type { Instant, MachineId, PlanId, SiteId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { Decision, DiskRequest, Plan, PlanInput } from '../model/plan.ts'
import { durationsOf } from '../pace.ts'
import { plan } from '../plan.ts'
import type { NewEvent, Remembered } from '../store/store.ts'
import { createKnown, type KnownSite, siteOf } from './known.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { never } from './loop-parts.ts'
import type { Standing } from './target.ts'

export type Planning = {
  /** What was decided last for each machine. */
  readonly decisions: ReadonlyMap<MachineId, Decision>
  /** What was seen last of each machine. */
  readonly inventory: ReadonlyMap<MachineId, Observed>
  /** Stores what was seen, and marks its sites. */
  store(observed: readonly Observed[]): Promise<void>
  /** Something happened at this machine's site: decide there again. */
  mark(machine: MachineId): void
  /** What is known of this machine decides nothing until it was looked at after `since`: its action has ended. */
  outdate(machine: MachineId, since: Instant): void
  park(standing: Standing): Promise<Plan>
  /** Of the marked sites and of those where a gate opens by itself. */
  sites(standing: Standing): Promise<readonly Plan[]>
  /** When a site must be decided on again although nothing happens. */
  nextAt(): Instant
  dirty(now: Instant): boolean
}

/** A gate's time may lie far ahead or just behind: not more often than this for one site. */
const leastPauseMs = 1_000

export const createPlanning = (parts: LoopParts, settings: Settings): Planning => {
  const { store, clock, onProgress, images, awaited } = parts
  const decisions = new Map<MachineId, Decision>()
  const known = createKnown(store)
  const { inventory } = known
  const marked = new Set<SiteId>()
  const opensAt = new Map<SiteId, Instant>()
  /** Looked at since the last plan of its site. */
  const looked = new Set<MachineId>()
  const outdated = new Map<MachineId, Instant>()
  /** As of the last full pass: single actions hardly change them. */
  let durations: Durations = new Map()
  /** The plan that the store has: of the park under the empty name. */
  const storedIds = new Map<SiteId | '', PlanId>()
  let told: Map<MachineId, string> | undefined

  const decide = async (standing: Standing, site?: SiteId): Promise<Plan> => {
    const machines = site === undefined ? standing.desired.machines : standing.sites.get(site)
    const desired: Desired = { ...standing.desired, machines: machines ?? new Map() }
    const pauses = await store.pauses(clock.now())
    const requests = await store.diskRequests()
    if (site === undefined) durations = durationsOf(await store.durations())
    await known.refresh()
    const here: KnownSite = site === undefined ? known : known.site(site)
    await rememberLooks(desired, here)
    const decided = plan({
      desired,
      target: standing.target,
      ...(standing.steering === undefined ? {} : { steering: standing.steering }),
      inventory: withoutOutdated(here.inventory),
      history: here.history,
      pauses,
      requests,
      durations,
      ...(images === undefined ? {} : { images: images() }),
      ...(awaited === undefined ? {} : { awaited: awaited(desired) }),
      freshMs: settings.freshMs,
      now: clock.now(),
    } satisfies PlanInput)
    await keep(decided, site)
    const asked = requests.filter(({ machine }) => site === undefined || siteOf(machine) === site)
    await closeSettled(standing.desired, asked)
    return decided
  }

  /** What somebody asked for and no action will ever do must not stay open for ever. */
  const closeSettled = async (desired: Desired, requests: readonly DiskRequest[]): Promise<void> => {
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

  const withoutOutdated = (seen: ReadonlyMap<MachineId, Observed>): ReadonlyMap<MachineId, Observed> => {
    if (outdated.size === 0) return seen
    const usable = new Map(seen)
    for (const [id, since] of outdated) {
      const observed = seen.get(id)
      if (!observed) continue
      if (observed.observedAt > since) outdated.delete(id)
      else usable.delete(id)
    }
    return usable
  }

  const rememberLooks = async (desired: Desired, here: KnownSite): Promise<void> => {
    const looks: Remembered[] = []
    const done: MachineId[] = []
    for (const id of looked) {
      const machine = desired.machines.get(id)
      const observed = here.inventory.get(id)
      if (!machine || !observed) continue
      const { applied, clear } = afterLook(machine, observed, here.history.get(id))
      if (Object.keys(applied).length > 0 || clear.length > 0) looks.push({ machine: id, applied, clear })
      done.push(id)
    }
    if (looks.length > 0) await store.remember(looks)
    for (const id of done) looked.delete(id)
  }

  const keep = async (decided: Plan, site: SiteId | undefined): Promise<void> => {
    told ??= await toldBefore()
    const { events, signatures } = newsOf(decided, told, settings.actor)
    if (events.length > 0) await store.append(events)
    for (const [id, signature] of signatures) told.set(id, signature)
    if (storedIds.get(site ?? '') !== decided.id) await store.putPlan(decided, site)
    if (site === undefined) {
      storedIds.clear()
      decisions.clear()
      opensAt.clear()
    }
    storedIds.set(site ?? '', decided.id)
    take(decided, site)
    onProgress?.({ kind: 'planned', plan: decided, ...(site === undefined ? {} : { site }) })
  }

  const toldBefore = async (): Promise<Map<MachineId, string>> => {
    const before = await store.latestPlan()
    const signatures = new Map<MachineId, string>()
    for (const [id, decision] of before?.decisions ?? []) {
      const signature = signatureOf(decision)
      if (signature !== undefined) signatures.set(id, signature)
    }
    return signatures
  }

  const take = (decided: Plan, site: SiteId | undefined): void => {
    if (site !== undefined) opensAt.delete(site)
    for (const [id, decision] of decided.decisions) {
      decisions.set(id, decision)
      const until = 'until' in decision ? decision.until : undefined
      if (until === undefined) continue
      const siteId = siteOf(id)
      const at = Math.max(until, decided.at + leastPauseMs)
      opensAt.set(siteId, Math.min(at, opensAt.get(siteId) ?? never))
    }
  }

  const due = (now: Instant): readonly SiteId[] => [
    ...marked,
    ...[...opensAt].flatMap(([site, at]) => (at <= now && !marked.has(site) ? [site] : [])),
  ]

  /** What could not be decided is still to be decided. */
  const again =
    (sites: readonly SiteId[]) =>
    (thrown: unknown): never => {
      for (const site of sites) marked.add(site)
      throw thrown
    }

  return {
    decisions,
    inventory,
    store: async (observed) => {
      if (observed.length === 0) return
      await store.putObserved(observed)
      for (const one of observed) {
        looked.add(one.machine)
        marked.add(siteOf(one.machine))
      }
    },
    mark: (machine) => marked.add(siteOf(machine)),
    outdate: (machine, since) => outdated.set(machine, since),
    park: async (standing) => {
      const before = [...marked]
      marked.clear()
      return decide(standing).catch(again(before))
    },
    sites: async (standing) => {
      const plans: Plan[] = []
      for (const site of due(clock.now())) {
        // Before it is decided: what happens meanwhile marks it anew.
        marked.delete(site)
        if (standing.sites.has(site)) plans.push(await decide(standing, site).catch(again([site])))
        else opensAt.delete(site)
      }
      return plans
    },
    nextAt: () => (marked.size > 0 ? clock.now() : Math.min(never, ...opensAt.values())),
    dirty: (now) => due(now).length > 0,
  }
}

/** What an entry of the log would say; undefined for what passes by itself in a moment. */
const signatureOf = (decision: Decision): string | undefined => {
  switch (decision.kind) {
    case 'converged':
      return 'converged'
    case 'act':
      return 'act'
    case 'held':
      return ['in-flight', 'fresh', 'capacity'].includes(decision.by)
        ? undefined
        : `held ${decision.by} ${decision.reason.code}`
    case 'unknown':
    case 'stalled':
      return `${decision.kind} ${decision.reason.code}`
  }
}

const newsOf = (
  decided: Plan,
  told: ReadonlyMap<MachineId, string>,
  actor: string,
): { readonly events: readonly NewEvent[]; readonly signatures: ReadonlyMap<MachineId, string> } => {
  const events: NewEvent[] = []
  const signatures = new Map<MachineId, string>()
  for (const [machine, decision] of decided.decisions) {
    const signature = signatureOf(decision)
    if (signature === undefined || told.get(machine) === signature) continue
    signatures.set(machine, signature)
    const reason = 'reason' in decision ? decision.reason : undefined
    events.push({
      at: decided.at,
      kind: 'decided',
      machine,
      revision: decided.target.revision,
      actor,
      message: reason?.message ?? describeDecision(decision),
      data: {
        decision: decision.kind,
        ...(decision.kind === 'held' ? { by: decision.by } : {}),
        ...(reason ? { code: reason.code, detail: reason.detail } : {}),
      },
    })
  }
  return { events, signatures }
}
