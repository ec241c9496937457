import test from 'ava'
import { createRolloutNews } from '../../cli/progress/rollout-news.ts'
import { tallyRollout } from '../../reconciler/rollout-tally.ts'
import { type Course, course, hour, minute } from '../reconciler/sample-rollout.ts'

const pcs = ['hugo/a-01', 'hugo/a-02', 'hugo/b-01', 'hugo/b-02']
const rooms = [{ rooms: ['a'] }, { percent: 100 }]

/** What is told of it as it is now. */
const told = (made: Course, news = createRolloutNews()): readonly string[] =>
  news.of(made.rollout, tallyRollout(made.steering, made.evidence, made.now)).map((one) => one.news)

test('of one that goes on, a watcher learns first that it is under way', (t) => {
  const made = course(pcs, { rollout: { waves: rooms } })
  made.settle()
  t.deepEqual(told(made), ['under-way'])
})

test('one that stops itself in its very first step is told as paused, with the reason', (t) => {
  const made = course(pcs, { rollout: { waves: rooms } })
  made.step()
  made.fate('failed', 'hugo/a-01')
  made.step()
  const tally = tallyRollout(made.steering, made.evidence, made.now)
  const [only, ...more] = createRolloutNews().of(made.rollout, tally)
  t.is(only?.news, 'rollout-paused')
  t.regex(only?.message.en ?? '', /has stopped itself: it failed on 1 of the 1/u)
  t.deepEqual(more, [])
})

test('one whose first wave waits for a person is told so at once, and once', (t) => {
  const made = course(pcs, { rollout: { waves: [{ percent: 100, approval: true }] } })
  made.settle()
  const news = createRolloutNews()
  t.deepEqual(told(made, news), ['wave-awaits-approval'])
  t.deepEqual(told(made, news), [])
  made.order('approve')
  made.settle()
  t.deepEqual(told(made, news), ['wave-opened'])
  t.deepEqual(told(made), ['under-way'], 'who sees it after that is not told of what was answered')
})

test('a lycée that is held when a rollout is first seen is told beside where it stands', (t) => {
  const made = course(pcs, { rollout: { lyceeFailureShare: 0.5, pauseAtFailureShare: 1 } })
  made.step()
  made.fate('well', 'hugo/a-01')
  made.fate('failed', 'hugo/a-02', 'hugo/b-01')
  made.step()
  t.deepEqual(told(made), ['under-way', 'lycee-held'])
})

test('one that has ended before anybody saw it is told by its end alone', (t) => {
  const made = course(pcs, { rollout: { waves: rooms, soakMs: minute } })
  made.step()
  made.fate('well', ...pcs)
  for (let turn = 0; turn < 6; turn += 1) {
    made.settle()
    made.pass(hour)
  }
  t.is(made.rollout.phase.kind, 'done')
  t.deepEqual(told(made), ['rollout-ended'])
})
