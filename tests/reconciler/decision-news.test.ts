import test from 'ava'
import { createDecisionNews } from '../../reconciler/loop/decision-news.ts'
import type { ActionId, Digest, MachineId, Revision } from '../../reconciler/model/ids.ts'
import type { Decision, GateName, Target } from '../../reconciler/model/plan.ts'
import type { NewEvent } from '../../reconciler/store/store.ts'
import { say } from '../../specs/text.ts'

const machine = 'lycee/b204-01' as MachineId

const target: Target = {
  fence: { epoch: 1, generation: 1 },
  parent: null,
  revision: 'c1' as Revision,
  desired: 'sha256:1' as Digest,
  at: 0,
}

const held = (by: GateName, code: string): Decision => ({
  kind: 'held',
  by,
  reason: { code, message: say(code, code) },
  changes: [],
})

const outside = held('window', 'outside-window')
const notItsWave = held('wave', 'wave-not-open')
const converged: Decision = { kind: 'converged', reported: [] }

const act: Decision = {
  kind: 'act',
  takesMs: 1_000,
  action: {
    id: 'a1' as ActionId,
    machine,
    fence: target.fence,
    content: target.desired,
    changes: [],
    expect: { packages: {} },
    deadline: 1_000,
  },
}

/** What the log tells of these decisions, one after the other. */
const told = async (...decisions: readonly Decision[]): Promise<readonly string[]> => {
  const log: NewEvent[] = []
  const news = createDecisionNews(
    { append: async (events) => void log.push(...events), latestPlan: async () => undefined },
    'loop',
  )
  for (const decision of decisions)
    await news.tell({ at: 0, target, decisions: new Map([[machine, decision]]) })
  return log.map(({ message }) => message.en)
}

test('a decision is told once, however often it is made', async (t) => {
  t.deepEqual(await told(outside, outside), ['outside-window'])
  t.is((await told(converged, converged)).length, 1)
})

test('what waits now for this and now for that is told of each once', async (t) => {
  t.deepEqual(await told(outside, notItsWave, outside, notItsWave), ['outside-window', 'wave-not-open'])
})

test('after something else was decided, a wait is told anew', async (t) => {
  const log = await told(outside, notItsWave, converged, notItsWave, outside)
  t.deepEqual(
    log.filter((text) => text === 'wave-not-open' || text === 'outside-window'),
    ['outside-window', 'wave-not-open', 'wave-not-open', 'outside-window'],
  )
  t.is(log.length, 5)
})

test('what is to be done is told when it begins, and what is decided after it is told anew', async (t) => {
  t.deepEqual(await told(outside, act, outside), ['outside-window', 'outside-window'])
  t.is((await told(converged, act, converged)).length, 2)
})

test('what passes by itself in a moment is told at no time, and interrupts nothing', async (t) => {
  t.deepEqual(await told(outside, held('in-flight', 'in-flight'), outside), ['outside-window'])
})
