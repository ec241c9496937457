/** Who is in which wave. The same machines whoever asks: nothing is drawn, and nothing depends on the order of a list. */
import type { DesiredMachine, DesiredPark, DesiredRollout } from '../specs/desired.ts'
import { hash } from './action.ts'
import type { MachineId } from './model/ids.ts'
import type { RolloutPolicy, WavePolicy } from './model/rollout.ts'

/** What holds where the park says nothing of it; the schema shows the same values. */
const defaults = {
  successShare: 0.9,
  pauseAtFailureShare: 0.05,
  lyceeFailureShare: 0.2,
  deadlineMs: 3 * 24 * 3_600_000,
  healthMs: 30 * 60_000,
  rollback: 'never',
} as const

/** Of a park without a rollout: everybody at once, and nothing stops it. */
export const atOnce: RolloutPolicy = {
  waves: [],
  successShare: 0,
  deadlineMs: defaults.deadlineMs,
  healthMs: defaults.healthMs,
  rollback: 'never',
}

export function policyOf({ rollout }: DesiredPark): RolloutPolicy {
  if (rollout === undefined || rollout.waves.length === 0) return atOnce
  return {
    waves: rollout.waves.map((_, index) => wavePolicy(rollout, index)),
    // After a single canary this is the whole park: it is never the wave for which the specs ask nobody.
    restApproval: rollout.approval === true || rollout.waves.at(-1)?.approval === true,
    successShare: rollout.successShare ?? defaults.successShare,
    pauseAtFailureShare: rollout.pauseAtFailureShare ?? defaults.pauseAtFailureShare,
    lyceeFailureShare: rollout.lyceeFailureShare ?? defaults.lyceeFailureShare,
    deadlineMs: rollout.deadlineMs ?? defaults.deadlineMs,
    healthMs: rollout.healthMs ?? defaults.healthMs,
    rollback: rollout.rollback ?? defaults.rollback,
  }
}

function wavePolicy({ waves, soakMs, approval }: DesiredRollout, index: number): WavePolicy {
  const { lycees, rooms, labels, percent, ...own } = waves[index] ?? {}
  return {
    ...(lycees === undefined ? {} : { lycees }),
    ...(rooms === undefined ? {} : { rooms }),
    ...(labels === undefined ? {} : { labels }),
    ...(percent === undefined ? {} : { percent }),
    soakMs: own.soakMs ?? soakMs,
    approval: own.approval ?? (index > 0 && approval === true),
  }
}

/** The soak and approval of the last wave, of those whom the park's waves leave over. */
export function policyOfWave(policy: RolloutPolicy, index: number): WavePolicy {
  return policy.waves[index] ?? { soakMs: 0, approval: policy.restApproval ?? false }
}

/**
 * The index of each machine's wave: the first that it matches, else one past the last. A wave's percentage is of all machines and
 * counts those of the waves before: it takes machines in the order of a hash of their ids, so that a tenth of the park is a
 * tenth of each lycée and each model, until so many are in the waves up to it.
 */
export function assignWaves(
  policy: RolloutPolicy,
  machines: ReadonlyMap<MachineId, DesiredMachine>,
): ReadonlyMap<MachineId, number> {
  const waveOf = new Map<MachineId, number>()
  const inOrder = [...machines.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const drawn = policy.waves.some(({ percent }) => percent !== undefined) ? byHash(inOrder) : inOrder
  for (const [index, wave] of policy.waves.entries()) {
    const most =
      wave.percent === undefined ? Number.POSITIVE_INFINITY : Math.ceil((wave.percent / 100) * machines.size)
    for (const machine of drawn) {
      if (waveOf.size >= most) break
      if (!waveOf.has(machine.id) && matches(wave, machine)) waveOf.set(machine.id, index)
    }
  }
  for (const { id } of inOrder) if (!waveOf.has(id)) waveOf.set(id, policy.waves.length)
  return waveOf
}

const matches = (wave: WavePolicy, { site, room, labels }: DesiredMachine): boolean =>
  (wave.lycees?.includes(site) ?? true) &&
  (wave.rooms?.includes(room.slice(site.length + 1)) ?? true) &&
  (wave.labels?.some((label) => labels.includes(label)) ?? true)

const byHash = (machines: readonly DesiredMachine[]): readonly DesiredMachine[] =>
  machines
    .map((machine) => ({ machine, key: hash(machine.id) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ machine }) => machine)
