/** How well turns fill a window: the night of a lycée, played on from plan to plan. */
import test from 'ava'
import type { ActionId, MachineId } from '../../reconciler/model/ids.ts'
import type { History } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import {
  capacity,
  facts,
  machine,
  now,
  park,
  planInput,
  profile,
  up,
  wantedPackage,
} from '../reconciler/sample-park.ts'

const many = Array.from({ length: 40 }, (_, index) => wantedPackage(`package-${index}`))

/** Forty PCs in four rooms, with 1 to 40 packages to install: what is longest has the last name. */
const wanted = Array.from({ length: 40 }, (_, index) => {
  const number = String(index + 1).padStart(2, '0')
  return machine(`hugo/r${index % 4}-${number}`, profile({ packages: many.slice(0, index + 1) }))
})

test('a lycée’s work is done within a twentieth of what its capacity allows at best', (t) => {
  const slots = 6
  const desired = park(wanted, { capacity: capacity({ actions: slots }) })
  const right = facts({ installed: Object.fromEntries(many.map(({ name }) => [name, '1.0-1'])) })
  const done = new Set<MachineId>()
  const ends = new Map<MachineId, number>()
  let at = now
  let workMs = 0
  while (done.size < wanted.length) {
    const seen = wanted.map(({ id }) =>
      up(id, { ...(done.has(id) ? right : facts()), at }, { observedAt: at }),
    )
    const history = new Map<MachineId, History>(
      [...ends.keys()].map((id) => [
        id,
        {
          inFlight: { action: 'a' as ActionId, owner: 'x', since: at, changes: [] },
          applied: {},
          backoffs: [],
        },
      ]),
    )
    for (const [id, decision] of plan(planInput(desired, seen, { history, now: at })).decisions) {
      if (decision.kind !== 'act') continue
      ends.set(id, at + decision.takesMs)
      workMs += decision.takesMs
    }
    at = Math.min(...ends.values())
    for (const [id, end] of ends) if (end <= at && ends.delete(id)) done.add(id)
  }
  const best = workMs / slots
  t.true(at - now <= 1.05 * best, `${((at - now) / best).toFixed(3)} of the best`)
})
