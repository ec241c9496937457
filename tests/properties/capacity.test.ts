/** What holds of scarce capacity for every park, every inventory and whatever is in flight. */
import test from 'ava'
import fc from 'fast-check'
import { changeKey } from '../../reconciler/diff.ts'
import { isAskedFor, isImagerChange } from '../../reconciler/disk-work.ts'
import { createEstimates } from '../../reconciler/duration.ts'
import type { Change } from '../../reconciler/model/change.ts'
import type { ActionId, MachineId } from '../../reconciler/model/ids.ts'
import type { Action, Backoff, Decision, History, PlanInput } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import { openFor } from '../../reconciler/window.ts'
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import {
  capacity,
  facts,
  machine,
  now,
  off,
  park,
  planInput,
  profile,
  wantedPackage,
} from '../reconciler/sample-park.ts'
import { inputs } from './arbitrary-input.ts'
import { holds } from './holds.ts'
import { afterRound, unhindered } from './obedient-park.ts'

type Running = {
  readonly changes: readonly Change[] | undefined
  readonly wake: boolean
  readonly since: number
}
type Started = { readonly machine: DesiredMachine; readonly action: Action; readonly wake: boolean }

const isOff = (input: PlanInput, id: MachineId): boolean => input.inventory.get(id)?.reach === 'off'
const isWake = (change: Change): boolean => change.facet === 'power' && change.item === 'wake'
const isFelt = (change: Change): boolean => change.effect !== 'quiet'

function runningAt(input: PlanInput, site: DesiredSite): readonly Running[] {
  return [...input.history].flatMap(([id, { inFlight }]) => {
    if (inFlight === undefined || !id.startsWith(`${site.id}/`)) return []
    const { changes, since } = inFlight
    return [{ changes, since, wake: isOff(input, id) || changes?.some(isWake) === true }]
  })
}

function startedAt(input: PlanInput, site: DesiredSite): readonly Started[] {
  return [...plan(input).decisions].flatMap(([id, decision]) => {
    const wanted = input.desired.machines.get(id)
    return decision.kind === 'act' && wanted?.site === site.id
      ? [{ machine: wanted, action: decision.action, wake: isOff(input, id) }]
      : []
  })
}

const everySite = (check: (input: PlanInput, site: DesiredSite) => void): fc.IRawProperty<unknown> =>
  fc.property(inputs, (input) => {
    for (const site of input.desired.sites.values()) check(input, site)
  })

/** More than a magic packet: it is worked on. */
const isWork = (changes: readonly Change[], wake: boolean): boolean =>
  changes.some((change) => isImagerChange(change)) || !wake

const moves = (change: Change): boolean =>
  change.facet === 'reset' || (change.facet === 'disk' && !['verify', 'settings'].includes(change.operation))
const downloads = (change: Change): boolean =>
  change.facet === 'packages' && !['remove', 'hold', 'unhold'].includes(change.operation)

for (const [what, uses, limitOf] of [
  ['works on more PCs', () => true, (site: DesiredSite) => site.capacity.actions],
  [
    'writes more disks',
    (changes: readonly Change[]) => changes.some(moves),
    ({ capacity: { images, lanBitsPerSecond } }: DesiredSite) =>
      Math.max(1, Math.min(images, Math.floor(lanBitsPerSecond / 50e6))),
  ],
  [
    'installs packages on more PCs',
    (changes: readonly Change[]) => changes.some(downloads),
    ({ uplinkBitsPerSecond = 100e6 }: DesiredSite) => Math.max(1, Math.floor(uplinkBitsPerSecond / 10e6)),
  ],
] as const) {
  test(`no lycée ever ${what} at once than it may`, (t) => {
    holds(
      t,
      everySite((input, site) => {
        const started = startedAt(input, site).filter(
          ({ action: { changes }, wake }) => isWork(changes, wake) && uses(changes),
        ).length
        const before = runningAt(input, site).filter(
          ({ changes = [], wake }) => isWork(changes, wake) && uses(changes),
        ).length
        t.true(started === 0 || started + before <= limitOf(site), `${started} + ${before}`)
      }),
    )
  })
}

test('no lycée ever wakes more PCs within ten seconds than it may', (t) => {
  holds(
    t,
    everySite((input, site) => {
      const started = startedAt(input, site).filter(({ wake }) => wake).length
      const before = runningAt(input, site).filter(({ wake, since }) => wake && since > now - 10_000).length
      t.true(started === 0 || started + before <= site.capacity.wakes, `${started} + ${before}`)
    }),
  )
})

test('of each room as many PCs stay usable as must, or one alone is worked on', (t) => {
  holds(
    t,
    everySite((input, site) => {
      const felt = startedAt(input, site).filter(
        ({ action: { changes } }) => changes.some(isFelt) && !changes.every(isAskedFor),
      )
      for (const room of site.rooms.keys()) {
        const members = [...input.desired.machines.values()].filter((one) => one.room === room)
        const taken = felt.filter((one) => one.machine.room === room && !isOut(input, one.machine.id))
        const working = members.filter(({ id }) => isWorkedOn(input, id)).length
        const broken = members.filter(({ id }) => !isWorkedOn(input, id) && isOut(input, id)).length
        const limit = Math.max(1, Math.floor(members.length * site.capacity.roomShare))
        const alone = working === 0 && taken.length === 1
        t.true(taken.length === 0 || alone || taken.length + working + broken <= limit, `${room}`)
      }
    }),
  )
})

const isWorkedOn = (input: PlanInput, id: MachineId): boolean => {
  const inFlight = input.history.get(id)?.inFlight
  if (inFlight === undefined) return false
  return inFlight.changes?.some(isFelt) ?? input.inventory.get(id)?.reach === 'imager'
}

