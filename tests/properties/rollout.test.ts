/** What holds of every rollout, whatever becomes of its PCs, whatever people order, and however long it takes. */
import test from 'ava'
import fc from 'fast-check'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Rollout } from '../../reconciler/model/rollout.ts'
import { type Advance, isAdmitted } from '../../reconciler/rollout.ts'
import { rolloutHold } from '../../reconciler/rollout-gate.ts'
import { failureShare } from '../../reconciler/rollout-tally.ts'
import { policyOfWave } from '../../reconciler/rollout-waves.ts'
import { type Course, course } from '../reconciler/sample-rollout.ts'
import { everybody, play, type Story, stories } from './arbitrary-rollout.ts'
import { holds } from './holds.ts'

type Step = { readonly before: Rollout; readonly result: Advance; readonly course: Course }

/** One step at the beginning, and one after each happening. */
function* told({ happenings, ...parts }: Story, isReversed = false): Generator<Step> {
  const made = course(everybody, { ...parts, isReversed })
  const step = (supersededBy?: string): Step => {
    const before = made.rollout
    const result = made.step(supersededBy === undefined ? {} : { supersededBy })
    return { before, result, course: made }
  }
  yield step()
  for (const one of happenings) {
    play(made, one)
    yield step(one.kind === 'superseded' ? 'jeanne' : undefined)
  }
}

const isOver = ({ phase }: Rollout): boolean =>
  ['done', 'aborted', 'superseded', 'rolled-back'].includes(phase.kind)

const open = ({ waves }: Rollout): readonly number[] =>
  waves.flatMap(({ openedAt }, index) => (openedAt === undefined ? [] : [index]))

const newlyOpen = ({ before, result }: Step): readonly number[] =>
  open(result.rollout).filter((index) => !open(before).includes(index))

const fails = (what: string, { before, result }: Step): never => {
  throw new Error(`${what}\nbefore ${JSON.stringify(before)}\nafter ${JSON.stringify(result.rollout)}`)
}

/** Checks each step of each story. */
const always = (what: string, check: (step: Step) => boolean): fc.IRawProperty<unknown> =>
  fc.property(stories, (story) => {
    for (const step of told(story)) if (!check(step)) fails(what, step)
  })

const admittedIn = ({ steering }: Course): ReadonlySet<MachineId> =>
  new Set([...steering.waveOf.keys()].filter((id) => isAdmitted(steering, id)))

test('who may have the new revision may have it until the rollout is over', (t) => {
  holds(
    t,
    fc.property(stories, (story) => {
      let last: ReadonlySet<MachineId> = new Set()
      for (const step of told(story)) {
        if (isOver(step.result.rollout) && step.result.rollout.phase.kind !== 'done') break
        const admitted = admittedIn(step.course)
        for (const id of last) if (!admitted.has(id)) fails(`${id} is moved backwards`, step)
        last = admitted
      }
    }),
  )
})

test('a rollout that is paused, is being ended or is over opens no wave', (t) => {
  holds(
    t,
    always('a wave opened', (step) => {
      const { kind } = step.result.rollout.phase
      return kind === 'running' || kind === 'done' || newlyOpen(step).length === 0
    }),
  )
})

test('while too much has failed nothing is begun', (t) => {
  holds(
    t,
    always('something may be begun', ({ course: { steering }, result }) => {
      const { rollout, tally } = result
      const limit = rollout.policy.pauseAtFailureShare
      if (limit === undefined || tally.total.failed === 0 || failureShare(tally.total) < limit) return true
      if (isOver(rollout)) return true
      return [...steering.waveOf.keys()].every((id) => {
        const machine = steering.next.machines.get(id)
        return (
          machine === undefined || steering.attempts.has(id) || rolloutHold(steering, machine) !== undefined
        )
      })
    }),
  )
})

test('nothing is begun on a machine whose wave is not open, nor in a lycée that is held', (t) => {
  holds(
    t,
    always('something may be begun', ({ course: { steering }, result: { rollout } }) => {
      if (isOver(rollout)) return true
      return [...steering.next.machines.values()].every((machine) => {
        const index = steering.waveOf.get(machine.id)
        if (index === undefined) return rolloutHold(steering, machine) === undefined
        const isBegun = rollout.waves[index]?.openedAt !== undefined && steering.attempts.has(machine.id)
        const isHeld =
          rollout.waves[index]?.openedAt === undefined || rollout.heldSites[machine.site] !== undefined
        return isBegun || !isHeld || rolloutHold(steering, machine) !== undefined
      })
    }),
  )
})

