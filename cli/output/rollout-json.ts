import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import type { FailureGroup } from '../../reconciler/rollout-failures.ts'
import type { WaveReport } from '../../reconciler/rollout-report.ts'
import type { Locale } from '../../specs/text.ts'
import type { RolloutNow } from '../rollout-now.ts'
import { iso } from './instant.ts'
import { type RolloutView, rolloutText } from './rollout.ts'

/** For programs, as all below. Stable: fields are only ever added. */
export const rolloutStatusJson = ({ report, orders }: RolloutView, locale: Locale) => ({
  ...rolloutJson(report.rollout, locale),
  at: iso(report.at),
  policy: report.rollout.policy,
  total: report.total,
  waves: report.waves.map((wave) => waveJson(wave, report.rollout)),
  lycees: report.sites.map(({ site, tally, heldSince }) => ({
    lycee: site,
    counts: tally,
    ...(heldSince === undefined ? {} : { heldSince: iso(heldSince) }),
  })),
  failures: [
    ...report.failures.map((group) => failuresJson(group, locale)),
    ...report.accepted.map((group) => ({ ...failuresJson(group, locale), accepted: true })),
  ],
  accepted: report.rollout.accepted,
  orders: orders.map(orderJson),
  advice: report.advice.map((text) => text[locale]),
})

const failuresJson = ({ reason, machines }: FailureGroup, locale: Locale) => ({
  code: reason.code,
  message: reason.message[locale],
  ...(reason.detail === undefined ? {} : { detail: reason.detail }),
  machines,
})

const waveJson = ({ wave, filters, soakMs, state, machines, tally }: WaveReport, rollout: Rollout) => {
  const { openedAt, metSince, passedAt, awaitsApprovalSince, approvedBy } = rollout.waves[wave - 1] ?? {}
  const { soakMs: _own, approval, ...members } = filters ?? { soakMs, approval: undefined }
  return {
    wave,
    members,
    soakMs,
    ...(approval === undefined ? {} : { approval }),
    machines,
    state: state.kind,
    ...instants({ openedAt, metSince, passedAt, awaitsApprovalSince }),
    ...(approvedBy === undefined ? {} : { approvedBy }),
    ...(state.kind === 'soaking' ? { until: iso(state.until) } : {}),
    counts: tally,
  }
}

const instants = (of: Readonly<Record<string, number | undefined>>): Readonly<Record<string, string>> => {
  const told: Record<string, string> = {}
  for (const [name, at] of Object.entries(of)) if (at !== undefined) told[name] = iso(at)
  return told
}

/** Of a past one, too. */
export const rolloutJson = (rollout: Rollout, locale: Locale) => {
  const { id, revision, base, isRollback, startedAt, fence, phase, waves } = rollout
  return {
    rollout: id,
    revision,
    base: base?.revision ?? null,
    isRollback,
    startedAt: iso(startedAt),
    fence,
    machines: waves.reduce((sum, wave) => sum + wave.machines, 0),
    phase: phase.kind,
    ...('who' in phase ? { who: phase.who, since: iso(phase.at) } : {}),
    ...('why' in phase && phase.why !== undefined ? { why: phase.why } : {}),
    ...(phase.kind === 'closing' ? { to: phase.to } : {}),
    ...(phase.kind === 'done' && phase.untried !== undefined ? { untried: phase.untried } : {}),
    ...(phase.kind === 'paused'
      ? { by: phase.by, code: phase.reason.code, message: phase.reason.message[locale] }
      : {}),
  }
}

export const orderJson = ({ id, kind, who, why, at }: RolloutOrder) => ({
  order: id,
  kind,
  who,
  ...(why === undefined ? {} : { why }),
  at: iso(at),
})

/** In `status`. */
export const rolloutBriefJson = ({ steering, tally }: RolloutNow, locale: Locale) => ({
  ...rolloutJson(steering.rollout, locale),
  total: tally.total,
  text: rolloutText(steering.rollout, tally.total)[locale],
})
