/** What a PC keeps of the actions that it was given, as a real one does in its state folder. */
import type { ActionId, Digest, Instant } from '../../reconciler/model/ids.ts'
import type { Outcome } from '../../reconciler/model/outcome.ts'
import type { Action, Fence } from '../../reconciler/model/plan.ts'

/** `joined`: it was given before, and here is its outcome, now or later. `undefined` as outcome: it was cut off. */
export type Admission =
  | { readonly kind: 'started' }
  | { readonly kind: 'joined'; readonly outcome: Promise<Outcome | undefined> }
  | { readonly kind: 'fence-older' | 'fence-content' | 'busy' }

export type PcRecord = {
  /** Takes an action, unless the record forbids it. */
  admit(action: Action, now: Instant): Admission
  end(id: ActionId, outcome: Outcome): void
  /** The power went, or somebody killed what ran. */
  interrupt(): void
  running(): ActionId | undefined
  outcome(id: ActionId): Promise<Outcome | undefined> | undefined
  /** What was started, in order: for assertions. */
  readonly started: readonly Pick<Action, 'id' | 'fence'>[]
}

/** A real one keeps what is younger than a day, and a hundred more. A hub set back to yesterday's backup asks for two days at most. */
const keptMs = 2 * 24 * 3_600_000

type Entry = {
  readonly since: Instant
  readonly outcome: Promise<Outcome | undefined>
  readonly settle: (outcome: Outcome | undefined) => void
}

export const createRecord = (): PcRecord => {
  const entries = new Map<ActionId, Entry>()
  const started: Pick<Action, 'id' | 'fence'>[] = []
  let fence: (Fence & { readonly content: Digest }) | undefined
  let running: ActionId | undefined

  const finish = (id: ActionId, outcome: Outcome | undefined): void => {
    if (running !== id) return
    running = undefined
    entries.get(id)?.settle(outcome)
  }

  /** The oldest come first. */
  const prune = (now: Instant): void => {
    for (const [id, { since }] of entries) {
      if (since > now - keptMs) return
      if (id !== running) entries.delete(id)
    }
  }

  return {
    started,
    admit: (action, now) => {
      const known = entries.get(action.id)
      if (known) return { kind: 'joined', outcome: known.outcome }
      if (fence && isOlder(action.fence, fence)) return { kind: 'fence-older' }
      if (fence && isSame(action.fence, fence) && fence.content !== action.content)
        return { kind: 'fence-content' }
      if (running !== undefined) return { kind: 'busy' }
      fence = { ...action.fence, content: action.content }
      const { promise, resolve } = Promise.withResolvers<Outcome | undefined>()
      prune(now)
      entries.set(action.id, { since: now, outcome: promise, settle: resolve })
      started.push({ id: action.id, fence: action.fence })
      running = action.id
      return { kind: 'started' }
    },
    end: finish,
    interrupt: () => {
      if (running !== undefined) finish(running, undefined)
    },
    running: () => running,
    outcome: (id) => entries.get(id)?.outcome,
  }
}

const isOlder = (a: Fence, b: Fence): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.generation < b.generation)

const isSame = (a: Fence, b: Fence): boolean => a.epoch === b.epoch && a.generation === b.generation
