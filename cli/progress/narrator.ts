import type { LoopProgress } from '../../reconciler/loop/progress.ts'
import type { MachineId, Revision } from '../../reconciler/model/ids.ts'
import type { DiskProgress } from '../../reconciler/model/outcome.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import { percentOf } from './disk-progress.ts'
import type { View } from './happening.ts'
import { createRolloutNews } from './rollout-news.ts'

/** Puts what the loop tells into what a view shows: a plan names every machine each time, and only what changed is news. */
export type Narrator = {
  tell(progress: LoopProgress): void
  counts(): { readonly machines: number; readonly converged: number }
  /** The newest revision was not taken: what machines have is an older one. */
  refused(): boolean
}

export const createNarrator = (view: View): Narrator => {
  const decided = new Map<MachineId, { readonly decision: Decision; readonly gist: string }>()
  const imaging = new Map<MachineId, { readonly phase: string; readonly percent: number }>()
  const rollouts = createRolloutNews()
  let told: Revision | undefined
  let refused = false

  /** The imager reports every second: a step of one per cent is news. */
  const imagingNews = (machine: MachineId, progress: DiskProgress): void => {
    const before = imaging.get(machine)
    const phase = `${progress.phase} ${progress.partition ?? ''}`
    const percent = percentOf(progress)
    if (before?.phase === phase && before.percent === percent) return
    imaging.set(machine, { phase, percent })
    view.show({ kind: 'imaging', machine, progress, isNewPhase: before?.phase !== phase })
  }

  return {
    tell: (progress) => {
      switch (progress.kind) {
        case 'target': {
          const { revision } = progress.target
          // The next wave of a rollout is a target of its own; what is decided of the other machines stays as it was.
          if (revision === told) return
          told = revision
          decided.clear()
          refused = false
          return view.show({ kind: 'revision', revision, machines: progress.machines })
        }
        case 'rollout':
          for (const news of rollouts.of(progress.rollout, progress.tally)) view.show(news)
          return
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
          if (progress.progress.disk !== undefined)
            return imagingNews(progress.machine, progress.progress.disk)
          return view.show({ kind: 'progress', machine: progress.machine, progress: progress.progress })
        case 'ended':
          // Whatever is decided next is news, also if it is what was decided before the action.
          decided.delete(progress.action.machine)
          imaging.delete(progress.action.machine)
          return view.show(progress)
        case 'waiting':
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
