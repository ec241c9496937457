/** Which revision the machines may have: reads the source, admits what it offers, and moves the target in the store. */
import { composite } from '../../specs/composite.ts'
import type { Desired, DesiredMachine } from '../../specs/desired.ts'
import type { Diagnostic } from '../../specs/diagnostic.ts'
import { deserialize, serialize } from '../../specs/serialize.ts'
import { type Admission, admit } from '../admit.ts'
import type { Digest, MachineId, Revision, SiteId } from '../model/ids.ts'
import type { Fence, Target } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import type { Rollout, Steering } from '../model/rollout.ts'
import type { Compiled } from '../ports.ts'
import { isAdmitted, isOpen, isShownNowhere } from '../rollout.ts'
import { wasGivenUp } from '../rollout-reasons.ts'
import type { NewEvent, RolloutMove } from '../store/store.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { begun } from './rollout-begin.ts'
import { type Named, readNamed, readSteering } from './steering.ts'
import { moveEvents } from './target-events.ts'

/** The target with what it points at, and its machines by site. */
export type Standing = {
  readonly target: Target
  readonly desired: Desired
  readonly sites: ReadonlyMap<SiteId, ReadonlyMap<MachineId, DesiredMachine>>
  /** The rollout that is under way. */
  readonly steering?: Steering
}

export type Targeting = {
  readonly standing: () => Standing | undefined
  /** Takes over the store's target; true if it is another one than before. */
  load(): Promise<boolean>
  /** Reads the source and, if its revision is admitted, makes it the target; true if the target moved. */
  offer(): Promise<boolean>
  /** Who made the admitted revision that waits for the rollout under way to be ended. */
  candidate(): string | undefined
  /** Moves to a new target of this rollout, or of the one that takes it back; false: somebody was faster. */
  follow(steering: Steering, served: RolloutMove['served'], events: readonly NewEvent[]): Promise<boolean>
  /** Takes over what was only noted. */
  note(steering: Steering): void
  /** What a digest in the store stands for. */
  contents(digest: Digest, revision: Revision): Promise<Desired>
}

/** How many diagnostics of a broken revision the audit log keeps. */
const toldDiagnostics = 10

/** How far back the log is searched for whether a refusal was told before a restart. */
const searchedEvents = 500

/** How far back a revision is known that was aborted or taken back. */
const searchedRollouts = 50

