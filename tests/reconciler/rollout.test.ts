/** Whether a rollout goes on, waits, stops or ends: one step of `advance` after the other, on paper. */
import test from 'ava'
import type { MachineId, RolloutId, SiteId } from '../../reconciler/model/ids.ts'
import { type Advance, isShownNowhere } from '../../reconciler/rollout.ts'
import { type Course, type CourseParts, course, hour, minute } from './sample-rollout.ts'

const names = (lycee: string, room: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${lycee}/${room}-${String(index + 1).padStart(2, '0')}`)

const canary = names('hugo', 'b204', 3)
const others = names('zola', 'a1', 10)
const twoWaves = { waves: [{ rooms: ['b204'] }, { percent: 100 }], soakMs: hour }

/** The canary's wave is open. */
const begun = (more: CourseParts['rollout'] = {}, parts: CourseParts = {}): Course => {
  const made = course([...canary, ...others], { ...parts, rollout: { ...twoWaves, ...more } })
  made.settle()
  return made
}

/** The canary was well for its soak time, and the others’ wave is open. */
const halfWay = (more: CourseParts['rollout'] = {}, parts: CourseParts = {}): Course => {
  const made = begun(more, parts)
  made.fate('well', ...canary)
  made.settle()
  made.pass(made.rollout.policy.waves[0]?.soakMs ?? 0)
  made.settle()
  return made
}

const openWaves = ({ rollout }: Course): readonly number[] =>
  rollout.waves.flatMap(({ openedAt }, index) => (openedAt === undefined ? [] : [index + 1]))

const kinds = ({ news }: Advance): readonly string[] => news.map(({ kind }) => kind)

const codeOf = ({ rollout: { phase } }: Course): string =>
  phase.kind === 'paused' ? phase.reason.code : phase.kind

test('the first wave opens at once, under the fence of the target that says so', (t) => {
  const made = course([...canary, ...others], { rollout: twoWaves })
  const { moves, rollout, news } = made.step()
  t.is(moves, 'target')
  t.deepEqual(rollout.waves, [
    { machines: 3, openedAt: made.now, fence: { epoch: 1, generation: 8 } },
    { machines: 10 },
    { machines: 0 },
  ])
  t.deepEqual(
    news.map(({ kind, message }) => [kind, message.en, message.fr]),
    [['wave-opened', 'Wave 1 of 2 opens: 3 machines.', 'La vague 1 sur 2 s’ouvre\u00a0: 3 postes.']],
  )
  t.is(made.step().moves, 'nothing')
})

test('a wave that is well is noted, and the next opens when it has stayed so for the soak time', (t) => {
  const made = begun()
  made.fate('well', ...canary)
  const met = made.step()
  t.is(met.moves, 'notes', 'no machine may have anything else because of it')
  t.is(met.lookAgainAt, made.now + hour)
  made.pass(hour - 1)
  t.is(made.step().moves, 'nothing')
  made.pass(1)
  const passed = made.step()
  t.is(passed.moves, 'target')
  t.deepEqual(kinds(passed), ['wave-passed', 'wave-opened'])
  t.deepEqual(openWaves(made), [1, 2])
  t.not(made.rollout.waves[1]?.fence?.generation, made.rollout.waves[0]?.fence?.generation)
})

test('a wave that is not well any more soaks anew from when it is again', (t) => {
  const made = begun({ pauseAtFailureShare: 0.9 })
  made.fate('well', ...canary)
  made.settle()
  made.pass(50 * minute)
  made.fate('under way', ...canary.slice(1))
  made.settle()
  t.is(made.rollout.waves[0]?.metSince, undefined)
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1])
  made.fate('well', ...canary)
  made.settle()
  const since = made.now
  t.is(made.rollout.waves[0]?.metSince, since)
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('errors come before successes: a wave that has soaked does not pass in the step in which too much has failed', (t) => {
  const made = begun()
  made.fate('well', ...canary)
  made.settle()
  made.pass(hour)
  made.fate('failed', canary[0] ?? '')
  const step = made.step()
  t.deepEqual(openWaves(made), [1])
  t.is(codeOf(made), 'too-many-failures')
  t.is(step.moves, 'target')
  t.deepEqual(kinds(step), ['rollout-paused'])
  t.regex(step.news[0]?.message.en ?? '', /failed on 1 of the 3 machines on which it was tried \(limit 5%\)/)
  t.is(step.lookAgainAt, undefined, 'time alone changes nothing now')
})

test('what is not known is no success: nothing opens while nobody reports', (t) => {
  const made = begun()
  made.pass(2 * 24 * hour)
  made.settle()
  t.deepEqual(openWaves(made), [1])
  t.is(made.rollout.waves[0]?.metSince, undefined)
})

test('who was changed and not seen since has failed when its time to come back is over', (t) => {
  const made = begun({ healthMs: 10 * minute })
  made.fate('silent', ...canary)
  const step = made.step()
  t.is(made.rollout.phase.kind, 'running')
  t.is(step.lookAgainAt, made.now + minute, 'it is asked again soon')
  made.pass(10 * minute)
  made.settle()
  t.is(codeOf(made), 'too-many-failures')
})

const shares: readonly (readonly [failed: number, well: number, limit: number, stops: boolean])[] = [
  [1, 9, 0.1, true],
  [1, 9, 0.11, false],
  [1, 0, 1, true],
  [0, 10, 0, false],
  [1, 9, 0, true],
]

for (const [failed, well, limit, stops] of shares) {
  test(`${failed} failed beside ${well}: at a limit of ${limit} it ${stops ? 'stops' : 'goes on'}`, (t) => {
    const made = begun({ waves: [{ percent: 100 }], pauseAtFailureShare: limit })
    made.fate('failed', ...others.slice(0, failed))
    made.fate('well', ...others.slice(failed, failed + well))
    made.settle()
    t.is(made.rollout.phase.kind === 'paused', stops)
  })
}

test('those on which nothing was tried are neither successes nor failures', (t) => {
  const made = begun({ waves: [{ percent: 100 }], pauseAtFailureShare: 0.5 })
  made.fate('failed', others[0] ?? '')
  made.fate('unneeded', ...others.slice(1))
  made.settle()
  t.is(codeOf(made), 'too-many-failures', 'one of one')
})

test('failures are counted over the whole rollout, wave after wave', (t) => {
  const made = halfWay({ pauseAtFailureShare: 0.3, successShare: 0.5 })
  made.fate('failed', canary[0] ?? '', others[0] ?? '')
  made.fate('well', ...others.slice(1, 3))
  made.settle()
  t.is(codeOf(made), 'too-many-failures', 'two of six')
})

test('a wave that never gets well enough, though not enough failed to stop it, opens no other', (t) => {
  const made = begun({ waves: [{ lycees: ['zola'] }, { percent: 100 }], pauseAtFailureShare: 0.5 })
  made.fate('failed', ...others.slice(0, 2))
  made.fate('well', ...others.slice(2))
  made.settle()
  made.pass(2 * hour)
  made.settle()
  t.deepEqual(openWaves(made), [1])
  t.is(made.rollout.phase.kind, 'running', 'they may still be mended')
  made.fate('mended', others[0] ?? '')
  made.settle()
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('a wave that is not well by its deadline, and in which nothing is left to try, stops the rollout', (t) => {
  const made = begun({
    waves: [{ lycees: ['zola'] }, { percent: 100 }],
    pauseAtFailureShare: 0.5,
    deadlineMs: 24 * hour,
  })
  made.fate('failed', ...others.slice(0, 2))
  made.fate('well', ...others.slice(2))
  made.settle()
  made.pass(24 * hour)
  const step = made.step()
  t.is(codeOf(made), 'too-few-successes')
  t.regex(step.news[0]?.message.en ?? '', /of the 10 machines of wave 1 on which it was tried, 8 were well/)
  made.order('resume')
  made.settle()
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1, 2], 'who lets it go on has said that the failures do not count')
})

test('machines that nothing could be tried on hold a wave up until its deadline, and nobody after it', (t) => {
  const made = begun({ deadlineMs: 24 * hour })
  made.fate('well', ...canary.slice(1))
  t.is(made.step().lookAgainAt, (made.rollout.waves[0]?.openedAt ?? 0) + 24 * hour)
  made.pass(23 * hour)
  made.settle()
  t.deepEqual(openWaves(made), [1])
  made.pass(hour)
  made.settle()
  made.pass(hour)
  t.is(made.settle().tally.waves[0]?.deferred, 1)
  t.deepEqual(openWaves(made), [1, 2])
})

test('a wave that could reach nobody asks a person, and goes on when told to', (t) => {
  const made = begun({ deadlineMs: 24 * hour })
  made.pass(24 * hour)
  const asks = made.step()
  t.is(asks.moves, 'notes')
  t.like(asks.news[0], { kind: 'wave-awaits-approval', data: { code: 'wave-shows-nothing' } })
  made.pass(10 * 24 * hour)
  made.settle()
  t.deepEqual(openWaves(made), [1])
  made.order('approve')
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('who approved that a wave opens has not said that it may pass without showing anything', (t) => {
  const made = begun({
    waves: [{ rooms: ['b204'], approval: true }, { percent: 100 }],
    deadlineMs: 24 * hour,
  })
  made.order('approve')
  made.settle()
  t.deepEqual(openWaves(made), [1])
  made.pass(24 * hour)
  t.like(made.step().news[0], { kind: 'wave-awaits-approval', data: { code: 'wave-shows-nothing' } })
  made.settle()
  t.deepEqual(openWaves(made), [1])
  made.order('approve')
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('a question is dropped when the wave shows something after all', (t) => {
  const made = begun({
    waves: [{ rooms: ['b204'] }, { lycees: ['zola'], approval: true }, { percent: 100 }],
    deadlineMs: 24 * hour,
  })
  made.pass(24 * hour)
  made.settle()
  made.fate('well', ...canary)
  made.settle()
  made.order('approve')
  t.deepEqual(kinds(made.step()), ['rollout-order-refused'], 'there is nothing to approve any more')
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1], 'now it is the second wave that asks')
  made.order('approve')
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('a wave in which PCs were found as wanted has shown something, though others stayed off', (t) => {
  const made = begun({ deadlineMs: 24 * hour })
  made.fate('unneeded', ...canary.slice(1))
  made.pass(24 * hour)
  made.settle()
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('where the specs ask for it, a wave opens when a person has approved, and not before', (t) => {
  const made = halfWay({ approval: true })
  t.deepEqual(openWaves(made), [1])
  t.is(made.rollout.waves[1]?.awaitsApprovalSince, made.now)
  made.pass(100 * hour)
  t.is(made.step().moves, 'nothing')
  made.order('approve')
  const step = made.step()
  t.deepEqual([step.moves, kinds(step)], ['target', ['wave-opened']])
  t.is(made.rollout.waves[1]?.approvedBy, 'claire')
})

test('while a person has paused it nothing opens, whatever has soaked meanwhile', (t) => {
  const made = begun()
  made.fate('well', ...canary)
  made.settle()
  made.order('pause', { why: 'exam' })
  t.is(made.step().moves, 'target')
  made.pass(5 * hour)
  t.is(made.step().moves, 'nothing')
  t.deepEqual(openWaves(made), [1])
  made.order('resume')
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('failures do not stop again what a person has let go on after seeing them; a further one does', (t) => {
  const made = halfWay({ pauseAtFailureShare: 0.1 })
  made.fate('failed', others[0] ?? '')
  made.settle()
  t.is(codeOf(made), 'too-many-failures')
  made.order('resume')
  made.settle()
  t.is(made.rollout.phase.kind, 'running')
  t.deepEqual(made.rollout.accepted, [others[0] as MachineId])
  made.fate('failed', others[1] ?? '')
  made.settle()
  t.is(codeOf(made), 'too-many-failures')
})

test('a lycée in which much fails is held by itself, until a person lets it go on', (t) => {
  const made = halfWay({ pauseAtFailureShare: 0.9, lyceeFailureShare: 0.5 })
  made.fate('failed', others[0] ?? '')
  made.settle()
  t.deepEqual(made.rollout.heldSites, {}, 'one alone says little')
  made.fate('failed', others[1] ?? '')
  const step = made.step()
  t.deepEqual(made.rollout.heldSites, { ['zola' as SiteId]: made.now })
  t.is(step.moves, 'target')
  t.deepEqual(kinds(step), ['lycee-held'])
  t.is(made.rollout.phase.kind, 'running')
  t.is(made.step().moves, 'nothing')
  made.order('resume')
  made.settle()
  t.deepEqual(made.rollout.heldSites, {})
})

test('what fails in the canary’s lycée holds it too, and says nothing of the others', (t) => {
  const made = begun({
    waves: [{ percent: 100 }],
    pauseAtFailureShare: 0.9,
    lyceeFailureShare: 0.2,
  })
  made.fate('failed', ...canary.slice(0, 2))
  made.fate('well', ...others)
  made.settle()
  t.deepEqual(Object.keys(made.rollout.heldSites), ['hugo'])
})

test('lycées that are held in one step are told in one order, however machines are listed', (t) => {
  const told = [false, true].map((isReversed) => {
    const rollout = { waves: [{ percent: 100 }], pauseAtFailureShare: 0.9, lyceeFailureShare: 0.2 }
    const made = begun(rollout, { isReversed })
    made.fate('failed', ...canary.slice(0, 2), ...others.slice(0, 4))
    made.fate('well', ...others.slice(4))
    return made.step().news.map(({ data }) => data['site'])
  })
  t.deepEqual(told, [
    ['hugo', 'zola'],
    ['hugo', 'zola'],
  ])
})

test('a quiet revision that fails is taken back by itself where the specs allow it', (t) => {
  const failing = (rollback: 'quiet' | 'never', parts: CourseParts): Course => {
    const made = begun({ rollback }, parts)
    made.fate('failed', canary[0] ?? '')
    made.settle()
    return made
  }
  t.is(failing('quiet', { isQuiet: true }).rollout.phase.kind, 'rolled-back')
  t.is(
    failing('quiet', { isQuiet: false }).rollout.phase.kind,
    'paused',
    'imaging twice is worse than stopping',
  )
  t.is(failing('never', { isQuiet: true }).rollout.phase.kind, 'paused')
  t.is(failing('quiet', { isQuiet: true, isFirst: true }).rollout.phase.kind, 'paused', 'nothing was before')
})

for (const [order, end] of [
  ['abort', 'aborted'],
  ['rollback', 'rolled-back'],
] as const) {
  test(`${order}: first nothing more is started, then, with the next target, it is over`, (t) => {
    const made = begun()
    made.fate('under way', canary[0] ?? '')
    made.order(order, { why: 'printers later' })
    const first = made.step()
    t.like(made.rollout.phase, { kind: 'closing', to: end, who: 'claire', why: 'printers later' })
    t.deepEqual([first.moves, kinds(first), first.lookAgainAt], ['target', [], made.now])
    const second = made.step()
    t.like(made.rollout.phase, { kind: end, who: 'claire', why: 'printers later' })
    t.deepEqual([second.moves, kinds(second), second.lookAgainAt], ['target', ['rollout-ended'], undefined])
    t.deepEqual(openWaves(made), [1])
  })
}

test('a newer revision takes the place of one under way, paused or not', (t) => {
  for (const paused of [false, true]) {
    const made = begun()
    if (paused) made.order('pause')
    made.settle()
    made.step({ supersededBy: 'jeanne' })
    t.like(made.rollout.phase, { kind: 'closing', to: 'superseded', who: 'jeanne' })
    made.step({ supersededBy: 'jeanne' })
    t.like(made.rollout.phase, { kind: 'superseded', who: 'jeanne' })
    t.is(made.step({ supersededBy: 'jeanne' }).moves, 'nothing')
  }
})

test('what a person ends is ended so, though a newer revision waits', (t) => {
  const made = begun()
  made.order('rollback')
  made.step({ supersededBy: 'jeanne' })
  made.step({ supersededBy: 'jeanne' })
  t.like(made.rollout.phase, { kind: 'rolled-back', who: 'claire' })
})

test('orders are carried out in turn, all are answered, and those for another rollout are refused', (t) => {
  const made = begun()
  made.order('pause')
  made.order('pause')
  made.order('resume')
  made.order('abort', { rollout: 'another' as RolloutId })
  const step = made.step()
  t.is(step.served.length, 4)
  t.is(made.rollout.phase.kind, 'running')
  t.deepEqual(
    step.news.map(({ data, actor }) => [data['code'], actor]),
    [
      ['rollout-paused-already', 'claire'],
      ['rollout-over', 'claire'],
    ],
  )
  made.order('abort')
  made.settle()
  made.order('resume')
  const late = made.step()
  t.deepEqual(
    [late.moves, kinds(late)],
    ['notes', ['rollout-order-refused']],
    'served, so that it is not asked again',
  )
})

test('it is done when all waves have passed; machines may have what they may have already', (t) => {
  const made = halfWay()
  made.fate('well', ...others.slice(1))
  made.settle()
  made.pass(2 * hour)
  made.settle()
  t.is(made.rollout.phase.kind, 'running', 'the last wave is watched until nobody is left who could fail')
  made.fate('well', others[0] ?? '')
  made.settle()
  made.pass(hour)
  const step = made.step()
  t.like(made.rollout.phase, { kind: 'done', who: 'loop' })
  t.deepEqual([step.moves, kinds(step)], ['notes', ['wave-passed', 'rollout-ended']])
  t.regex(step.news[1]?.message.en ?? '', /done: 13 well, 0 failed, 0 to follow/)
  t.is(made.step().moves, 'nothing')
})

test('in the last wave, too, who stays off follows after the deadline', (t) => {
  const made = halfWay({ deadlineMs: 24 * hour })
  made.fate('well', ...others.slice(1))
  made.pass(25 * hour)
  made.settle()
  made.pass(hour)
  const step = made.step()
  t.is(made.rollout.phase.kind, 'done')
  t.regex(step.news.at(-1)?.message.en ?? '', /done: 12 well, 0 failed, 1 to follow/)
})

test('a revision that changes no machine is done at once, and tells nothing of its waves', (t) => {
  const everybody = [...canary, ...others]
  const made = course(everybody, { unchanged: everybody, rollout: { ...twoWaves, approval: true } })
  t.deepEqual(kinds(made.step()), ['rollout-ended'])
  t.is(made.rollout.phase.kind, 'done')
})

test('waves in which nobody changes are passed over', (t) => {
  const made = course([...canary, ...others], { unchanged: canary, rollout: twoWaves })
  t.deepEqual(kinds(made.step()), ['wave-opened'])
  t.deepEqual(openWaves(made), [1, 2])
  t.is(made.rollout.waves[0]?.machines, 0)
})

test('a park without waves has everybody at once, and nothing stops it', (t) => {
  const made = begun({ waves: [] })
  t.deepEqual(openWaves(made), [1])
  made.fate('failed', ...canary, ...others)
  made.settle()
  t.is(made.rollout.phase.kind, 'running')
  t.deepEqual(made.rollout.heldSites, {})
})

/** People let each wave pass in which nobody could be reached. */
const passedUnseen = (
  more: CourseParts['rollout'] = {},
): { readonly made: Course; readonly last: Advance } => {
  const made = begun({ deadlineMs: 24 * hour, ...more })
  let last: Advance | undefined
  for (let wave = 0; wave < 2; wave += 1) {
    made.pass(24 * hour)
    made.settle()
    made.order('approve')
    last = made.step()
    made.settle()
  }
  if (last === undefined) throw new Error('there is no step')
  return { made, last }
}

test('one that people let pass without a single try is done, and says that nothing was ever tried', (t) => {
  const { made, last } = passedUnseen()
  t.like(made.rollout.phase, { kind: 'done', untried: 13 })
  t.true(isShownNowhere(made.rollout))
  const end = last.news.find(({ kind }) => kind === 'rollout-ended')
  t.like(end?.data, { how: 'done', untried: 13 })
  t.regex(
    end?.message.en ?? '',
    /nothing was ever tried: 13 machines could not be reached\..*proviseur status/,
  )
  t.regex(end?.message.fr ?? '', /rien n’ait jamais été tenté\u00a0: 13 postes/)
})

test('one that is done while some were never reached keeps how many, and is shown all the same', (t) => {
  const made = begun({ deadlineMs: 24 * hour })
  made.fate('well', ...canary)
  made.settle()
  made.pass(hour)
  made.settle()
  made.fate('well', ...others.slice(2))
  made.pass(24 * hour)
  made.settle()
  made.pass(hour)
  const { news } = made.step()
  t.like(made.rollout.phase, { kind: 'done', untried: 2 })
  t.false(isShownNowhere(made.rollout))
  t.regex(news.at(-1)?.message.en ?? '', /11 well, 0 failed, 2 to follow, on which nothing was tried\./)
})

test('one that was tried everywhere has nothing untried to tell of', (t) => {
  const made = halfWay()
  made.fate('well', ...others)
  made.settle()
  made.pass(hour)
  made.settle()
  t.is(made.rollout.phase.kind, 'done')
  t.false('untried' in made.rollout.phase)
})

test('a wave that passes with accepted failures tells of them', (t) => {
  const made = begun({ pauseAtFailureShare: 0.3 })
  made.fate('failed', canary[0] as string)
  made.settle()
  t.is(codeOf(made), 'too-many-failures')
  made.order('resume')
  made.fate('well', ...canary.slice(1))
  made.settle()
  made.pass(2 * hour)
  const passed = made.step().news.find(({ kind }) => kind === 'wave-passed')
  t.is(passed?.message.en, 'Wave 1 of 2 has passed: 2 well, 0 failed, 1 accepted failure.')
  t.regex(passed?.message.fr ?? '', /0 en échec, 1 échec accepté\./)
})

test('PCs whose connection broke after their change hold their wave up until the deadline, and no longer', (t) => {
  const made = begun({ deadlineMs: 24 * hour })
  made.fate('well', ...canary.slice(1))
  made.fate('lost', canary[0] as string)
  made.settle()
  made.pass(23 * hour)
  made.settle()
  t.deepEqual(openWaves(made), [1])
  made.pass(hour)
  made.settle()
  made.pass(hour)
  made.settle()
  t.deepEqual(openWaves(made), [1, 2])
})

test('PCs that let nobody in after their change stop the rollout at the deadline', (t) => {
  const made = begun({ deadlineMs: 24 * hour })
  made.fate('well', canary[0] as string)
  made.fate('shut out', ...canary.slice(1))
  made.settle()
  t.is(made.rollout.phase.kind, 'running')
  made.pass(24 * hour)
  made.settle()
  t.is(codeOf(made), 'too-many-failures')
})

test('of those that follow later, only such on which nothing was tried are told as untried', (t) => {
  const made = begun({ deadlineMs: 24 * hour, waves: [{ percent: 100 }] })
  made.fate('lost', ...canary)
  made.fate('well', ...others.slice(1))
  made.pass(24 * hour)
  made.settle()
  made.pass(hour)
  const { news } = made.step()
  t.like(made.rollout.phase, { kind: 'done', untried: 1 })
  t.regex(news.at(-1)?.message.en ?? '', /9 well, 0 failed, 4 to follow, on 1 of which nothing was tried\./)
})
