import type { LoopProgress } from '../../reconciler/loop/progress.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import type { View } from './happening.ts'

/** Puts what the loop tells into what a view shows: a plan names every machine each time, and only what changed is news. */
export type Narrator = {
  tell(progress: LoopProgress): void
  counts(): { readonly machines: number; readonly converged: number }
  /** The newest revision was not taken: what machines have is an older one. */
  refused(): boolean
}

export const createNarrator = (view: View): Narrator => {
  const decided = new Map<MachineId, { readonly decision: Decision; readonly gist: string }>()
  let refused = false
  return {
    tell: (progress) => {
      switch (progress.kind) {
        case 'target':
          decided.clear()
          refused = false
          return view.show({
            kind: 'revision',
            revision: progress.target.revision,
            machines: progress.machines,
          })
        case 'revision-refused':
        case 'revision-held':
          refused = true
          return view.show({ kind: 'revision-refused', revision: progress.revision, reason: progress.reason })
        case 'planned':
          for (const [machine, decision] of progress.plan.decisions) {
            const gist = gistOf(decision)
            if (decided.get(machine)?.gist !== gist) view.show({ kind: 'decided', machine, decision })
            decided.set(machine, { decision, gist })
          }
          return
        case 'observed':
          return view.show(progress)
        case 'started':
          return view.show({ kind: 'acting', action: progress.action })
        case 'running':
          return view.show({ kind: 'progress', machine: progress.machine, progress: progress.progress })
        case 'ended':
          // Whatever is decided next is news, also if it is what was decided before the action.
          decided.delete(progress.action.machine)
          return view.show(progress)
        case 'trouble':
          return view.show({ kind: 'trouble', reason: progress.reason })
      }
    },
    counts: () => ({
      machines: decided.size,
      converged: [...decided.values()].filter(({ decision }) => decision.kind === 'converged').length,
    }),
    refused: () => refused,
  }
}

/** What makes a decision another one to a reader: not the minute until which it holds. */
const gistOf = (decision: Decision): string => {
  switch (decision.kind) {
    case 'converged':
      return decision.lastSeen === undefined ? 'converged' : 'converged off'
    case 'act':
      return `act ${decision.action.id}`
    case 'held':
      return `held ${decision.by} ${decision.reason.code}`
    case 'unknown':
    case 'stalled':
      return `${decision.kind} ${decision.reason.code}`
  }
}
