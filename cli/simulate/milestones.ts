/** What people would remember of a rollout: when it opened a wave, stopped, went on, ended. */
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Rollout } from '../../reconciler/model/rollout.ts'

export type Milestone =
  | { readonly at: Instant; readonly kind: 'opened'; readonly wave: number }
  | { readonly at: Instant; readonly kind: 'paused' | 'resumed' | 'done' | 'given-up' | 'calm' }

export type Milestones = {
  readonly all: readonly Milestone[]
  stood(rollout: Rollout, now: Instant): void
  calm(now: Instant): void
}

export const createMilestones = (): Milestones => {
  const all: Milestone[] = []
  const opened = new Set<string>()
  let before: Rollout | undefined
  return {
    all,
    stood: (rollout, now) => {
      for (const [index, wave] of rollout.waves.entries()) {
        const key = `${rollout.id} ${index}`
        if (rollout.isRollback || wave.openedAt === undefined || wave.machines === 0 || opened.has(key))
          continue
        opened.add(key)
        all.push({ at: now, kind: 'opened', wave: index + 1 })
      }
      const last = before?.id === rollout.id ? before.phase.kind : 'running'
      const kind = turn(last, rollout.phase.kind)
      if (kind !== undefined) all.push({ at: now, kind })
      before = rollout
    },
    calm: (now) => {
      all.push({ at: now, kind: 'calm' })
    },
  }
}

const turn = (
  before: Rollout['phase']['kind'],
  after: Rollout['phase']['kind'],
): Exclude<Milestone['kind'], 'opened'> | undefined => {
  if (before === after) return undefined
  switch (after) {
    case 'paused':
      return 'paused'
    case 'running':
      return 'resumed'
    case 'done':
      return 'done'
    case 'aborted':
    case 'rolled-back':
      return 'given-up'
    case 'closing':
    case 'superseded':
      return undefined
  }
}
