import type { Happened } from '../../../providers/simulated/witness.ts'
import type { Change } from '../../../reconciler/model/change.ts'
import type { Instant, MachineId } from '../../../reconciler/model/ids.ts'
import type { Fence } from '../../../reconciler/model/plan.ts'
import type { Desired, DesiredMachine, InUsePolicy } from '../../../specs/desired.ts'
import { isOpenFor } from '../wall-clock.ts'
import { isWake, type Report, type Watch } from './rule.ts'

/** Nothing starts outside a window, on a PC in use, or for an older target. `desiredAt`: the revisions that may be in force. */
export const watchStarts = (desiredAt: (at: Instant) => readonly Desired[], report: Report): Watch => {
  const fences = new Map<MachineId, Fence>()

  const windows = (started: Started, machines: readonly Placed[]): void => {
    const { machine, action } = started
    // A PC that is off reads no deadline: a packet that comes late was sent in time.
    const at = isWake(started) ? started.sentAt : started.at
    for (const change of action.changes) {
      if (isAskedFor(change)) continue
      const effect = change.facet === 'power' && change.item === 'wake' ? 'quiet' : change.effect
      const isOpen = machines.some(({ wanted, timezone }) =>
        isOpenFor(wanted.profile.windows, timezone, effect, at),
      )
      if (!isOpen) report('window', machine, `${change.facet} ${effect} at ${new Date(at).toISOString()}`)
    }
  }

  const occupied = (started: Started, machines: readonly Placed[]): void => {
    const { sessions, machine, action } = started
    // The PC itself answers that it is occupied, and nothing is done.
    if (sessions === 0 || action.expect.unoccupied === true || isWake(started)) return
    const changes = action.changes.filter((change) => !isAskedFor(change))
    const isAllowed = machines.some(({ wanted }) =>
      isAllowedInUse(wanted.profile.inUse, changes, action.warnMs !== undefined),
    )
    if (!isAllowed) report('occupied', machine, action.changes.map(({ facet }) => facet).join(', '))
  }

  const fence = ({ machine, action }: Started): void => {
    const before = fences.get(machine)
    const { epoch, generation } = action.fence
    if (before && (epoch < before.epoch || (epoch === before.epoch && generation < before.generation)))
      report('fence', machine, `${epoch}.${generation} after ${before.epoch}.${before.generation}`)
    else fences.set(machine, action.fence)
  }

  return {
    saw: (happened) => {
      if (happened.kind !== 'started') return
      const machines = desiredAt(happened.at).flatMap((desired): readonly Placed[] => {
        const wanted = desired.machines.get(happened.machine)
        const timezone = wanted && desired.sites.get(wanted.site)?.timezone
        return wanted && timezone !== undefined ? [{ wanted, timezone }] : []
      })
      windows(happened, machines)
      occupied(happened, machines)
      if (!isWake(happened)) fence(happened)
    },
  }
}

type Started = Extract<Happened, { kind: 'started' }>
type Placed = { readonly wanted: DesiredMachine; readonly timezone: string }

const isAllowedInUse = (policy: InUsePolicy, changes: readonly Change[], isWarned: boolean): boolean => {
  if (changes.length === 0) return true
  switch (policy.kind) {
    case 'wait':
      return false
    case 'quiet':
      return changes.every(({ effect }) => effect === 'quiet')
    case 'warn':
      return isWarned
  }
}

const isAskedFor = (change: Change): boolean => 'request' in change && change.request !== undefined
