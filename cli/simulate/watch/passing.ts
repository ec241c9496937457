import type { Instant, MachineId } from '../../../reconciler/model/ids.ts'
import type { Rollout } from '../../../reconciler/model/rollout.ts'
import { policyOfWave } from '../../../reconciler/rollout-waves.ts'
import type { TrueProgress } from './progress.ts'
import type { Report, Watch } from './rule.ts'

/** How long after its time a wave may still be looked at: passes, looks and people take turns. */
const slackMs = 12 * 3_600_000

const askEveryMs = 3_600_000

/** Each tally of a small park is compared with what is true, those of a region every hour. */
const compareEveryMs = 250

/** A wave passes only on PCs that were seen well, and is not held by those that stay off. */
export const watchPassing = (progress: TrueProgress, now: () => Instant, report: Report): Watch => {
  const passed = new Set<string>()
  const late = new Set<string>()
  let askedAt: Instant = 0
  let comparedAt: Instant = 0

  const unseen = (standings: ReadonlyMap<MachineId, string>): void => {
    for (const [machine, standing] of standings) {
      const one = progress.tried.get(machine)
      if (standing === 'succeeded' && one !== undefined && one.seenWellAt === undefined)
        report('unknown-success', machine, one.running ? 'in flight' : 'not seen well')
      if (standing === 'succeeded' && one === undefined)
        report('unknown-success', machine, 'it was never tried')
    }
  }

  const held = (rollout: Rollout, index: number, standings: ReadonlyMap<MachineId, string>): void => {
    const wave = rollout.waves[index]
    if (rollout.phase.kind !== 'running' || wave?.openedAt === undefined || wave.passedAt !== undefined)
      return
    if (wave.awaitsApprovalSince !== undefined || Object.keys(rollout.heldSites).length > 0) return
    const { soakMs } = policyOfWave(rollout.policy, index)
    const tried = [...progress.tried].filter(([machine]) => standings.has(machine))
    const wells = tried.flatMap(([, { seenWellAt }]) => (seenWellAt === undefined ? [] : [seenWellAt]))
    if (tried.length === 0 || wells.length < tried.length) return
    const due = Math.max(wave.openedAt + rollout.policy.deadlineMs, ...wells) + soakMs + slackMs
    if (now() < due || late.has(`${rollout.id} ${index}`)) return
    late.add(`${rollout.id} ${index}`)
    report('deferred-holds', undefined, `wave ${index + 1} of ${rollout.waves.length}`)
  }

  /** None opens before all that come earlier have passed. */
  const inTurn = ({ id, waves }: Rollout): void => {
    const open = waves.findIndex(({ machines, passedAt }) => machines > 0 && passedAt === undefined)
    const ahead = waves.findIndex(
      ({ machines, openedAt }, index) => index > open && machines > 0 && openedAt !== undefined,
    )
    if (open < 0 || ahead < 0 || late.has(`${id} in turn`)) return
    late.add(`${id} in turn`)
    report('early', undefined, `wave ${ahead + 1} opened, and wave ${open + 1} had not passed`)
  }

  return {
    told: (told) => {
      if (told.kind !== 'rollout' || told.rollout.isRollback) return
      const { rollout, tally } = told
      inTurn(rollout)
      if (now() >= comparedAt + tally.standings.size * compareEveryMs) {
        comparedAt = now()
        unseen(tally.standings)
      }
      const first = rollout.waves.findIndex(({ passedAt }) => passedAt === undefined)
      for (const [index, wave] of rollout.waves.entries()) {
        if (wave.passedAt === undefined || wave.machines === 0) continue
        const key = `${rollout.id} ${index}`
        if (!passed.has(key)) unseen(tally.standings)
        passed.add(key)
      }
      if (first < 0 || now() < askedAt + askEveryMs) return
      askedAt = now()
      held(rollout, first, tally.standings)
    },
  }
}
