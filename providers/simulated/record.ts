/** What a PC keeps of the actions that it was given, as a real one does in its state folder. */
import type { ActionId, Digest, Instant } from '../../reconciler/model/ids.ts'
import type { Outcome } from '../../reconciler/model/outcome.ts'
import type { Action, Fence } from '../../reconciler/model/plan.ts'

/** `joined`: it was given before, and here is its outcome, now or later. `undefined` as outcome: it was cut off. */
export type Admission =
  | { readonly kind: 'started' }
  | { readonly kind: 'joined'; readonly outcome: Promise<Outcome | undefined> }
  | { readonly kind: 'fence-older' | 'fence-content' | 'busy' }

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

/** A class, as the others that each of a region's thousands of PCs has one of: methods as closures would take more memory than all else. */
export class PcRecord {
  /** What was started, in order: for assertions. */
  readonly started: Pick<Action, 'id' | 'fence'>[] = []
  readonly #entries = new Map<ActionId, Entry>()
  #fence: (Fence & { readonly content: Digest }) | undefined
  #running: ActionId | undefined

  /** Takes an action, unless the record forbids it. */
  admit(action: Action, now: Instant): Admission {
    const known = this.#entries.get(action.id)
    if (known) return { kind: 'joined', outcome: told(known, action) }
    const fence = this.#fence
    if (fence && isOlder(action.fence, fence)) return { kind: 'fence-older' }
    if (fence && isSame(action.fence, fence) && fence.content !== action.content)
      return { kind: 'fence-content' }
    if (this.#running !== undefined) return { kind: 'busy' }
    this.#fence = { ...action.fence, content: action.content }
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>()
    this.#prune(now)
    this.#entries.set(action.id, { kind: 'running', since: now, outcome: promise, settle: resolve })
    this.started.push({ id: action.id, fence: action.fence })
    this.#running = action.id
    return { kind: 'started' }
  }

  end(id: ActionId, outcome: Outcome | undefined): void {
    if (this.#running !== id) return
    this.#running = undefined
    const entry = this.#entries.get(id)
    if (entry?.kind !== 'running') return
    entry.settle(outcome)
    this.#entries.set(id, { kind: 'ended', since: entry.since, brief: outcome && briefOf(outcome) })
  }

  /** The power went, or somebody killed what ran. */
  interrupt(): void {
    if (this.#running !== undefined) this.end(this.#running, undefined)
  }

  running(): ActionId | undefined {
    return this.#running
  }

  outcome(action: Action): Promise<Outcome | undefined> | undefined {
    const entry = this.#entries.get(action.id)
    return entry && told(entry, action)
  }

  /** The oldest come first. */
  #prune(now: Instant): void {
    for (const [id, { since }] of this.#entries) {
      if (since > now - keptMs) return
      if (id !== this.#running) this.#entries.delete(id)
    }
  }
}

const told = (entry: Entry, action: Action): Promise<Outcome | undefined> =>
  entry.kind === 'running' ? entry.outcome : Promise.resolve(entry.brief && inFull(entry.brief, action))

const isOlder = (a: Fence, b: Fence): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.generation < b.generation)

const isSame = (a: Fence, b: Fence): boolean => a.epoch === b.epoch && a.generation === b.generation