test('a wave opens only when those before it have passed, and where a person must approve, only then', (t) => {
  holds(
    t,
    always('a wave opened too soon', (step) =>
      newlyOpen(step).every((index) => {
        const { waves, policy } = step.result.rollout
        const isPassed = waves.slice(0, index).every(({ passedAt }) => passedAt !== undefined)
        const { approvedBy, machines } = waves[index] ?? {}
        return (
          isPassed && (!policyOfWave(policy, index).approval || approvedBy !== undefined || machines === 0)
        )
      }),
    ),
  )
})

test('a wave passes only when it was well for its soak time, or when nobody is in it, or when a person said so', (t) => {
  holds(
    t,
    always('a wave passed', ({ before, result }) =>
      result.rollout.waves.every(({ passedAt, metSince, openedAt, approvedBy, machines }, index) => {
        // A person who lets it go on gives it its time anew, and what was well before stays so.
        const isNewlyMet = metSince !== undefined && before.waves[index]?.metSince !== metSince
        if (isNewlyMet && metSince < (openedAt ?? Number.POSITIVE_INFINITY)) return false
        if (passedAt === undefined || before.waves[index]?.passedAt !== undefined || machines === 0)
          return true
        const counts = result.tally.waves[index]
        const { succeeded = 0, failed = 0, attempted = 0, pending = 0 } = counts ?? {}
        const { soakMs } = policyOfWave(result.rollout.policy, index)
        const isSoaked = metSince !== undefined && passedAt >= metSince + soakMs
        const due = succeeded + failed + attempted + pending
        const isWell = due === 0 || succeeded >= result.rollout.policy.successShare * due
        return (isSoaked && isWell) || (due === 0 && approvedBy !== undefined)
      }),
    ),
  )
})

test('what is unknown, off or not seen again is no success', (t) => {
  holds(
    t,
    fc.property(stories, (story) => {
      const nobodyWell = story.happenings.filter(
        (one) =>
          one.kind !== 'order' &&
          (one.kind !== 'fate' || ['untouched', 'under way', 'silent'].includes(one.fate)),
      )
      for (const step of told({ ...story, happenings: nobodyWell })) {
        const { waves } = step.result.rollout
        const first = waves.findIndex(({ machines }) => machines > 0)
        if (waves[first]?.passedAt !== undefined) fails('a wave passed in which nobody was well', step)
      }
    }),
  )
})

test('the order in which machines are listed, decided, seen or tried does not matter', (t) => {
  holds(
    t,
    fc.property(stories, (story) => {
      const [one, other] = [told(story), told(story, true)]
      for (const step of one) {
        const { value } = other.next()
        if (value === undefined) throw new Error('one story is shorter')
        const [a, b] = [step.result, value.result].map(({ tally: { total, waves }, ...rest }) =>
          JSON.stringify([rest, total, waves]),
        )
        if (a !== b) throw new Error(`${a}\n${b}`)
      }
    }),
  )
})

test('without anything new it comes to rest, and what a step decides is not decided again', (t) => {
  holds(
    t,
    fc.property(stories, (story) => {
      let last: Course | undefined
      for (const step of told(story)) last = step.course
      last?.settle()
      const { moves, news, rollout } = last?.step() ?? {}
      if (moves !== 'nothing' || news?.length !== 0) throw new Error(JSON.stringify([moves, news, rollout]))
    }),
  )
})

test('each end, pause, opening and passing is told once, in both languages', (t) => {
  holds(
    t,
    fc.property(stories, (story) => {
      const seen: string[] = []
      for (const { result } of told(story)) {
        for (const { kind, message, data } of result.news) {
          if (message.en === '' || message.fr === '') throw new Error(`${kind} has no words`)
          if (['wave-opened', 'wave-passed', 'rollout-ended'].includes(kind))
            seen.push(`${kind} ${data['wave']}`)
        }
      }
      if (new Set(seen).size !== seen.length) throw new Error(seen.join(', '))
    }),
  )
})