/** Nobody could use it now, and it was not simply switched off. */
const isOut = (input: PlanInput, id: MachineId): boolean => {
  const seen = input.inventory.get(id)
  if (seen?.reach === 'imager') return true
  if (seen?.reach !== 'off') return false
  const isTorn = seen.disk?.by === 'imager' && seen.disk.state === undefined
  const failed = input.history
    .get(id)
    ?.backoffs.some(({ key, class: kind }) => kind !== 'wait' && /^(disk|reset|power\/reboot)/.test(key))
  return isTorn || failed === true
}

test('nothing starts that cannot finish, by what was measured', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      const estimates = createEstimates(input.durations)
      for (const [id, decision] of plan(input).decisions) {
        const wanted = input.desired.machines.get(id)
        const site = wanted && input.desired.sites.get(wanted.site)
        if (decision.kind !== 'act' || !wanted || !site) continue
        const { action, takesMs } = decision
        const estimate = estimates(site, input.inventory.get(id)?.facts?.hardware)
        const isWoken = isOff(input, id) && !action.changes.some(isWake)
        const ownMs =
          estimate.neededMs(action.changes) + (isWoken ? estimate.wakeMs : 0) + (action.warnMs ?? 0)
        t.true(takesMs >= ownMs)
        t.true(now + takesMs <= action.deadline)
        for (const change of action.changes) {
          if (isAskedFor(change)) continue
          const opening = openFor(wanted.profile.windows, 'Europe/Paris', change.effect, now, takesMs)
          t.true(opening.open && now + takesMs <= opening.until)
        }
      }
    }),
  )
})

/** As little as a lycée can have. */
const narrow = capacity({ actions: 1, wakes: 1, images: 1, lanBitsPerSecond: 1e6, roomShare: 0 })

test('with room for one at a time, everybody is served in the end', (t) => {
  holds(
    t,
    fc.property(inputs, (input) => {
      let world = unhindered(input, narrow)
      for (let round = 0; round < 12 * world.desired.machines.size; round++) {
        const { decisions } = plan(world)
        if (![...decisions.values()].some(({ kind }) => kind === 'act')) break
        world = afterRound(world, decisions)
      }
      for (const decision of plan(world).decisions.values()) t.is(decision.kind, 'converged')
    }),
    200,
  )
})

test('PCs that fail again and again keep nobody from being served', (t) => {
  holds(
    t,
    fc.property(inputs, fc.subarray([0, 1, 2, 3, 4, 5, 6]), (input, stubborn) => {
      let world = unhindered(input, narrow)
      const ids = [...world.desired.machines.keys()]
      const failing = new Set(ids.filter((_, index) => stubborn.includes(index)))
      for (let round = 0; round < 40 * ids.length; round++) {
        const { decisions } = plan(world)
        const others = new Map([...decisions].filter(([id]) => !failing.has(id)))
        if ([...others.values()].every(({ kind }) => kind === 'converged')) return
        world = withFailures(afterRound(world, others), decisions, failing)
      }
      t.fail('somebody is still waiting')
    }),
    200,
  )
})

/** Tried, and failed for a reason that asks to be tried again at once. */
function withFailures(
  world: PlanInput,
  decisions: ReadonlyMap<MachineId, Decision>,
  failing: ReadonlySet<MachineId>,
): PlanInput {
  const history = new Map(world.history)
  for (const id of failing) {
    const decision = decisions.get(id)
    if (decision?.kind !== 'act') continue
    const past = history.get(id) ?? { applied: {}, backoffs: [] }
    const before = new Map(past.backoffs.map((one) => [one.key, one]))
    for (const change of decision.action.changes) {
      const key = changeKey(change)
      const attempts = (before.get(key)?.attempts ?? 0) + 1
      const reason = { code: 'boom', message: say('Boom.', 'Boum.') }
      before.set(key, { key, attempts, class: 'wait', notBefore: now, reason } satisfies Backoff)
    }
    history.set(id, { ...past, backoffs: [...before.values()] })
  }
  return { ...world, history }
}

test('in any ten seconds no more PCs are woken than may be, however often it is planned, and all are', (t) => {
  holds(
    t,
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 1, max: 7_000 }), { minLength: 20, maxLength: 20 }),
      (wakes, pausesMs) => {
        const ids = Array.from({ length: 12 }, (_, index) => `hugo/a1-${index}`)
        const wanted = profile({ packages: [wantedPackage('vim')] })
        const desired = park(
          ids.map((id) => machine(id, wanted)),
          { capacity: capacity({ wakes }) },
        )
        const history = new Map<MachineId, History>()
        const wokenAt: number[] = []
        let at = now
        for (let pass = 0; pass < 200 && wokenAt.length < ids.length; pass++) {
          const seen = ids.map((id) => off(id, facts(), { observedAt: at }))
          for (const [id, decision] of plan(planInput(desired, seen, { history, now: at })).decisions) {
            if (decision.kind !== 'act') continue
            wokenAt.push(at)
            const { changes } = decision.action
            const inFlight = { action: 'a' as ActionId, owner: 'x', since: at, changes }
            history.set(id, { inFlight, applied: {}, backoffs: [] })
          }
          at += pausesMs[pass % pausesMs.length] ?? 1
        }
        t.is(wokenAt.length, ids.length)
        for (const instant of wokenAt) {
          const together = wokenAt.filter((other) => other >= instant && other < instant + 10_000)
          t.true(together.length <= wakes)
        }
      },
    ),
    100,
  )
})
