import test from 'ava'
import { createEstimates, kindOf } from '../../reconciler/duration.ts'
import { measured } from '../../reconciler/measured.ts'
import type { Change, PackageChange, PowerChange } from '../../reconciler/model/change.ts'
import type { PaceCount } from '../../reconciler/model/duration.ts'
import type { PackageName, ScriptName } from '../../reconciler/model/ids.ts'
import type { Hardware } from '../../reconciler/model/observed.ts'
import type { Outcome, StepResult } from '../../reconciler/model/outcome.ts'
import { durationsOf, paceOf, paceStep } from '../../reconciler/pace.ts'
import { plan } from '../../reconciler/plan.ts'
import { reportPlan } from '../../reconciler/plan-report.ts'
import type { DesiredSite } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { restore } from './sample-changes.ts'
import {
  capacity,
  digest,
  everyDay,
  facts,
  machine,
  machineId,
  now,
  park,
  planInput,
  profile,
  siteId,
  up,
  wantedPackage,
  weekly,
} from './sample-park.ts'

const minuteMs = 60_000
const old: Hardware = { ...facts().hardware, vendor: 'HP', model: 'dc7900' }
const fast: Hardware = { ...facts().hardware, vendor: 'HP', model: 'ProDesk 400' }

const siteNamed = (id: string, more: Partial<DesiredSite> = {}): DesiredSite => {
  const site = park([machine(`${id}/a1-01`)], {
    capacity: capacity({ images: 8, lanBitsPerSecond: 1e9 }),
    ...more,
  }).sites.get(siteId(id))
  if (site === undefined) throw new Error('no site')
  return site
}
const hugo = siteNamed('hugo')
const zola = siteNamed('zola')

const install = (name: string): PackageChange => ({
  facet: 'packages',
  item: name as PackageName,
  source: name,
  operation: 'install',
  from: null,
  to: 'present',
  effect: 'quiet',
})

const script: Change = {
  facet: 'scripts',
  item: 'proxy' as ScriptName,
  cause: 'changed',
  from: null,
  to: digest('proxy'),
  effect: 'quiet',
}

const count = (step: number, more: Partial<PaceCount> = {}): PaceCount => ({
  kind: 'packages',
  model: 'HP ProDesk 400',
  site: hugo.id,
  step,
  times: 20,
  ...more,
})

const neededMs = (counts: readonly PaceCount[], site: DesiredSite, hardware?: Hardware): number =>
  createEstimates(durationsOf(counts))(site, hardware).neededMs([install('vim')])

const assumed = neededMs([], hugo)
const paced = (step: number): number => Math.ceil(assumed * paceOf(step))

test('where nothing was measured, old hardware is assumed', (t) => {
  t.is(neededMs([], hugo, fast), assumed)
  t.is(assumed, 105_000)
})

test('the most specific measurement answers: model at this lycée, model, lycée, any', (t) => {
  const counts = [count(-20), count(-10, { site: zola.id }), count(5, { model: 'HP dc7900', site: zola.id })]
  t.is(neededMs(counts, hugo, fast), paced(-20))
  t.is(neededMs(counts, zola, fast), paced(-10))
  t.is(neededMs(counts, hugo, old), paced(5), 'this model, as measured at another lycée')
  t.is(neededMs(counts, hugo), paced(-20), 'a PC that was never seen: any at this lycée')
  t.is(neededMs(counts, siteNamed('jules-haag')), paced(5), 'another lycée: any at all')
})

test('fewer than eight samples say nothing: then a wider scope answers', (t) => {
  const few = count(-20, { times: 7 })
  t.is(neededMs([few], hugo, fast), assumed)
  t.is(neededMs([few, count(3, { model: 'HP dc7900' })], hugo, fast), paced(3))
  t.is(neededMs([count(-20, { times: 8 })], hugo, fast), paced(-20))
})

test('the pace is that within which nine in ten were done, and one that hung does not count', (t) => {
  t.is(
    neededMs([count(-20, { times: 89 }), count(-2, { times: 10 }), count(29, { times: 1 })], hugo, fast),
    paced(-2),
  )
  t.is(neededMs([count(-20, { times: 91 }), count(29, { times: 9 })], hugo, fast), paced(-20))
})

test('counts of several stores are added up', (t) => {
  const halves = [count(-20, { times: 4 }), count(-20, { times: 4 })]
  t.deepEqual(durationsOf(halves), durationsOf([count(-20, { times: 8 })]))
})

for (const [tookMs, expectedMs] of [
  [105_000, 105_000],
  [50_000, 105_000],
  [106_000, 105_000],
  [1_000_000, 105_000],
] as const) {
  test(`a pace of ${tookMs} in ${expectedMs} ms is kept to within a tenth, on the long side`, (t) => {
    const kept = paceOf(paceStep(tookMs, expectedMs)) * expectedMs
    t.true(kept >= tookMs - 1)
    t.true(kept <= tookMs * 1.1 + 1)
  })
}

