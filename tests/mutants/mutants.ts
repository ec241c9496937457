/** Rules broken on purpose, one at a time: a suite that stays green without a rule does not guard it. */
import type { Rule } from '../../cli/simulate/watch/rule.ts'

export type Mutant = {
  readonly name: string
  /** From the project's root. */
  readonly file: string
  /** Stands in the file exactly once, else the mutant has been overtaken by the code. */
  readonly from: string
  readonly to: string
  /** Which rules of a simulation it breaks: the first that is seen must be one of these. */
  readonly breaks: readonly Rule[]
}

const gates = 'reconciler/gates.ts'
const standing = 'reconciler/rollout-standing.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'no window is asked about',
    file: gates,
    from: "  { name: 'window', guards: 'changes', judge: judgeWindow },\n",
    to: '',
    breaks: ['window'],
  },
  {
    name: 'a session is no reason to wait',
    file: gates,
    from: "  { name: 'occupied', guards: 'changes', judge: judgeOccupied },\n",
    to: '',
    breaks: ['occupied'],
  },
  {
    name: 'a pause stops nobody',
    file: gates,
    from: "  { name: 'suspended', guards: 'changes', judge: judgeSuspended },\n",
    to: '',
    breaks: ['paused'],
  },
  {
    name: 'a rollout that has stopped itself goes on',
    file: gates,
    from: "  { name: 'budget', guards: 'changes', judge: judgeRollout('budget') },\n",
    to: '',
    breaks: ['budget'],
  },
  {
    name: 'failures are not counted',
    file: 'reconciler/rollout-tally.ts',
    from: 'return tried === 0 ? 0 : tally.failed / tried',
    to: 'return tried === 0 ? 0 : 0 * tally.failed',
    breaks: ['budget'],
  },
  {
    name: 'everybody gets the new revision at once',
    file: 'reconciler/loop/target.ts',
    from: 'const desired = composite(base, next, (machine) => isAdmitted(steering, machine))',
    to: 'const desired = composite(base, next, () => true)',
    breaks: ['early'],
  },
  {
    name: 'the next wave opens without waiting for the one before',
    file: 'reconciler/rollout.ts',
    from: 'isReached = next.passedAt !== undefined',
    to: 'isReached = true',
    breaks: ['early'],
  },
  {
    name: 'what was tried counts as well without being seen',
    file: standing,
    from: "  if (readAt(observed) <= endedAt) return 'not'\n",
    to: "  if (readAt(observed) <= endedAt) return 'well'\n",
    breaks: ['unknown-success'],
  },
  {
    name: 'PCs obey older orders',
    file: 'providers/simulated/record.ts',
    from: "    if (fence && isOlder(action.fence, fence)) return { kind: 'fence-older' }\n",
    to: '',
    breaks: ['fence'],
  },
  {
    name: 'PCs do again what they are told twice',
    file: 'providers/simulated/record.ts',
    from: "    if (known) return { kind: 'joined', outcome: told(known, action) }\n",
    to: '',
    breaks: ['twice'],
  },
]
