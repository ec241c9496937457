/** What a lycée's reset page shows and asks for, from the specs, the store, and what the loop tells at this moment. */
import { randomUUID } from 'node:crypto'
import { pinMatches } from '../../providers/imaging/pin-attempts.ts'
import type { ResetDesk, ResetMachine, ResetRoom } from '../../providers/imaging/reset-desk.ts'
import type { SecretOpener } from '../../providers/ssh/provider.ts'
import { refusalOf } from '../../reconciler/disk-request.ts'
import type { DiskRequestId, MachineId, SiteId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { DiskProgress } from '../../reconciler/model/outcome.ts'
import type { Decision, DiskRequest } from '../../reconciler/model/plan.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { Store } from '../../reconciler/store/store.ts'
import type { Desired, DesiredMachine } from '../../specs/desired.ts'
import type { SecretName } from '../../specs/ids.ts'
import { say } from '../../specs/text.ts'

export type LyceeResetParts = {
  readonly store: Store
  readonly clock: Clock
  readonly site: SiteId
  readonly pin: SecretName
  readonly openSecret: SecretOpener
  readonly desired: () => Desired | undefined
  readonly decision: (machine: MachineId) => Decision | undefined
  /** Of the disk action that runs on a machine now. */
  readonly running: (machine: MachineId) => DiskProgress | undefined
}

export const lyceeResets = (parts: LyceeResetParts): ResetDesk => ({
  rooms: async () => {
    const site = parts.desired()?.sites.get(parts.site)
    if (site === undefined) return []
    const inventory = await parts.store.inventory(parts.site)
    const requests = await parts.store.diskRequests()
    const rooms: ResetRoom[] = []
    for (const room of site.rooms.values()) {
      const machines = resettable(parts)
        .filter((machine) => machine.room === room.id)
        // What would be refused is not offered.
        .filter((machine) => refusalOf('reset', machine, site, inventory.get(machine.id)?.disk) === undefined)
        .map((machine) => view(parts, machine, inventory.get(machine.id), requests))
      if (machines.length > 0) rooms.push({ id: room.id, title: room.title ?? room.name, machines })
    }
    return rooms
  },
  request: async (machines, who) => {
    const wanted = new Set(machines)
    const site = parts.desired()?.sites.get(parts.site)
    if (site === undefined) return
    for (const machine of resettable(parts)) {
      if (!wanted.has(machine.id)) continue
      const disk = (await parts.store.observed(machine.id))?.disk
      if (refusalOf('reset', machine, site, disk) !== undefined) continue
      const at = parts.clock.now()
      const id = randomUUID() as string as DiskRequestId
      await parts.store.addDiskRequest(
        { id, machine: machine.id, kind: 'reset', who, at },
        {
          at,
          kind: 'reset-requested',
          machine: machine.id,
          actor: who,
          message: say(
            'Reset asked for on the reset page',
            'Remise en état demandée sur la page de remise en état',
          ),
          data: { request: id },
        },
      )
    }
  },
  pinIsRight: async (pin) => {
    const secret = parts.desired()?.secrets.get(parts.pin)
    const opened = secret && (await parts.openSecret(secret))
    if (opened?.kind !== 'opened') return false
    return pinMatches(Buffer.from(opened.bytes).toString('utf8').trim(), pin)
  },
})

const resettable = ({ desired, site }: LyceeResetParts): readonly DesiredMachine[] =>
  [...(desired()?.machines.values() ?? [])].filter(
    ({ site: of, profile }) =>
      of === site && profile.disk !== undefined && (profile.reset?.policy ?? 'never') !== 'never',
  )

const view = (
  parts: LyceeResetParts,
  { id, name }: DesiredMachine,
  observed: Observed | undefined,
  requests: readonly DiskRequest[],
): ResetMachine => {
  const state = observed?.disk?.state
  const lastResetAt = state?.how === 'reset' ? { lastResetAt: state.at } : {}
  return { id, name, state: stateOf(parts, id, requests), ...lastResetAt }
}

const stateOf = (
  { decision, running }: LyceeResetParts,
  id: MachineId,
  requests: readonly DiskRequest[],
): ResetMachine['state'] => {
  const progress = running(id)
  if (progress !== undefined) {
    const share = progress.totalBytes === 0 ? {} : { share: progress.readBytes / progress.totalBytes }
    return {
      kind: 'running',
      ...share,
      ...(progress.leftMs === undefined ? {} : { leftMs: progress.leftMs }),
    }
  }
  const open = requests.find(({ machine, kind }) => machine === id && kind === 'reset')
  const decided = decision(id)
  if (
    decided?.kind === 'stalled' &&
    decided.changes.some(({ facet }) => facet === 'reset' || facet === 'disk')
  )
    return { kind: 'failed', message: decided.reason.message }
  return open === undefined ? { kind: 'ready' } : { kind: 'asked', at: open.at }
}
