/** A rollout on paper: what became of each PC is said in a word, and `advance` is asked what follows. */
import type { Instant, MachineId, Revision, RolloutOrderId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Decision, Fence } from '../../reconciler/model/plan.ts'
import type { Attempt, Rollout, RolloutOrder, Steering } from '../../reconciler/model/rollout.ts'
import { type Advance, type AdvanceInput, advance } from '../../reconciler/rollout.ts'
import type { Evidence } from '../../reconciler/rollout-standing.ts'
import { beginRollout, wavesOfChanged } from '../../reconciler/rollout-start.ts'
import { tallyRollout } from '../../reconciler/rollout-tally.ts'
import { policyOf } from '../../reconciler/rollout-waves.ts'
import type { Desired, DesiredRollout } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { facts, machine, now as morning, park, profile, up, wantedPackage } from './sample-park.ts'

export const minute = 60_000
export const hour = 60 * minute

export const reason = { code: 'example', message: say('An example.', 'Un exemple.') } as const

/**
 * What became of a PC. `silent`: it was worked on, and nobody has seen it since; `mended`: its try failed, and it was seen well
 * later; `hopeless`: no action can make it as wanted, and none was tried; `shut out`: it was read after its try, and lets nobody in since;
 * `lost`: it was read, and the connection to it is broken; `unfinished`: it was read, and waits for more to be done.
 */
export type Fate =
  | 'untouched'
  | 'unneeded'
  | 'under way'
  | 'silent'
  | 'well'
  | 'failed'
  | 'mended'
  | 'shut out'
  | 'lost'
  | 'unfinished'
  | 'hopeless'

export type Known = {
  readonly decision?: Decision
  readonly observed?: Observed
  readonly attempt?: Attempt
}

/** @param since when it was begun to be so; a try took a minute then, and the look after it another */
export function known(id: MachineId, fate: Fate, since: Instant): Known {
  const observed = up(id, facts({ at: since + 2 * minute }))
  const begun: Attempt = { tries: 1, failures: 0, firstAt: since, lastAt: since }
  const ended: Attempt = { ...begun, endedAt: since + minute, result: 'complete' }
  const failed: Attempt = { ...ended, failures: 1, result: 'retry', code: 'package-failed' }
  switch (fate) {
    case 'untouched':
      return {}
    case 'unneeded':
      return { decision: converged, observed }
    case 'under way':
      return { attempt: begun }
    case 'silent':
      return { attempt: ended }
    case 'well':
      return { attempt: ended, decision: converged, observed }
    case 'failed':
      return { attempt: failed, decision: stalled, observed }
    case 'mended':
      return { attempt: failed, decision: converged, observed }
    case 'shut out':
      return { attempt: ended, decision: unknown, observed: silent(observed, 'ssh-refused') }
    case 'lost':
      return { attempt: ended, decision: unknown, observed: silent(observed, 'connection-lost') }
    case 'unfinished':
      return { attempt: ended, decision: waiting, observed }
    case 'hopeless':
      return { decision: stalled, observed }
  }
}

const converged: Decision = { kind: 'converged', reported: [] }
const unknown: Decision = { kind: 'unknown', reason }
const silent = (observed: Observed, code: string): Observed => ({
  ...observed,
  reach: 'silent',
  errors: [{ ...reason, code }],
})
const waiting: Decision = { kind: 'held', by: 'window', reason, changes: [] }
const stalled: Decision = { kind: 'stalled', reason, changes: [] }

const oldProfile = profile()
const newProfile = profile({
  packages: [wantedPackage('blender')],
  facetDigests: { ...oldProfile.facetDigests, packages: 'sha256:blender' as never },
})

/** The same machines before and after the commit; those in `unchanged` are to be what they were. */
export function twoRevisions(
  ids: readonly string[],
  rollout: Partial<DesiredRollout> = {},
  unchanged: readonly string[] = [],
): { readonly base: Desired; readonly next: Desired } {
  const base = park(
    ids.map((id) => machine(id, oldProfile)),
    {},
    'base',
  )
  const made = park(
    ids.map((id) => machine(id, unchanged.includes(id) ? oldProfile : newProfile)),
    {},
    'next',
  )
  const written = { waves: [{ percent: 100 }], soakMs: hour, ...rollout }
  return { base, next: { ...made, park: { ...made.park, rollout: written } } }
}

