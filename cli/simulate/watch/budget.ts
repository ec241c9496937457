import type { Change } from '../../../reconciler/model/change.ts'
import type { Instant, MachineId } from '../../../reconciler/model/ids.ts'
import type { Rollout } from '../../../reconciler/model/rollout.ts'
import { assignWaves, policyOf } from '../../../reconciler/rollout-waves.ts'
import { changesContent } from '../../../specs/composite.ts'
import type { Desired, DesiredMachine } from '../../../specs/desired.ts'
import type { TrueProgress } from './progress.ts'
import { isWake, isWaking, type Report, type Watch } from './rule.ts'

export type BudgetWatch = Watch & {
  /** From now on this revision makes its way. */
  begin(base: Desired | undefined, next: Desired): void
  /** Whether the machine may have it. */
  isOpen(machine: MachineId): boolean
}

/** A PC gets nothing of a revision before its wave is open, and none is begun any more once too many failed that it was tried on. */
export const watchBudget = (
  progress: TrueProgress,
  noticedWithinMs: number,
  now: () => Instant,
  report: Report,
): BudgetWatch => {
  let base: Desired | undefined
  let next: Desired | undefined
  let waveOf: ReadonlyMap<MachineId, number> = new Map()
  let limit: number | undefined
  const opened = new Set<number>()
  let going = false
  /** When the loop began with each machine: an order that was lost on its way was in flight. */
  const begunAt = new Map<MachineId, Instant>()

  const early = (machine: MachineId, changes: readonly Change[]): void => {
    const wave = waveOf.get(machine)
    const [before, after] = [base?.machines.get(machine), next?.machines.get(machine)]
    if (wave === undefined || opened.has(wave) || !after) return
    const news = changes.find((change) => brings(change, after) && !(before && brings(change, before)))
    if (news) report('early', machine, `${news.facet} ${news.item}, wave ${wave + 1}`)
  }

  const overspent = (machine: MachineId, sentAt: Instant): void => {
    if (limit === undefined || !going) return
    const known = sentAt - noticedWithinMs
    let failed = 0
    for (const id of progress.failed) {
      const { failedAt = sentAt, running = true } = progress.tried.get(id) ?? {}
      if (id !== machine && failedAt <= known && !running) failed += 1
    }
    if (failed > 0 && failed / Math.max(1, progress.tried.size) >= limit)
      report('budget', machine, `${failed} of ${progress.tried.size} had failed`)
  }

  return {
    isOpen: (machine) => opened.has(waveOf.get(machine) ?? -1),
    begin: (before, after) => {
      base = before
      next = after
      const policy = policyOf(after.park)
      waveOf = assignWaves(policy, after.machines)
      limit = policy.pauseAtFailureShare
      opened.clear()
      for (const index of openAtOnce(before, after, policy.waves, waveOf)) opened.add(index)
      begunAt.clear()
      going = true
    },
    told: (told) => {
      if (told.kind === 'started' && !begunAt.has(told.action.machine) && !isWaking(told.action))
        begunAt.set(told.action.machine, now())
      if (told.kind !== 'rollout') return
      const { rollout } = told
      // What is over spends nothing any more: who follows later follows at once.
      if (rollout.isRollback || !['running', 'paused', 'closing'].includes(rollout.phase.kind)) going = false
      for (const index of openWaves(rollout)) opened.add(index)
    },
    saw: (happened) => {
      if (happened.kind !== 'started' || isWake(happened)) return
      const { machine, action, sentAt } = happened
      early(machine, action.changes)
      const one = progress.tried.get(machine)
      const isFirst = one === undefined || one.firstAt === happened.at
      if (isFirst && opened.has(waveOf.get(machine) ?? -1))
        overspent(machine, Math.min(sentAt, begunAt.get(machine) ?? sentAt))
    },
  }
}

/** A rollout begins with waves open: those that bring nothing to anybody, and the first that does, unless a person is asked first. */
const openAtOnce = (
  base: Desired | undefined,
  next: Desired,
  waves: readonly { readonly approval: boolean }[],
  waveOf: ReadonlyMap<MachineId, number>,
): readonly number[] => {
  const changed = new Set<number>()
  for (const [id, machine] of next.machines)
    if (changesContent(base?.machines.get(id), machine)) changed.add(waveOf.get(id) ?? waves.length)
  const first = Math.min(...changed)
  return Array.from({ length: waves.length + 1 }, (_, index) => index).filter(
    (index) => index < first || (index === first && waves[index]?.approval !== true),
  )
}

const openWaves = ({ waves, isRollback }: Rollout): readonly number[] =>
  isRollback ? [] : waves.flatMap(({ openedAt }, index) => (openedAt === undefined ? [] : [index]))

/** Whether the change leads to what this spec says, and not only to something that it does not mind. */
const brings = (change: Change, { profile }: DesiredMachine): boolean => {
  switch (change.facet) {
    case 'disk':
      return profile.disk?.manifest === change.to
    case 'packages': {
      const want = profile.packages.get(change.item)?.want
      if (want === undefined) return false
      const to = want.kind === 'version' ? want.version : want.kind === 'absent' ? null : want.kind
      return to === change.to
    }
    case 'scripts':
      return profile.scripts.get(change.item)?.digest === change.to
    case 'reset':
    case 'identity':
    case 'power':
      return false
  }
}
