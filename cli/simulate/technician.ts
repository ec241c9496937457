/** The person in charge: approves waves in the morning, pauses what is in the way, and mends things once nothing goes wrong any more. */
import type { VirtualClock } from '../../providers/simulated/clock.ts'
import { between } from '../../providers/simulated/random.ts'
import type { Instant, RolloutOrderId } from '../../reconciler/model/ids.ts'
import type { Pause, Scope } from '../../reconciler/model/plan.ts'
import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import type { Random } from '../../reconciler/ports.ts'
import { failureShare, type RolloutTally } from '../../reconciler/rollout-tally.ts'
import type { Desired } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { beginEpoch } from '../new-epoch.ts'
import type { Hub } from './hub.ts'

export type TechnicianParts = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly hub: Hub
  readonly desired: Desired
  /** How the rollout stands. */
  readonly tally: () => RolloutTally | undefined
  /** Pauses parts of the park now and then. */
  readonly pauses: boolean
  readonly paused: (pause: Pause) => void
  readonly resumed: (scope: Scope, at: Instant) => void
  readonly ordered: (kind: RolloutOrder['kind']) => void
}

export type Technician = {
  /** Once an hour. */
  visit(): Promise<void>
  /** The store was set back: the PCs obey a newer one. */
  restored(): void
  /** From now on everything that stopped is set going again. */
  mend(): Promise<void>
}

const who = 'claire'
const hourMs = 3_600_000
/** How long it takes until somebody sees that PCs refuse a restored store. */
const noticesAfterMs = hourMs
/** To read what the PCs said, and to go there. */
const looksIntoItMs = 3 * hourMs
const bearableFailures = 2
const bearableShare = 0.08
const pauseShare = 0.04
const retriesEveryMs = 6 * hourMs

export const createTechnician = (parts: TechnicianParts): Technician => {
  const { clock, random, hub, desired } = parts
  let restoredAt: Instant | undefined
  let mending = false
  let orders = 0
  let retriedAt: Instant = Number.NEGATIVE_INFINITY
  const own: Pause[] = []

  const order = async (rollout: Rollout, kind: RolloutOrder['kind']): Promise<void> => {
    orders += 1
    const at = clock.now()
    const id = `order-${at}-${orders}` as RolloutOrderId
    await hub.store().addRolloutOrder(
      { id, rollout: rollout.id, kind, who, at },
      {
        at,
        kind: 'rollout-ordered',
        actor: who,
        message: say(`Ordered: ${kind}`, `Ordre donné\u00a0: ${kind}`),
        data: { order: kind },
      },
    )
    parts.ordered(kind)
  }

  const leadRollout = async (): Promise<void> => {
    const [rollout] = await hub.store().rollouts(1)
    if (rollout === undefined) return
    const { phase, waves, heldSites } = rollout
    if (phase.kind === 'paused') {
      if (mending || isBearable(phase.at)) await order(rollout, 'resume')
      return
    }
    if (phase.kind !== 'running') return
    if (mending && Object.keys(heldSites).length > 0) await order(rollout, 'resume')
    const asks = waves.some(
      ({ awaitsApprovalSince, approvedBy }) => awaitsApprovalSince !== undefined && approvedBy === undefined,
    )
    if (asks) await order(rollout, 'approve')
  }

  /** One PC that failed for a reason of its own is no reason to stop a region: who has looked into it lets it go on. */
  const isBearable = (pausedAt: Instant): boolean => {
    const tally = parts.tally()
    if (tally === undefined || clock.now() < pausedAt + looksIntoItMs) return false
    return tally.total.failed <= bearableFailures || failureShare(tally.total) < bearableShare
  }

  const endEpoch = async (): Promise<void> => {
    if (restoredAt === undefined || clock.now() < restoredAt + noticesAfterMs) return
    const target = await hub.store().target()
    if (target === undefined) return
    const why = 'store restored from yesterday'
    const moved = await beginEpoch(hub.store(), target, { at: clock.now(), who, why })
    if (moved) restoredAt = undefined
    hub.wake()
  }

  const somewhere = (): Scope => {
    const machines = [...desired.machines.values()]
    const machine = machines[Math.floor(random() * machines.length)]
    if (machine === undefined) return { kind: 'park' }
    switch (Math.floor(random() * 5)) {
      case 0:
        return { kind: 'park' }
      case 1:
        return { kind: 'lycee', id: machine.site }
      case 2:
      case 3:
        return { kind: 'room', id: machine.room }
      default:
        return { kind: 'machine', id: machine.id }
    }
  }

  const setPause = async (): Promise<void> => {
    const at = clock.now()
    const until = at + Math.round(between(random, 2, 14)) * hourMs
    const pause: Pause = { scope: somewhere(), who, why: 'examen blanc', at, until }
    await hub.store().setPause(pause)
    own.push(pause)
    parts.paused(pause)
  }

  const clearPauses = async (): Promise<void> => {
    for (const { scope } of own) {
      await hub.store().clearPause(scope)
      parts.resumed(scope, clock.now())
    }
    own.length = 0
  }

  /** Whoever has repaired what failed says so. */
  const retry = async (): Promise<void> => {
    if (clock.now() < retriedAt + retriesEveryMs) return
    retriedAt = clock.now()
    for (const [machine, { backoffs }] of await hub.store().history())
      if (backoffs.length > 0) await hub.store().clearBackoffs(machine)
    hub.wake()
  }

  return {
    visit: async () => {
      if (!hub.isAlive()) return
      await endEpoch()
      const hour = new Date(clock.now()).getUTCHours()
      const isWorking = hour >= 6 && hour < 16
      if (isWorking || mending) await leadRollout()
      if (mending) await retry()
      else if (parts.pauses && random() < pauseShare) await setPause()
    },
    restored: () => {
      restoredAt = clock.now()
    },
    mend: async () => {
      mending = true
      await clearPauses()
    },
  }
}
