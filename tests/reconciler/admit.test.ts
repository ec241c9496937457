import test from 'ava'
import { admit } from '../../reconciler/admit.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Diagnostic } from '../../specs/diagnostic.ts'
import { say } from '../../specs/text.ts'
import { machine, origin, park } from './sample-park.ts'

const pcs = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => machine(`hugo/b204-${from + index}`))

const present = park(pcs(100), {}, 'before')
const after = (count: number, more: Partial<Desired['park']> = {}): Desired => {
  const next = park(pcs(count), {}, 'after')
  return { ...next, park: { ...next.park, ...more } }
}

const error: Diagnostic = { ...origin, severity: 'error', code: 'x', message: say('x', 'x'), source: '' }

test('a sound revision is admitted, a first one too', (t) => {
  t.is(admit(present, { desired: after(100), diagnostics: [] }, false).kind, 'admitted')
  t.is(
    admit(undefined, { desired: after(3), diagnostics: [{ ...error, severity: 'warning' }] }, false).kind,
    'admitted',
  )
})

test('a broken revision is refused, approved or not', (t) => {
  for (const candidate of [{ diagnostics: [error] }, { desired: after(100), diagnostics: [error] }]) {
    t.like(admit(present, candidate, true), { kind: 'refused', reason: { code: 'revision-broken' } })
  }
})

test('an empty revision is refused, approved or not', (t) => {
  t.like(admit(present, { desired: after(0), diagnostics: [] }, true), {
    kind: 'refused',
    reason: { code: 'revision-empty' },
  })
})

test('removing up to the limit is admitted, one machine more is held and says how many', (t) => {
  t.is(admit(present, { desired: after(90), diagnostics: [] }, false).kind, 'admitted')
  const held = admit(present, { desired: after(89), diagnostics: [] }, false)
  t.like(held, { kind: 'held', share: 0.11, reason: { code: 'removes-too-much' } })
  if (held.kind === 'held') {
    t.is(held.removed.length, 11)
    t.regex(held.reason.message.en, /11 of 100/)
    t.regex(held.reason.message.fr, /11 postes sur 100/)
  }
  t.is(admit(present, { desired: after(89), diagnostics: [] }, true).kind, 'admitted')
})

test('a revision cannot lift the limit that it is measured by', (t) => {
  t.is(admit(present, { desired: after(50, { removalLimit: 1 }), diagnostics: [] }, false).kind, 'held')
})

test('a machine under another name is not removed', (t) => {
  const renamed = park(
    pcs(100).map((one) => ({ ...machine(one.id.replace('b204', 'b205')), mac: one.mac })),
    {},
    'after',
  )
  t.is(admit(present, { desired: renamed, diagnostics: [] }, false).kind, 'admitted')
})
