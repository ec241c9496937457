import type { Admission } from '../../reconciler/admit.ts'
import { describeChange } from '../../reconciler/describe.ts'
import type { ExceptionGroup } from '../../reconciler/exceptions.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Decision, Plan } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import { type PlanReport, plannedChanges } from '../../reconciler/plan-report.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Locale } from '../../specs/text.ts'
import { forecastJson } from './forecast-json.ts'
import { iso } from './instant.ts'

/**
 * A plan for programs. Stable: fields are only ever added. Instants are ISO 8601 in UTC; messages are in the locale.
 * `decision` is converged | act | held | unknown | stalled; `gate` goes with held.
 */
export const planJson = (report: PlanReport, plan: Plan, desired: Desired, locale: Locale) => ({
  revision: report.target.revision,
  park: report.park,
  at: iso(report.at),
  counts: report.counts,
  wiped: report.wiped,
  disks: localize(report.disks, locale),
  unseenDisks: localize(report.unseenDisks, locale),
  changes: localize(report.changes, locale),
  lycees: localize(report.sites, locale),
  exceptions: report.exceptions.map((group) => exceptionJson(group, locale)),
  unmanaged: report.unmanaged,
  ...(report.forecast === undefined ? {} : { forecast: forecastJson(report.forecast) }),
  ...(report.comparison === undefined ? {} : { comparison: localize(report.comparison, locale) }),
  ...(report.admission === undefined ? {} : { admission: admissionJson(report.admission, locale) }),
  machines: [...plan.decisions].map(([id, decision]) => ({
    ...machineJson(id, desired),
    ...decisionJson(decision, locale),
  })),
})

/** `kind` is admitted | held | refused: what would become of the revision after the base. */
const admissionJson = (admission: Admission, locale: Locale) => ({
  kind: admission.kind,
  ...(admission.kind === 'admitted' ? {} : reasonJson(admission.reason, locale)),
  ...(admission.kind === 'held' ? { removed: admission.removed, share: admission.share } : {}),
})

const machineJson = (id: MachineId, desired: Desired) => {
  const machine = desired.machines.get(id)
  return { machine: id, lycee: machine?.site, room: machine?.room }
}

/** Also of `status` and `explain`: one shape for a decision wherever it is printed. */
export const decisionJson = (decision: Decision, locale: Locale) => ({
  decision: decision.kind,
  ...(decision.kind === 'held' ? { gate: decision.by } : {}),
  ...('reason' in decision ? reasonJson(decision.reason, locale) : {}),
  ...('until' in decision && decision.until !== undefined ? { until: iso(decision.until) } : {}),
  ...('lastSeen' in decision && decision.lastSeen !== undefined ? { lastSeen: iso(decision.lastSeen) } : {}),
  changes: plannedChanges(decision).map((change) => ({ ...change, text: describeChange(change)[locale] })),
})

export const exceptionJson = ({ kind, by, reason, until, machines }: ExceptionGroup, locale: Locale) => ({
  kind,
  ...(by === undefined ? {} : { gate: by }),
  ...reasonJson(reason, locale),
  ...(until === undefined ? {} : { until: iso(until) }),
  machines,
})

const reasonJson = ({ code, message, detail }: Reason, locale: Locale) => ({
  code,
  message: message[locale],
  ...(detail === undefined ? {} : { detail }),
})

/** Plain data with each text in two languages replaced by the text in one. */
const localize = (value: unknown, locale: Locale): unknown => {
  if (Array.isArray(value)) return value.map((item) => localize(item, locale))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (entries.length === 2 && 'en' in value && 'fr' in value) return value[locale]
  return Object.fromEntries(entries.map(([key, inner]) => [key, localize(inner, locale)]))
}
