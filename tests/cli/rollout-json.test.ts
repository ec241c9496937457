import test from 'ava'
import { printRolloutStatus } from '../../cli/output/rollout.ts'
import { rolloutStatusJson } from '../../cli/output/rollout-json.ts'
import { rolloutReport } from '../../reconciler/rollout-report.ts'
import { tallyRollout } from '../../reconciler/rollout-tally.ts'
import { type Course, course } from '../reconciler/sample-rollout.ts'
import { paper } from './paper.ts'

const pcs = Array.from({ length: 10 }, (_, index) => `hugo/a-0${index}`)

const reportOf = (made: Course) => {
  const { steering, evidence, now } = made
  const tally = tallyRollout(steering, evidence, now)
  return rolloutReport({ steering, evidence, tally, backoffs: () => [], now })
}

/** Eight failures that a person has accepted, and one more since. */
const withAccepted = (): Course => {
  const made = course(pcs, { rollout: { pauseAtFailureShare: 0.9 } })
  made.settle()
  made.fate('failed', ...pcs.slice(0, 8))
  made.settle()
  made.order('resume')
  made.settle()
  made.fate('well', 'hugo/a-09')
  made.fate('failed', 'hugo/a-08')
  made.settle()
  return made
}

test('programs read accepted failures apart from those that count, with all machines', (t) => {
  const told = rolloutStatusJson({ report: reportOf(withAccepted()), orders: [] }, 'en')
  t.like(told.total, { failed: 1, accepted: 8, succeeded: 1 })
  t.deepEqual(
    told.failures.map((one) => [one.machines, 'accepted' in one]),
    [
      [['hugo/a-08'], false],
      [pcs.slice(0, 8), true],
    ],
  )
})

test('people read the first of them, how many they are, and that they are accepted', (t) => {
  const { terminal, text } = paper()
  printRolloutStatus({ report: reportOf(withAccepted()), orders: [] }, 'en', terminal)
  t.regex(text(), /1 of 10 machines well, 1 failed, 8 accepted failures\./u)
  t.regex(text(), /✗ hugo\/a-08\n/u)
  t.regex(text(), /○ hugo\/a-00, .*hugo\/a-04, … \(\+3\) {2}8 machines, accepted\n/u)
})

test('a machine whose accepted failure was mended is no failure any more', (t) => {
  const made = withAccepted()
  made.fate('well', ...pcs)
  const report = reportOf(made)
  t.deepEqual([report.failures, report.accepted], [[], []])
})
