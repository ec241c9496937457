/**
 * Plays a park's nights: the real loop, planner, rollouts and store, on a virtual clock, over simulated PCs, lines and people. One
 * seed draws everything; the same seed gives the same run, byte for byte.
 */
import { createHash } from 'node:crypto'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import { differences } from '../../providers/simulated/difference.ts'
import type { KnownSize } from '../../providers/simulated/image-sizes.ts'
import type { Drawn } from '../../providers/simulated/mischief.ts'
import type { Misfortune } from '../../providers/simulated/misfortune.ts'
import type { SimulatedPc } from '../../providers/simulated/pc.ts'
import { between, createRandom } from '../../providers/simulated/random.ts'
import { createRegion } from '../../providers/simulated/region.ts'
import type { Happened } from '../../providers/simulated/witness.ts'
import type { LoopConfig } from '../../reconciler/loop/loop-parts.ts'
import type { LoopProgress } from '../../reconciler/loop/progress.ts'
import type { Instant, MachineId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { KnownImage, Plan, Target } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Rollout } from '../../reconciler/model/rollout.ts'
import type { RolloutTally } from '../../reconciler/rollout-tally.ts'
import { changesContent } from '../../specs/composite.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Revision } from '../../specs/ids.ts'
import { serialize } from '../../specs/serialize.ts'
import { say } from '../../specs/text.ts'
import { createCommits } from './commits.ts'
import { openHub } from './hub.ts'
import type { Milestone } from './milestones.ts'
import { createNightBook, type Night, type Sample } from './nights.ts'
import { paceOfLoop } from './pace-of-loop.ts'
import type { Saved } from './scratch-store.ts'
import { createTechnician } from './technician.ts'
import { watchBudget } from './watch/budget.ts'
import { checkKept } from './watch/kept.ts'
import { watchOnce } from './watch/once.ts'
import { watchPassing } from './watch/passing.ts'
import { watchPauses } from './watch/pauses.ts'
import { createTrueProgress } from './watch/progress.ts'
import type { Report, Violation, Watch } from './watch/rule.ts'
import { watchStarts } from './watch/starts.ts'

export type Named = { readonly revision: Revision; readonly desired: Desired }

export type SimulationParts = {
  readonly seed: number
  readonly days: number
  readonly start: Instant
  readonly faults: readonly Misfortune[]
  /** As the park stands; undefined: PCs of which nobody has taken care yet. */
  readonly base: Named | undefined
  /** What is committed an hour after the start. */
  readonly next: Named
  readonly knownImages?: ReadonlyMap<string, KnownSize>
  /** After the days, without faults, until all is as wanted; at most so many days. 0: it ends with the days. */
  readonly calmDays: number
  /** How the loop works where it should not be as usual for the park's size. */
  readonly pace?: Partial<LoopConfig>
  readonly told?: (happening: 'day' | 'calm', now: Instant) => void
}

