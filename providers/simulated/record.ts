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
  outcome(action: Action): Promise<Outcome | undefined> | undefined
  /** What was started, in order: for assertions. */
  readonly started: readonly Pick<Action, 'id' | 'fence'>[]
}

/** A real one keeps what is younger than a day, and a hundred more. A hub set back to yesterday's backup asks for two days at most. */
const keptMs = 2 * 24 * 3_600_000

type Entry =
  | {
      readonly kind: 'running'
      readonly since: Instant
      readonly outcome: Promise<Outcome | undefined>
      readonly settle: (outcome: Outcome | undefined) => void
    }
  | { readonly kind: 'ended'; readonly since: Instant; readonly brief: Brief | undefined }

/** All went well: how long each step took. Whoever asks has the action itself, and a region's PCs end hundreds of thousands. */
type Brief =
  | Outcome
  | { readonly kind: 'brief'; readonly at: Instant; readonly durationsMs: readonly number[] }

const briefOf = (outcome: Outcome): Brief =>
  outcome.kind === 'complete' && outcome.results.every((one) => one.ok && one.output === '')
    ? { kind: 'brief', at: outcome.at, durationsMs: outcome.results.map(({ durationMs }) => durationMs) }
    : outcome

const inFull = (brief: Brief, { changes }: Action): Outcome =>
  brief.kind !== 'brief'
    ? brief
    : {
        kind: 'complete',
        results: changes.slice(0, brief.durationsMs.length).map((change, index) => ({
          change,
          output: '',
          durationMs: brief.durationsMs[index] ?? 0,
          ok: true,
          exitCode: 0,
        })),
        at: brief.at,
      }

export const createRecord = (): PcRecord => {
  const entries = new Map<ActionId, Entry>()
  const started: Pick<Action, 'id' | 'fence'>[] = []
  let fence: (Fence & { readonly content: Digest }) | undefined
  let running: ActionId | undefined

  const finish = (id: ActionId, outcome: Outcome | undefined): void => {
    if (running !== id) return
    running = undefined
    const entry = entries.get(id)
    if (entry?.kind !== 'running') return
    entry.settle(outcome)
    entries.set(id, { kind: 'ended', since: entry.since, brief: outcome && briefOf(outcome) })
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
      if (known) return { kind: 'joined', outcome: told(known, action) }
      if (fence && isOlder(action.fence, fence)) return { kind: 'fence-older' }
      if (fence && isSame(action.fence, fence) && fence.content !== action.content)
        return { kind: 'fence-content' }
      if (running !== undefined) return { kind: 'busy' }
      fence = { ...action.fence, content: action.content }
      const { promise, resolve } = Promise.withResolvers<Outcome | undefined>()
      prune(now)
      entries.set(action.id, { kind: 'running', since: now, outcome: promise, settle: resolve })
      started.push({ id: action.id, fence: action.fence })
      running = action.id
      return { kind: 'started' }
    },
    end: finish,
    interrupt: () => {
      if (running !== undefined) finish(running, undefined)
    },
    running: () => running,
    outcome: (action) => {
      const entry = entries.get(action.id)
      return entry && told(entry, action)
    },
  }
}

const told = (entry: Entry, action: Action): Promise<Outcome | undefined> =>
  entry.kind === 'running' ? entry.outcome : Promise.resolve(entry.brief && inFull(entry.brief, action))

const isOlder = (a: Fence, b: Fence): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.generation < b.generation)

const isSame = (a: Fence, b: Fence): boolean => a.epoch === b.epoch && a.generation === b.generation
