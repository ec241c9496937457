/** What the loop keeps of a rollout's numbers is what would be counted anew. */
import test from 'ava'
import fc from 'fast-check'
import { createRunningTally } from '../../reconciler/loop/running-tally.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import { tallyRollout } from '../../reconciler/rollout-tally.ts'
import { course } from '../reconciler/sample-rollout.ts'
import { everybody, play, stories } from './arbitrary-rollout.ts'
import { holds } from './holds.ts'

test('whatever happens, asking only those machines to which it happened comes to the same', (t) => {
  holds(
    t,
    fc.property(stories, ({ happenings, ...parts }) => {
      const made = course(everybody, parts)
      const kept = createRunningTally()
      const step = (): void => {
        made.step({
          count: (steering) => {
            const anew = tallyRollout(steering, made.evidence, made.now)
            t.deepEqual(kept.count(steering, made.evidence, made.now), anew)
            return anew
          },
        })
      }
      step()
      for (const one of happenings) {
        play(made, one)
        if (one.kind === 'fate') for (const id of one.ids) kept.touch(id as MachineId)
        step()
      }
    }),
  )
})