export type Simulation = {
  readonly parts: Pick<SimulationParts, 'seed' | 'days' | 'start' | 'faults'>
  readonly next: Named
  readonly machines: number
  readonly nights: readonly Night[]
  readonly milestones: readonly Milestone[]
  readonly samples: readonly Sample[]
  readonly rollouts: readonly Rollout[]
  readonly tally: RolloutTally | undefined
  readonly plan: Plan | undefined
  /** Of the PCs themselves: how many are as the last commit wants. */
  readonly asWanted: number
  readonly drawn: readonly Drawn[]
  readonly violations: readonly Violation[]
  /** Without faults, how long it took until all was as wanted; undefined: it was not asked, or it did not. */
  readonly convergedAfterMs: number | undefined
  readonly endedAt: Instant
  readonly log: { readonly events: number; readonly sha256: string }
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** The same fault again and again says nothing more. */
const violationsKept = 50

export const simulate = async (parts: SimulationParts): Promise<Simulation> => {
  const run = await prepare(parts)
  await run.play()
  return run.result()
}

const prepare = async (parts: SimulationParts) => {
  const { seed, days, start, base, next } = parts
  const clock = createVirtualClock(start)
  const random = createRandom(Math.imul(seed, 0x85ebca6b) ^ 0x5bd1e995)
  const kinds = new Set(parts.faults)
  const config = { ...paceOfLoop(next.desired.machines.size), ...parts.pace }
  const violations: Violation[] = []
  const report: Report = (rule, machine, detail) => {
    if (violations.length < violationsKept)
      violations.push({ rule, at: clock.now(), ...(machine === undefined ? {} : { machine }), detail })
  }
  const watches: Watch[] = []
  let book: ReturnType<typeof createNightBook> | undefined
  let latest: { readonly rollout: Rollout; readonly tally: RolloutTally } | undefined
  let look: (machine: MachineId) => void = () => undefined

  const saw = (happened: Happened): void => {
    progress.saw(happened)
    book?.saw(happened)
    for (const watch of watches) watch.saw?.(happened)
  }
  const told = (happening: LoopProgress): void => {
    if (happening.kind === 'rollout') {
      latest = happening
      book?.stood(happening.rollout, happening.tally, clock.now())
    }
    progress.told(happening)
    for (const watch of watches) watch.told?.(happening)
  }

  const region = createRegion({
    clock,
    seed,
    days,
    kinds,
    base: base?.desired,
    next: next.desired,
    ...(parts.knownImages === undefined ? {} : { knownImages: parts.knownImages }),
    witness: saw,
    onStart: (machine) => look(machine),
  })
  const progress = createTrueProgress(region.pcs, clock.now)
  book = createNightBook(start, region.lines)

  /** The revisions that may be in force: around a commit it takes a pass until the newer one is. */
  const commits = createCommits()
  let committed: { readonly named: Named; readonly at: Instant }[] = []
  const takesOverMs = 2 * (config.requestsEveryMs ?? config.passEveryMs) + 10 * 60_000
  const desiredAt = (at: Instant): readonly Desired[] =>
    committed
      .filter((_, index) => {
        const successor = committed[index + 1]
        return successor === undefined || successor.at + takesOverMs > at
      })
      .map(({ named }) => named.desired)
  const wanted = (): Desired => committed.at(-1)?.named.desired ?? next.desired

  const pauses = watchPauses(wanted, report)
  const noticedWithinMs = 3 * (config.gatherMs ?? 0) + 3 * 60_000
  const budget = watchBudget(progress, noticedWithinMs, clock.now, report)
  watches.push(
    watchStarts(desiredAt, report),
    watchOnce(region.pcs, wanted, report),
    pauses,
    budget,
    watchPassing(progress, clock.now, report),
  )

  const hub = await openHub({
    clock,
    random,
    provider: region.provider,
    source: commits,
    config,
    images: () => knownImages,
    awaited: (desired) => awaitedImages(desired, region.isAwaited),
    hear: told,
    areOn: region.areOn,
  })
  const knownImages = new Map<string, KnownImage>(
    manifestsOf(next.desired).map((manifest) => [
      manifest,
      {
        usedBytes: region.sizes.usedBytes(manifest),
        storedBytes: region.sizes.travelBytes(null, manifest),
        deltaBytes: (from) => region.sizes.travelBytes(from, manifest),
      },
    ]),
  )
  look = hub.look
  const technician = createTechnician({
    clock,
    random: createRandom(seed ^ 0x3c6ef372),
    hub,
    desired: next.desired,
    pauses: kinds.has('killed'),
    tally: () => latest?.tally,
    paused: pauses.paused,
    resumed: pauses.resumed,
    ordered: (kind) => {
      if (kind === 'resume') progress.accept()
    },
  })

  const commit = (named: Named, author: string): void => {
    const before = base?.desired
    committed = [...committed, { named, at: clock.now() }]
    region.prefetch(named.desired)
    progress.begin(named.desired, (id) => {
      const machine = named.desired.machines.get(id)
      return machine !== undefined && budget.isOpen(id) && changesContent(before?.machines.get(id), machine)
    })
    budget.begin(before, named.desired)
    commits.push(named.revision, author, named.desired)
  }

  const scheduleDeaths = (): void => {
    if (!kinds.has('killed')) return
    const deaths = Math.max(1, Math.round(days * 1.5))
    for (let index = 0; index < deaths; index += 1) {
      const at = start + Math.round(random() * days * dayMs)
      const backAfterMs = Math.round(between(random, 0, 40 * 60_000))
      clock.at(at, hub.kill)
      clock.at(at + backAfterMs, hub.start)
    }
  }

  let saved: Saved | undefined
  let savedAt: Instant = start
  const backupAt =
    kinds.has('restored-hub') && days >= 2 ? start + Math.round(random() * (days - 1)) * dayMs : undefined

  /** Yesterday's backup takes the place of the store. */
  const backUp = async (): Promise<void> => {
    if (backupAt === undefined) return
    if (saved === undefined && clock.now() >= backupAt) {
      saved = await hub.save()
      savedAt = clock.now()
    } else if (saved !== undefined && clock.now() >= backupAt + dayMs && !isRestored) {
      isRestored = true
      hub.kill()
      await hub.restore(saved)
      // What was decided, seen and ordered since the backup nobody can know any more.
      pauses.forget(savedAt)
      progress.forget(savedAt)
      hub.start()
      technician.restored()
    }
  }
  let isRestored = false

  const hour = async (): Promise<void> => {
    await clock.pass(hourMs)
    hub.check()
    await backUp()
    await technician.visit()
    book?.sample(clock.now())
    const hours = Math.round((clock.now() - start) / hourMs)
    if (hours % 24 !== 0) return
    book?.turn(clock.now())
    parts.told?.('day', clock.now())
    if (hub.isAlive() && !kinds.has('killed')) await kept()
  }

  const kept = (): Promise<void> => {
    const rarest = Math.max(config.observeEveryMs, config.observeOffEveryMs ?? 0)
    return checkKept(hub.store(), clock.now(), rarest + 2 * config.observeEveryMs + hourMs, report)
  }

  let convergedAfterMs: number | undefined
  const calm = async (): Promise<void> => {
    if (parts.calmDays === 0) return
    region.mischief.calm()
    hub.start()
    await technician.mend()
    book?.calm(clock.now())
    parts.told?.('calm', clock.now())
    const since = clock.now()
    while (clock.now() < since + parts.calmDays * dayMs) {
      await hour()
      await offerAgain()
      if (isAsWanted() && (await isSettled())) {
        convergedAfterMs = clock.now() - since
        return kept()
      }
    }
    report('not-converged', undefined, `${unlike().slice(0, 5).join('; ')}`)
  }

  /** A revision that was taken back is not offered again: it takes another commit. */
  const offerAgain = async (): Promise<void> => {
    const [rollout] = await hub.store().rollouts(1)
    const isGivenUp =
      rollout !== undefined &&
      (rollout.isRollback || rollout.phase.kind === 'aborted' || rollout.phase.kind === 'rolled-back') &&
      rollout.phase.kind !== 'running'
    if (isGivenUp && commits.newest() === next.revision)
      commit({ ...next, revision: `${next.revision}-again` as Revision }, 'claire')
  }

  const unlike = (): readonly string[] =>
    [...next.desired.machines.values()].flatMap((machine) => {
      const pc = region.pcs.get(machine.id)
      const found = pc ? differences(pc, machine) : ['no PC']
      return found.length > 0 ? [`${machine.id}: ${found.join(', ')}`] : []
    })
  const isAsWanted = (): boolean => unlike().length === 0
  const isSettled = async (): Promise<boolean> => {
    const [rollout] = await hub.store().rollouts(1)
    return rollout?.phase.kind === 'done'
  }

  /** As it was left by a rollout that is over: all of it was seen, and is as wanted. */
  const standAt = async (named: Named): Promise<void> => {
    const { revision, desired } = named
    committed = [{ named, at: start }]
    commits.push(revision, 'claire', desired)
    const target: Target = {
      fence: { epoch: 1, generation: 1 },
      parent: null,
      revision,
      desired: desired.digest,
      at: start,
    }
    await hub.store().putRevision(revision, desired.digest, serialize(desired), start)
    await hub.store().advanceTarget(target)
    await hub.store().putObserved(seenBefore(desired, region.pcs, start))
  }

  const play = async (): Promise<void> => {
    if (base !== undefined) await standAt(base)
    hub.start()
    scheduleDeaths()
    clock.at(start + hourMs, () => commit(next, 'claire'))
    for (let index = 0; index < days * 24; index += 1) await hour()
    await calm()
    if ((clock.now() - start) % dayMs !== 0) book?.turn(clock.now())
    await hub.stop()
    hub.check()
  }

  const result = async (): Promise<Simulation> => {
    const store = hub.store()
    return {
      parts: { seed, days, start, faults: parts.faults },
      next,
      machines: next.desired.machines.size,
      nights: book?.nights ?? [],
      milestones: book?.milestones ?? [],
      samples: book?.samples ?? [],
      rollouts: await store.rollouts(20),
      tally: latest?.tally,
      plan: await store.latestPlan(),
      asWanted: next.desired.machines.size - unlike().length,
      drawn: region.mischief.drawn,
      violations,
      convergedAfterMs,
      endedAt: clock.now(),
      log: await logDigest(store),
    }
  }

  return { play, result }
}

const seenBefore = (
  desired: Desired,
  pcs: ReadonlyMap<MachineId, SimulatedPc>,
  at: Instant,
): readonly Observed[] =>
  [...desired.machines.values()].flatMap((machine): readonly Observed[] => {
    const pc = pcs.get(machine.id)
    if (pc === undefined) return []
    const seen = {
      machine: machine.id,
      observedAt: at,
      observer: 'before',
      reach: 'off',
      errors: [],
    } as const
    const disk = machine.profile.disk === undefined ? {} : { disk: pc.disk.observe(at, 'system') }
    return [{ ...seen, facts: pc.facts(machine), ...disk }]
  })

/** Asked with each plan, and the same as long as the revision is. */
const manifests = new WeakMap<Desired['machines'], readonly string[]>()

const manifestsOf = ({ machines }: Desired): readonly string[] => {
  const known = manifests.get(machines)
  if (known !== undefined) return known
  const found = new Set([...machines.values()].flatMap(({ profile }) => profile.disk?.manifest ?? []))
  manifests.set(machines, [...found])
  return [...found]
}

const awaitedImages = (
  desired: Desired,
  isAwaited: (manifest: string) => boolean,
): ReadonlyMap<string, Reason> =>
  new Map(
    manifestsOf(desired)
      .filter(isAwaited)
      .map((manifest) => [manifest, imageComing]),
  )

const imageComing: Reason = {
  code: 'image-coming',
  message: say(
    'The image is on its way to the lycées’ servers.',
    'L’image est en route vers les serveurs des lycées.',
  ),
}

/** All that the audit log says, in one digest: the same run, the same digest. */
const logDigest = async (store: {
  events(query: { after: number; limit: number }): Promise<readonly { readonly seq: number }[]>
}): Promise<Simulation['log']> => {
  const hash = createHash('sha256')
  let after = 0
  let events = 0
  for (;;) {
    const page = await store.events({ after, limit: 5_000 })
    hash.update(page.map((event) => `${JSON.stringify(event)}\n`).join(''))
    events += page.length
    const last = page.at(-1)
    if (last === undefined) return { events, sha256: hash.digest('hex') }
    after = last.seq
  }
}
