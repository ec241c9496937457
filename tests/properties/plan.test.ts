/** What holds for every park, every inventory and every instant. */
import test from 'ava'
import fc from 'fast-check'
import { changeKey } from '../../reconciler/diff.ts'
import { settledRequests } from '../../reconciler/disk-request.ts'
import { isAskedFor, isImagerChange } from '../../reconciler/disk-work.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Action, PlanInput } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import { openFor } from '../../reconciler/window.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { inputs } from './arbitrary-input.ts'
import { holds } from './holds.ts'
import { afterRound, unhindered } from './obedient-park.ts'

test('a plan is pure: it changes nothing that it is given, and says the same again', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      const frozen = freeze(input)
      const first = plan(frozen)
      const second = plan(frozen)
      t.deepEqual(second, first)
    }),
  )
})

test('a plan does not depend on the order of its input', (t) => {
  holds(
    t,
    fc.property(inputs, fc.integer(), (input, seed) => {
      const shuffled: PlanInput = {
        ...input,
        desired: {
          ...input.desired,
          sites: shuffleMap(input.desired.sites, seed),
          machines: new Map(
            shuffle([...input.desired.machines], seed).map(([id, one]) => [
              id,
              { ...one, profile: { ...one.profile, packages: shuffleMap(one.profile.packages, seed) } },
            ]),
          ),
        },
        inventory: shuffleMap(input.inventory, seed),
        history: new Map(
          shuffle([...input.history], seed).map(([id, one]) => [
            id,
            { ...one, backoffs: shuffle(one.backoffs, seed) },
          ]),
        ),
        pauses: shuffle(input.pauses, seed),
        requests: shuffle(input.requests ?? [], seed),
      }
      const expected = plan(input)
      const actual = plan(shuffled)
      t.is(actual.id, expected.id)
      t.deepEqual([...actual.decisions.keys()], [...expected.decisions.keys()])
      t.deepEqual(actual.unmanaged, expected.unmanaged)
    }),
  )
})

test('there is exactly one decision for each machine of the park', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      const { decisions, unmanaged } = plan(input)
      t.deepEqual([...decisions.keys()], [...input.desired.machines.keys()].sort())
      t.deepEqual(
        unmanaged.filter((id) => decisions.has(id)),
        [],
      )
    }),
  )
})

test('whatever is not done has its reason, in both languages, and what is held has its gate', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      for (const decision of plan(input).decisions.values()) {
        if (decision.kind === 'converged' || decision.kind === 'act') continue
        t.regex(decision.reason.code, /^[a-z]+(-[a-z]+)*$/)
        t.true(decision.reason.message.en.length > 0 && decision.reason.message.fr.length > 0)
        if (decision.kind === 'held') {
          t.true(decision.by.length > 0)
          t.true(decision.until === undefined || decision.until > input.now)
        }
      }
    }),
  )
})

test('nothing is done outside a window, or that would outlast it', (t) => {
  holds(
    t,
    everyAction((input, wanted, action) => {
      for (const change of action.changes) {
        if (isAskedFor(change)) continue
        const opening = openFor(wanted.profile.windows, 'Europe/Paris', change.effect, input.now, 1)
        t.true(opening.open)
        if (opening.open) t.true(action.deadline <= opening.until)
      }
      t.true(action.deadline > input.now)
    }),
  )
})

test('nothing is done to a machine in use but what its policy allows', (t) => {
  holds(
    t,
    everyAction((_, wanted, action, observed) => {
      if (observed.reach !== 'up' || (observed.facts?.sessions.length ?? 0) === 0) return
      if (action.changes.every(isAskedFor)) return
      const { inUse } = wanted.profile
      t.not(inUse.kind, 'wait')
      if (inUse.kind === 'quiet') t.true(action.changes.every((change) => change.effect === 'quiet'))
      if (inUse.kind === 'warn') t.is(action.warnMs, inUse.delayMs)
    }),
  )
})

test('nothing is done on what was seen too long ago, or was not asked', (t) => {
  holds(
    t,
    everyAction((input, _, action, observed) => {
      const at = observed.reach === 'up' ? observed.facts?.at : observed.observedAt
      t.true(at !== undefined && input.now - at <= input.freshMs)
      for (const change of action.changes) {
        if (change.facet === 'scripts') t.true(observed.facts?.scripts?.has(change.item))
      }
    }),
  )
})

test('nothing is done in a scope that is paused', (t) => {
  holds(
    t,
    everyAction((input, wanted) => {
      for (const { scope, until } of input.pauses) {
        if (until !== undefined && until <= input.now) continue
        t.not(scope.kind, 'park')
        if (scope.kind !== 'park')
          t.false([wanted.site, wanted.room, wanted.id].some((id) => id === scope.id))
      }
    }),
  )
})

test('nothing is done beside an action in flight', (t) => {
  holds(
    t,
    everyAction((input, wanted, _, observed) => {
      t.is(input.history.get(wanted.id)?.inFlight, undefined)
      if (observed.reach === 'up') t.is(observed.facts?.running, undefined)
    }),
  )
})

test('nothing is done again before its time, or after it has stalled', (t) => {
  holds(
    t,
    everyAction((input, wanted, action) => {
      for (const change of action.changes) {
        const backoff = input.history.get(wanted.id)?.backoffs.find((one) => one.key === changeKey(change))
        if (backoff === undefined) continue
        t.true(backoff.notBefore <= input.now)
        t.not(backoff.class, 'terminal')
        t.true(backoff.class === 'wait' || backoff.attempts < wanted.profile.retry.attempts)
      }
    }),
  )
})