export type CourseParts = {
  readonly rollout?: Partial<DesiredRollout>
  readonly unchanged?: readonly string[]
  readonly isQuiet?: boolean
  /** It is the park's first revision. */
  readonly isFirst?: boolean
  /** All that has no order of its own comes the other way round. */
  readonly isReversed?: boolean
}

/** One rollout's course, step by step. */
export type Course = {
  readonly rollout: Rollout
  readonly steering: Steering
  readonly evidence: Evidence
  readonly now: Instant
  pass(ms: number): void
  /** From now on these PCs are so. */
  fate(fate: Fate, ...ids: readonly string[]): void
  order(kind: RolloutOrder['kind'], more?: Partial<RolloutOrder>): void
  /** One step of `advance`, whose answer is kept. */
  step(more?: Partial<AdvanceInput>): Advance
  /** Steps until nothing moves any more at this time; the last answer that did. */
  settle(): Advance
}

export function course(given: readonly string[], parts: CourseParts = {}): Course {
  const inOrder = <Item>(items: Iterable<Item>): readonly Item[] =>
    parts.isReversed === true ? [...items].reverse() : [...items]
  const ids = inOrder(given)
  const { base, next } = twoRevisions(ids, parts.rollout, parts.unchanged)
  const policy = policyOf(next.park)
  const before = parts.isFirst === true ? undefined : base
  const waveOf = wavesOfChanged(policy, next, (id) => parts.unchanged?.includes(id) !== true)
  let now: Instant = morning
  let fence: Fence = { epoch: 1, generation: 7 }
  let rollout = beginRollout({
    revision: 'c2' as Revision,
    next,
    base: before === undefined ? null : { revision: 'c1' as Revision, desired: before.digest },
    proven: null,
    policy,
    isRollback: false,
    waveOf,
    fence,
    now,
  })
  const fates = new Map<MachineId, Known>()
  /** As the loop keeps it: one map, to which is added. */
  const attempts = new Map<MachineId, Attempt>()
  let orders: readonly RolloutOrder[] = []
  let count = 0

  const steering = (): Steering => ({
    rollout,
    base: before,
    next,
    waveOf,
    attempts: parts.isReversed === true ? new Map(inOrder(attempts)) : attempts,
  })

  const evidence = (): Evidence => evidenceOf(new Map(inOrder(fates)))

  const step = (more: Partial<AdvanceInput> = {}): Advance => {
    const nextFence = { ...fence, generation: fence.generation + 1 }
    const seen = evidence()
    const result = advance({
      steering: steering(),
      orders,
      count: (of) => tallyRollout(of, seen, now),
      isQuiet: parts.isQuiet ?? false,
      nextFence,
      now,
      ...more,
    })
    rollout = result.rollout
    orders = []
    if (result.moves === 'target') fence = nextFence
    return result
  }

  return {
    get rollout() {
      return rollout
    },
    get steering() {
      return steering()
    },
    get evidence() {
      return evidence()
    },
    get now() {
      return now
    },
    pass: (ms) => {
      now += ms
    },
    fate: (fate, ...some) => {
      for (const id of some as readonly MachineId[]) {
        const one = known(id, fate, now)
        fates.set(id, one)
        if (one.attempt === undefined) attempts.delete(id)
        else attempts.set(id, one.attempt)
      }
      now += fate === 'untouched' || fate === 'under way' ? 0 : 2 * minute
    },
    order: (kind, more = {}) => {
      count += 1
      const id = `order-${count}` as RolloutOrderId
      orders = [...orders, { id, rollout: rollout.id, kind, who: 'claire', at: now, ...more }]
    },
    step,
    settle: () => {
      let last = step()
      for (let turns = 0; turns < 20; turns += 1) {
        const result = step()
        if (result.moves === 'nothing') return last
        last = result
      }
      throw new Error('it never comes to rest')
    },
  }
}

const evidenceOf = (fates: ReadonlyMap<MachineId, Known>): Evidence => ({
  decisions: new Map([...fates].flatMap(([id, { decision }]) => (decision ? [[id, decision] as const] : []))),
  inventory: new Map([...fates].flatMap(([id, { observed }]) => (observed ? [[id, observed] as const] : []))),
})
