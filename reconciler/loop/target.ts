/** Which revision the machines may have: reads the source, admits what it offers, and moves the target in the store. */
import type { Desired, DesiredMachine } from '../../specs/desired.ts'
import type { Diagnostic } from '../../specs/diagnostic.ts'
import { deserialize, serialize } from '../../specs/serialize.ts'
import { say } from '../../specs/text.ts'
import { type Admission, admit, removedMachines } from '../admit.ts'
import type { MachineId, Revision, SiteId } from '../model/ids.ts'
import type { Target } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import type { Compiled } from '../ports.ts'
import type { NewEvent } from '../store/store.ts'
import type { LoopParts, Settings } from './loop-parts.ts'

/** The target with what it points at, and its machines by site. */
export type Standing = {
  readonly target: Target
  readonly desired: Desired
  readonly sites: ReadonlyMap<SiteId, ReadonlyMap<MachineId, DesiredMachine>>
}

export type Targeting = {
  readonly standing: () => Standing | undefined
  /** Takes over the store's target; true if it is another one than before. */
  load(): Promise<boolean>
  /** Reads the source and, if its revision is admitted, makes it the target; true if the target moved. */
  offer(): Promise<boolean>
}

/** How many diagnostics of a broken revision the audit log keeps. */
const toldDiagnostics = 10

/** How far back the log is searched for whether a refusal was told before a restart. */
const searchedEvents = 500

export const createTargeting = (
  parts: Pick<LoopParts, 'store' | 'source' | 'clock' | 'onProgress'>,
  settings: Pick<Settings, 'actor' | 'approve'>,
): Targeting => {
  const { store, source, clock, onProgress } = parts
  let standing: Standing | undefined
  let compiled: Desired | undefined
  /** The last revision that this loop has offered: a source that stands still does not argue with another loop's. */
  let offered: Revision | undefined
  /** What was told last of the source's revisions. */
  let told: string | undefined

  const take = (target: Target, desired: Desired): void => {
    const sites = standing?.desired === desired ? standing.sites : bySite(desired)
    standing = { target, desired, sites }
    onProgress?.({ kind: 'target', target, machines: desired.machines.size })
  }

  const desiredOf = async (target: Target): Promise<Desired> => {
    if (standing?.desired.digest === target.desired) return standing.desired
    if (compiled?.digest === target.desired) return compiled
    const kept = await store.getRevision(target.desired)
    if (!kept) throw new Error(`the store has no contents for its target, revision ${target.revision}`)
    return deserialize(kept.bytes)
  }

  const load = async (): Promise<boolean> => {
    const target = await store.target()
    if (!target || (standing && isSame(standing.target, target))) return false
    take(target, await desiredOf(target))
    return true
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

  const move = async (from: Compiled, desired: Desired): Promise<'moved' | 'beaten' | 'same'> => {
    const now = clock.now()
    const present = standing
    if (present?.target.revision === from.revision && present.desired.digest === desired.digest) return 'same'
    const next: Target = {
      fence: {
        epoch: present?.target.fence.epoch ?? 1,
        generation: (present?.target.fence.generation ?? 0) + 1,
      },
      parent: present?.target.fence ?? null,
      revision: from.revision,
      desired: desired.digest,
      at: now,
    }
    await store.putRevision(from.revision, desired.digest, serialize(desired), now)
    if (!(await store.advanceTarget(next, moveEvents(present, next, from, desired, settings.actor)))) {
      await load()
      return 'beaten'
    }
    told = `target-moved ${from.revision}`
    take(next, desired)
    return 'moved'
  }

  return {
    standing: () => standing,
    load,
    offer: async () => {
      const from = await source.read()
      if (from.revision === offered) return false
      const admission = admit(standing?.desired, from, settings.approve.includes(from.revision))
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
        return move(from, from.desired)
      }
      case 'refused':
        await tell('revision-refused', from, admission.reason)
        return 'same'
      case 'held':
        await tell('revision-held', from, admission.reason)
        return 'same'
    }
  }
}

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

const moveEvents = (
  present: Standing | undefined,
  next: Target,
  from: Compiled,
  desired: Desired,
  actor: string,
): readonly NewEvent[] => {
  const removed = present ? removedMachines(present.desired, desired) : []
  const subject = from.subject === undefined ? '' : `: ${from.subject}`
  const moved: NewEvent = {
    at: next.at,
    kind: 'target-moved',
    revision: next.revision,
    actor: from.author ?? actor,
    message: say(
      `The park follows revision ${short(next.revision)} now${subject}`,
      `Le parc suit désormais la révision ${short(next.revision)}${subject === '' ? '' : `\u00a0${subject}`}`,
    ),
    data: { fence: next.fence, machines: desired.machines.size, removed: removed.length },
  }
  return [
    moved,
    ...removed.map(
      (machine): NewEvent => ({
        at: next.at,
        kind: 'unmanaged',
        machine,
        revision: next.revision,
        actor: from.author ?? actor,
        message: say(
          `${machine} is no longer in the specs: it is left as it is.`,
          `${machine} ne figure plus dans les spécifications\u00a0: le poste est laissé en l’état.`,
        ),
      }),
    ),
  ]
}

/** As Git abbreviates; a folder's revision keeps its prefix. */
const short = (revision: Revision): string =>
  revision.startsWith('folder:')
    ? revision.replace(/^(folder:(?:sha256:)?.{10}).*$/, '$1')
    : revision.slice(0, 10)