const done = (change: Change, durationMs: number, more: Partial<StepResult> = {}): StepResult => ({
  change,
  ok: true,
  output: '',
  durationMs,
  ...more,
})
const complete = (...results: readonly StepResult[]): Outcome => ({ kind: 'complete', results, at: now })

test('packages of one action are one sample, and each script is its own kind', (t) => {
  const outcome = complete(done(install('vim'), 60_000), done(install('zsh'), 15_000), done(script, 12_000))
  t.deepEqual(measured(outcome, hugo, fast), [
    { kind: 'packages', model: 'HP ProDesk 400', site: hugo.id, step: paceStep(75_000, 150_000) },
    { kind: 'scripts/proxy', model: 'HP ProDesk 400', site: hugo.id, step: paceStep(12_000, 120_000) },
  ])
})

test('what is measured is what is expected next time', (t) => {
  const outcome = complete(done(restore(1e9), 9 * minuteMs, { fetchedBytes: 2e9 }))
  const counts = measured(outcome, hugo, fast).map((sample) => ({ ...sample, times: 10 }))
  const estimate = createEstimates(durationsOf(counts))(hugo, fast)
  const again = estimate.neededMs([restore(2e9)])
  t.true(again >= 9 * minuteMs && again <= 9.9 * minuteMs, `${again}`)
  t.true(estimate.neededMs([restore(4e9)]) > again)
})

test('a disk takes longer where the server’s link is narrower, or more are written at once', (t) => {
  const of = (more: Parameters<typeof capacity>[0]): number =>
    createEstimates()(siteNamed('hugo', { capacity: capacity(more) }), undefined).neededMs([restore(8e9)])
  const usual = of({ images: 8, lanBitsPerSecond: 1e9 })
  t.true(of({ images: 8, lanBitsPerSecond: 500e6 }) > usual)
  t.true(of({ images: 16, lanBitsPerSecond: 1e9 }) > usual)
  t.true(of({ images: 4, lanBitsPerSecond: 1e9 }) < usual)
})

test('of failed work nothing is learnt, but that it takes longer than the time it had', (t) => {
  const failed = (code: string): Outcome => {
    const reason = { code, message: say('No.', 'Non.') }
    const result = done(script, 3_600_000, { ok: false, reason })
    return { kind: 'failed', class: 'retry', reason, results: [result], at: now }
  }
  t.deepEqual(measured(failed('script-failed'), hugo, fast), [])
  t.is(measured(failed('deadline-exceeded'), hugo, fast)[0]?.step, 29)
  t.deepEqual(measured(complete(done(script, 0)), hugo, fast), [], 'a message that was for another process')
  const reason = { code: 'x', message: say('No.', 'Non.') }
  t.deepEqual(measured({ kind: 'refused', reason, at: now }, hugo, fast), [])
})

test('waking has a pace of its own, and a PC without a name of its model is counted without', (t) => {
  const wake: PowerChange = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }
  const [sample] = measured(complete(done(wake, 45_000)), hugo, undefined)
  t.like(sample, { kind: 'power/wake', model: '' })
  const counts = [count(-14, { kind: 'power/wake' })]
  t.is(createEstimates(durationsOf(counts))(hugo, fast).wakeMs, Math.ceil(180_000 * paceOf(-14)))
  t.is(kindOf(restore(1)), 'disk/restore')
})

const id = 'hugo/b204-01'
const vim = profile({
  packages: [wantedPackage('vim')],
  windows: [weekly(everyDay, '08:00', '10:01')],
})
const room = park([machine(id, vim)])
const seen = up(id, facts({ hardware: fast }))

test('what was measured decides what still fits into the window', (t) => {
  const decide = (counts: readonly PaceCount[]) =>
    plan(planInput(room, [seen], { durations: durationsOf(counts) })).decisions.get(machineId(id))
  t.like(decide([]), { kind: 'held', by: 'window', reason: { code: 'window-too-short' } })
  t.like(decide([count(-10)]), { kind: 'act', takesMs: paced(-10) })
  t.like(decide([count(-5)]), { kind: 'held', by: 'window' }, 'one minute is left, and it takes 65 s')
})

test('a plan for people tells the time of the measured hardware', (t) => {
  const input = planInput(room, [seen], { durations: durationsOf([count(-10)]) })
  t.is(reportPlan(room, plan(input), undefined, input).counts.workMs, paced(-10))
  t.is(reportPlan(room, plan(input)).counts.workMs, assumed)
})
