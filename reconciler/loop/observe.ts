/** Looks at machines: those that are due, a bounded number at a time, and none of them ever in the way of the others. */
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { withoutOldSystem } from '../disk-record.ts'
import type { Instant, MachineId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { Reason } from '../model/reason.ts'
import { createDueQueue } from './due-queue.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { never } from './loop-parts.ts'
import type { Standing } from './target.ts'
import { createTaskPool } from './task-pool.ts'
import { withinLimit } from './time-limit.ts'

export type Observer = {
  /** Takes over who is to be looked at, and when, from the park and what the store has of it. */
  schedule(standing: Standing, inventory: ReadonlyMap<MachineId, Observed>): void
  /** At `at`, or earlier if it is due earlier already. */
  lookBy(machine: MachineId, at: Instant): void
  /** Something happened at this machine: without waiting for the next turn if there is room, else when it is due. */
  lookNow(machine: MachineId): void
  /** An action has ended at this machine just now: the same, though nobody knows yet that it is not worked on any more. */
  lookAfter(machine: MachineId): void
  /** The end of that instant is known now: looks at the machine, if no look has begun since. */
  lookSince(machine: MachineId, end: Instant): void
  lookAtAll(): void
  /** Starts looks that are due while there is room for them. `busy` machines are asked again later. */
  fill(standing: Standing, busy: Busy, signal: AbortSignal): void
  /** What was seen since, to be stored; it stays here until `stored` says that it was. */
  seen(): readonly Observed[]
  stored(observed: readonly Observed[]): void
  /** Whether nothing is being looked at, or due, or waiting to be stored. */
  idle(now: Instant): boolean
  nextAt(): Instant
  check(): void
  settled(): Promise<void>
}

type Busy = (machine: MachineId) => boolean

const nobody: Busy = () => false

/** When to ask again for a machine that is being worked on. */
const busyMs = 5_000

export const createObserver = (
  parts: LoopParts,
  settings: Settings,
  previous: (machine: MachineId) => Observed | undefined,
  ring: () => void,
): Observer => {
  const { clock, provider, onProgress } = parts
  const queue = createDueQueue()
  const pool = createTaskPool()
  const looking = new Set<MachineId>()
  /** Ends that are not known yet, and whether a look has begun since. */
  const ends = new Map<MachineId, { readonly at: Instant; readonly looked: boolean }>()
  const fresh = new Set<Observed>()
  /** As of the last turn. */
  let turn: { readonly standing: Standing; readonly busy: Busy; readonly signal: AbortSignal } | undefined

  const look = async (machine: DesiredMachine, site: DesiredSite, signal: AbortSignal): Promise<void> => {
    const startedAt = clock.now()
    const before = previous(machine.id)
    const without = (reason: Reason): Observed => ({
      machine: machine.id,
      observedAt: startedAt,
      observer: parts.owner,
      reach: 'silent',
      ...(before?.facts ? { facts: before.facts } : {}),
      ...(before?.disk ? { disk: before.disk } : {}),
      errors: [reason],
    })
    const observed = await withinLimit({
      clock,
      limitMs: settings.observeTimeoutMs,
      signal,
      work: (stop) => provider.observe(machine, site, before, stop),
      late: () => without(tooSlow(settings.observeTimeoutMs)),
      broken: (thrown) => without(broke(thrown)),
    })
    looking.delete(machine.id)
    // A look that was broken off because the process stops says nothing of the machine.
    if (signal.aborted) return
    const dated = asOf(withoutOldSystem(observed, before), startedAt)
    fresh.add(dated)
    const again = clock.now() + restOf(dated)
    queue.set(machine.id, Math.min(again, queue.at(machine.id) ?? never))
    onProgress?.({ kind: 'observed', observed: dated })
    ring()
  }

  const lookBy = (machine: MachineId, at: Instant): void => {
    queue.set(machine, Math.min(at, queue.at(machine) ?? never))
  }

  /** Until it is looked at again if nothing happens. */
  const restOf = ({ reach }: Observed): number =>
    reach === 'off' ? settings.observeOffEveryMs : settings.observeEveryMs

  const hasRoom = (): boolean => looking.size < settings.observeConcurrency

  /** If the machine is in the park. */
  const begin = (id: MachineId, { desired }: Standing, signal: AbortSignal): void => {
    const machine = desired.machines.get(id)
    const site = machine && desired.sites.get(machine.site)
    if (!machine || !site) return
    queue.remove(id)
    looking.add(id)
    const end = ends.get(id)
    // At the very instant of the end it counts for nothing: it may have begun before.
    if (end !== undefined && end.at !== clock.now()) ends.set(id, { ...end, looked: true })
    pool.start(() => look(machine, site, signal))
  }

  /** Whether a look at the machine began or begins now; `busy`: it may be worked on. */
  const beginNow = (id: MachineId, busy: Busy): boolean => {
    if (turn === undefined || turn.signal.aborted || !hasRoom() || looking.has(id) || busy(id)) return false
    begin(id, turn.standing, turn.signal)
    return true
  }

  return {
    schedule: (standing, inventory) => {
      const { machines } = standing.desired
      for (const id of [...queue.machines()]) if (!machines.has(id)) queue.remove(id)
      for (const id of machines.keys()) {
        if (looking.has(id)) continue
        const seen = inventory.get(id)
        // Seen in the future: our clock was set back.
        const isKnown = seen !== undefined && seen.observedAt <= clock.now()
        const due = isKnown ? seen.observedAt + restOf(seen) : clock.now()
        if ((queue.at(id) ?? never) > due) queue.set(id, due)
      }
    },
    lookBy,
    lookNow: (id) => {
      if (!beginNow(id, turn?.busy ?? nobody)) lookBy(id, clock.now())
    },
    lookAfter: (id) => {
      ends.set(id, { at: clock.now(), looked: false })
      clock.after(1, () => beginNow(id, nobody))
    },
    lookSince: (id, at) => {
      const end = ends.get(id)
      ends.delete(id)
      if (end?.at !== at || !end.looked) lookBy(id, at + 1)
    },
    lookAtAll: () => {
      for (const id of [...queue.machines()]) lookBy(id, clock.now())
    },
    fill: (standing, busy, signal) => {
      turn = { standing, busy, signal }
      const now = clock.now()
      while (hasRoom() && !signal.aborted) {
        const id = queue.take(now)
        if (id === undefined) return
        if (busy(id) || looking.has(id)) queue.set(id, now + busyMs)
        else begin(id, standing, signal)
      }
    },
    seen: () => [...fresh],
    stored: (observed) => {
      for (const one of observed) fresh.delete(one)
    },
    idle: (now) => looking.size === 0 && fresh.size === 0 && (queue.next() ?? never) > now,
    nextAt: () => (hasRoom() ? (queue.next() ?? never) : never),
    check: pool.check,
    settled: pool.idle,
  }
}

/** A look counts from its beginning: what ended on the machine meanwhile it may have seen or not. */
const asOf = (observed: Observed, startedAt: Instant): Observed => {
  const { facts } = observed
  const observedAt = Math.min(observed.observedAt, startedAt)
  if (!facts || facts.at <= startedAt) return { ...observed, observedAt }
  return { ...observed, observedAt, facts: { ...facts, at: startedAt } }
}

const tooSlow = (limitMs: number): Reason => ({
  code: 'observe-timeout',
  message: say(
    `The machine did not finish answering within ${Math.round(limitMs / 1000)} s; it is looked at again later.`,
    `Le poste n’a pas fini de répondre en ${Math.round(limitMs / 1000)}\u00a0s\u00a0; il sera examiné à nouveau plus tard.`,
  ),
})

const broke = (thrown: unknown): Reason => ({
  code: 'observer-broke',
  message: say(
    'Looking at the machine failed through an error of the program itself: please report it with the detail below.',
    'L’examen du poste a échoué à cause d’une erreur du programme lui-même\u00a0: merci de la signaler avec le détail ci-dessous.',
  ),
  detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
})