test('only a machine that is off is woken, and only if it may be; only one that is on is changed, but for its disk', (t) => {
  holds(
    t,
    everyAction((_, wanted, action, observed) => {
      const wake = wakes(action)
      const disk = action.changes.some(isImagerChange)
      if (wake) t.is(observed.reach, 'off')
      else if (!disk) t.is(observed.reach, 'up')
      if (observed.reach === 'off') t.true(wanted.profile.power.wake)
      if (wake) t.is(action.changes.length, 1)
    }),
  )
})

test('a disk is never touched without an image that can be written and a server that has it', (t) => {
  holds(
    t,
    everyAction((input, wanted, action) => {
      for (const change of action.changes.filter(isImagerChange)) {
        const { disk } = wanted.profile
        t.not(disk, undefined)
        t.not(input.desired.sites.get(wanted.site)?.server, undefined)
        if (isAskedFor(change)) continue
        t.not(wanted.profile.drift[change.facet], 'ignore')
        if (change.facet === 'disk') t.true(change.to === disk?.manifest)
      }
    }),
  )
})

test('the disk is changed alone, on a PC that nobody uses unless somebody asked, and keeps what it must keep', (t) => {
  holds(
    t,
    everyAction((_, wanted, action) => {
      const [change] = action.changes.filter(isImagerChange)
      if (change === undefined) return
      t.is(action.changes.length, 1)
      const warned = action.warnMs !== undefined
      t.is(action.expect.unoccupied === true, !isAskedFor(change) && !warned)
      if (change.facet !== 'disk') return
      const kept = wanted.profile.disk?.layout.partitions.filter(({ content }) => content === 'keep') ?? []
      t.not(
        change.wipes?.some((name) => kept.some((partition) => partition.name === name)),
        true,
      )
      if (change.effect !== 'destructive') t.deepEqual(change.wipes, [])
    }),
  )
})

test('what somebody wants to have captured is not rewritten before', (t) => {
  holds(
    t,
    everyAction((input, wanted, action) => {
      const asked = input.requests?.some(({ kind, machine }) => kind === 'capture' && machine === wanted.id)
      const [change] = action.changes.filter(isImagerChange)
      if (asked !== true || change === undefined) return
      t.is(change.facet === 'disk' ? change.operation : change.facet, 'capture')
    }),
  )
})

test('what is asked for is either done in the end, or told why it never will be', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      let world = unhindered(input)
      for (let round = 0; round < 10; round++) {
        const { decisions } = plan(world)
        if (![...decisions.values()].some((decision) => decision.kind === 'act')) break
        world = afterRound(world, decisions)
      }
      const { desired, inventory, requests = [] } = world
      t.deepEqual(
        settledRequests(desired, inventory, requests).map(({ request }) => request.id),
        requests.map(({ id }) => id),
      )
    }),
  )
})

test('no package that the spec does not name, or whose facet is ignored, is ever touched', (t) => {
  holds(
    t,
    everyAction((_, { profile: wanted }, action) => {
      for (const change of action.changes) {
        if (change.facet === 'power' || isAskedFor(change)) continue
        t.not(wanted.drift[change.facet], 'ignore')
        if (change.facet === 'packages') t.true(wanted.packages.has(change.item))
      }
    }),
  )
})

test('where nothing stands in the way, every machine ends converged, and then nothing more is planned', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      let world = unhindered(input)
      for (let round = 0; round < 12; round++) {
        const { decisions } = plan(world)
        const acting = [...decisions.values()].filter((decision) => decision.kind === 'act')
        if (acting.length === 0) {
          for (const decision of decisions.values()) t.is(decision.kind, 'converged')
          t.deepEqual(plan(world).decisions, decisions)
          return
        }
        world = afterRound(world, decisions)
      }
      t.fail('still acting after twelve rounds')
    }),
  )
})

function everyAction(
  check: (input: PlanInput, wanted: DesiredMachine, action: Action, observed: Observed) => void,
): fc.IRawProperty<unknown> {
  return fc.property(inputs, (input) => {
    for (const [id, decision] of plan(input).decisions) {
      const wanted = input.desired.machines.get(id)
      const observed = input.inventory.get(id)
      if (decision.kind !== 'act') continue
      if (wanted === undefined || observed === undefined) throw new Error(`${id} is acted on unseen`)
      check(input, wanted, decision.action, observed)
    }
  })
}

const wakes = ({ changes }: Action): boolean =>
  changes.some((change) => change.item === 'wake' && change.facet === 'power')

/** A copy in which every attempt to write throws, maps and sets included. */
function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (value instanceof Map || value instanceof Set) {
    for (const inner of value.values()) freeze(inner)
    const refuse = (): never => {
      throw new Error('the input was written to')
    }
    Object.assign(value, { set: refuse, add: refuse, delete: refuse, clear: refuse })
  } else for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}

function shuffle<Item>(items: readonly Item[], seed: number): readonly Item[] {
  const weight = (index: number): number => Math.imul(index + 1, seed | 1) % 97
  return items
    .map((item, index) => ({ item, weight: weight(index) }))
    .sort((a, b) => a.weight - b.weight)
    .map(({ item }) => item)
}

const shuffleMap = <Key, Value>(map: ReadonlyMap<Key, Value>, seed: number): ReadonlyMap<Key, Value> =>
  new Map(shuffle([...map], seed))
