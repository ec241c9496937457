import test from 'ava'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Decision, PlanInput } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import { plan } from '../../reconciler/plan.ts'
import type { Profile } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import {
  digest,
  facts,
  imager,
  machine,
  machineId,
  manifest,
  now,
  observedDisk,
  park,
  planInput,
  profile,
  server,
  up,
  wantedDisk,
  wantedPackage,
} from './sample-park.ts'

const id = 'hugo/b204-01'
const coming: Reason = { code: 'image-coming', message: say('It is on its way.', 'Elle arrive.') }
const wanted = wantedDisk()
const awaited = new Map([[wanted.manifest ?? '', coming]])
const of = (parts: Parameters<typeof profile>[0] = {}): Profile =>
  profile({ disk: wanted, facetDigests: { ...profile().facetDigests, disk: digest('disk') }, ...parts })

function decide(observed: Observed, more: Partial<PlanInput>, wants = of()): Decision {
  const desired = park([machine(id, wants)], { server })
  const decision = plan(planInput(desired, [observed], more)).decisions.get(machineId(id))
  if (decision === undefined) throw new Error('no decision')
  return decision
}

const old = observedDisk({ ...wanted, manifest: manifest('older') })

test('an image that is not complete yet holds the disk, in the imager and on a running PC; once it is, it is written', (t) => {
  for (const seen of [imager(id, observedDisk()), { ...up(id, facts()), disk: old }]) {
    t.like(decide(seen, { awaited }), { kind: 'held', by: 'image', reason: coming })
    t.is(decide(seen, { awaited: new Map() }).kind, 'act')
    t.is(decide(seen, { awaited: new Map([[manifest('another'), coming]]) }).kind, 'act')
  }
})

test('packages do not wait for an image', (t) => {
  const wants = of({ packages: [wantedPackage('vim')] })
  const decision = decide({ ...up(id, facts()), disk: old }, { awaited }, wants)
  t.like(decision, { kind: 'act' })
  if (decision.kind === 'act') t.like(decision.action.changes, [{ facet: 'packages', item: 'vim' }])
})

test('what is on the disk is captured although another image is on its way', (t) => {
  const request = {
    id: 'r1' as NonNullable<PlanInput['requests']>[number]['id'],
    machine: machineId(id),
    kind: 'capture',
    image: 'golden@1',
    who: 'jeanne',
    at: now,
  } as const
  const decision = decide(
    { ...up(id, facts()), disk: observedDisk(wanted) },
    { awaited, requests: [request] },
  )
  t.like(decision, { kind: 'act' })
  if (decision.kind === 'act') t.like(decision.action.changes, [{ facet: 'disk', operation: 'capture' }])
})