export const createTargeting = (
  parts: Pick<LoopParts, 'store' | 'source' | 'clock' | 'onProgress'>,
  settings: Pick<Settings, 'actor' | 'approve'>,
): Targeting => {
  const { store, source, clock, onProgress } = parts
  let standing: Standing | undefined
  let compiled: Desired | undefined
  let candidate: (Compiled & { readonly desired: Desired }) | undefined
  /** The last revision that this loop has offered: a source that stands still does not argue with another loop's. */
  let offered: Revision | undefined
  /** What was told last of the source's revisions. */
  let told: string | undefined

  const take = (target: Target, desired: Desired, steering: Steering | undefined): void => {
    const sites = standing?.desired === desired ? standing.sites : bySite(desired)
    const isNews = standing === undefined || !isSame(standing.target, target)
    standing = { target, desired, sites, ...(steering === undefined ? {} : { steering }) }
    if (isNews) onProgress?.({ kind: 'target', target, machines: desired.machines.size })
  }

  const contents = async (digest: Digest, revision: Revision): Promise<Desired> => {
    const known = [standing?.desired, standing?.steering?.next, standing?.steering?.base, compiled]
    const held = known.find((one) => one?.digest === digest)
    if (held !== undefined) return held
    const kept = await store.getRevision(digest)
    if (!kept) throw new Error(`the store has no contents for its target, revision ${revision}`)
    return deserialize(kept.bytes)
  }

  const load = async (): Promise<boolean> => {
    const target = await store.target()
    if (!target || (standing && isSame(standing.target, target))) return false
    const desired = await contents(target.desired, target.revision)
    const [rollout] = await store.rollouts(1)
    const steering = rollout && isOpen(rollout) ? await readSteering(rollout, contents) : undefined
    take(target, desired, steering)
    lookAtCandidateAgain()
    return true
  }

  const named = (of: Rollout['base']): Promise<Named | undefined> => readNamed(of, contents)

  /** What came to its end last: what is now, unless the last rollout was ended before, or came there without a single try. */
  const provenState = async (): Promise<Named | undefined> => {
    const [last] = await store.rollouts(1)
    const isProven = last === undefined || (last.phase.kind === 'done' && !isShownNowhere(last))
    return isProven ? newest() : named(last.proven)
  }

  /** Another process may have taken it up, or ended what it waits for. */
  const lookAtCandidateAgain = (): void => {
    if (candidate === undefined) return
    if (newest()?.revision === candidate.revision) candidate = undefined
    else if (standing?.steering === undefined) offered = undefined
  }

  /** Once for each revision and verdict, also over a restart. */
  const tell = async (kind: 'revision-refused' | 'revision-held', from: Compiled, reason: Reason) => {
    told ??= await toldLast()
    if (told === `${kind} ${from.revision}`) return
    await store.append([
      {
        at: clock.now(),
        kind,
        revision: from.revision,
        actor: from.author ?? settings.actor,
        message: reason.message,
        data: { code: reason.code, detail: reason.detail, diagnostics: firstErrors(from.diagnostics) },
      },
    ])
    told = `${kind} ${from.revision}`
    onProgress?.({ kind, revision: from.revision, reason })
  }

  const toldLast = async (): Promise<string> => {
    const last = (await store.events({ limit: searchedEvents })).findLast((event) =>
      ['revision-refused', 'revision-held', 'target-moved'].includes(event.kind),
    )
    return last ? `${last.kind} ${last.revision}` : ''
  }

  /** The newest revision that was admitted: the rollout under way leads to it. */
  const newest = (): Named | undefined =>
    standing && {
      revision: standing.steering?.rollout.revision ?? standing.target.revision,
      desired: standing.steering?.next ?? standing.desired,
    }

  const move = async (
    from: Compiled & { readonly desired: Desired },
  ): Promise<'moved' | 'beaten' | 'same'> => {
    const { desired, revision } = from
    const last = newest()
    if (last?.revision === revision && last.desired.digest === desired.digest) {
      candidate = undefined
      return 'same'
    }
    if (standing?.steering !== undefined) {
      candidate = from
      return 'same'
    }
    const present = newest()
    const proven = await provenState()
    const at = clock.now()
    const fence = nextFence(standing?.target)
    const start = begun({ from, present, proven, fence, at, actor: settings.actor })
    const moved = await moveTo(
      start.steering,
      fence,
      at,
      [],
      [
        ...moveEvents(present?.desired, { fence, revision, at }, from, desired, settings.actor),
        ...start.events,
      ],
    )
    if (!moved) return 'beaten'
    told = `target-moved ${revision}`
    candidate = undefined
    return 'moved'
  }

  /** Stores what the new target points at first: whoever reads the target finds it. */
  const moveTo = async (
    steering: Steering,
    fence: Fence,
    at: number,
    served: RolloutMove['served'],
    events: readonly NewEvent[],
    others: readonly Rollout[] = [],
  ): Promise<boolean> => {
    const { rollout, base, next } = steering
    const desired = composite(base, next, (machine) => isAdmitted(steering, machine))
    const target: Target = {
      fence,
      parent: standing?.target.fence ?? null,
      revision: rollout.revision,
      desired: desired.digest,
      at,
    }
    await store.putRevision(rollout.revision, next.digest, serialize(next), at)
    if (desired !== next) await store.putRevision(rollout.revision, desired.digest, serialize(desired), at)
    const moved = await store.advanceTarget(target, events, { rollouts: [...others, rollout], served })
    if (!moved) {
      await load()
      return false
    }
    take(target, desired, isOpen(rollout) ? steering : undefined)
    return true
  }

  return {
    standing: () => standing,
    load,
    contents,
    candidate: () => candidate && (candidate.author ?? settings.actor),
    note: (steering) => {
      if (standing === undefined) return
      const { target, desired, sites } = standing
      standing = { target, desired, sites, ...(isOpen(steering.rollout) ? { steering } : {}) }
    },
    follow: async (steering, served, events) => {
      const at = clock.now()
      const fence = nextFence(standing?.target)
      const { rollout, base } = steering
      if (rollout.phase.kind !== 'rolled-back' || rollout.base === null || base === undefined) {
        const moved = await moveTo(steering, fence, at, served, events)
        if (moved && candidate !== undefined && !isOpen(rollout)) offered = undefined
        return moved
      }
      // Whoever it was begun on has what is new: that is where the way back starts.
      const present = composite(base, steering.next, (machine) => isAdmitted(steering, machine))
      await store.putRevision(rollout.revision, present.digest, serialize(present), at)
      const from = { revision: rollout.base.revision, desired: base, diagnostics: [] }
      const back = begun({
        from,
        present: { revision: rollout.revision, desired: present },
        proven: await named(rollout.proven),
        fence,
        at,
        actor: settings.actor,
        isRollback: true,
      })
      return moveTo(back.steering, fence, at, served, [...events, ...back.events], [rollout])
    },
    offer: async () => {
      const from = await source.read()
      // What waited for the end of a rollout is offered anew, however that ended: nobody else would.
      const isFree = candidate !== undefined && standing?.steering === undefined
      if (from.revision === offered && !isFree) return false
      candidate = undefined
      const given = await givenUp(from.revision)
      if (given !== undefined) {
        await tell('revision-refused', from, given)
        offered = from.revision
        return false
      }
      const admission = admit(newest()?.desired, from, settings.approve.includes(from.revision))
      const followed = await follow(admission, from)
      // Only now: a store that failed before must be given it again, and who was beaten offers it against the new target.
      offered = followed === 'beaten' ? undefined : from.revision
      return followed === 'moved'
    },
  }

  async function follow(admission: Admission, from: Compiled): Promise<'moved' | 'beaten' | 'same'> {
    switch (admission.kind) {
      case 'admitted': {
        if (!from.desired) throw new Error('a revision without contents was admitted')
        compiled = from.desired
        return move({ ...from, desired: from.desired })
      }
      case 'refused':
        await tell('revision-refused', from, admission.reason)
        return 'same'
      case 'held':
        await tell('revision-held', from, admission.reason)
        return 'same'
    }
  }

  /** What a person ended, or what ended itself, does not begin again by itself. */
  async function givenUp(revision: Revision): Promise<Reason | undefined> {
    const last = (await store.rollouts(searchedRollouts)).find(
      (rollout) => rollout.revision === revision && !rollout.isRollback,
    )
    const kind = last?.phase.kind
    return kind === 'aborted' || kind === 'rolled-back' ? wasGivenUp : undefined
  }
}

const nextFence = (present: Target | undefined): Fence => ({
  epoch: present?.fence.epoch ?? 1,
  generation: (present?.fence.generation ?? 0) + 1,
})

const isSame = (a: Target, b: Target): boolean =>
  a.fence.epoch === b.fence.epoch && a.fence.generation === b.fence.generation && a.desired === b.desired

const bySite = (desired: Desired): Standing['sites'] => {
  const sites = new Map<SiteId, Map<MachineId, DesiredMachine>>()
  for (const site of desired.sites.keys()) sites.set(site, new Map())
  for (const machine of desired.machines.values()) sites.get(machine.site)?.set(machine.id, machine)
  return sites
}

const firstErrors = (diagnostics: readonly Diagnostic[]) =>
  diagnostics
    .filter((one) => one.severity === 'error')
    .slice(0, toldDiagnostics)
    .map(({ file, line, column, code, message }) => ({ file, line, column, code, message }))
