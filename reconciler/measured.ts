/** What the end of an action tells of how long such work takes. */
import type { DesiredSite } from '../specs/desired.ts'
import { assumedMs, kindOf, modelOf, sumMs } from './duration.ts'
import { linkOf } from './link.ts'
import type { Change } from './model/change.ts'
import type { PaceSample } from './model/duration.ts'
import type { Hardware } from './model/observed.ts'
import type { Outcome, StepResult } from './model/outcome.ts'
import { paceStep } from './pace.ts'

/** Stopped because its time was over: it takes at least so long. Left out, the same would be tried in vain every night. */
const outOfTime: ReadonlySet<string> = new Set(['deadline-exceeded', 'disk-deadline'])

/**
 * One sample for each kind of work in it. Packages are one, as they share a transaction; of what failed for any other
 * reason than its time nothing is learnt, and nothing of what has no duration.
 */
export function measured(
  outcome: Outcome,
  site: DesiredSite,
  hardware: Hardware | undefined,
): readonly PaceSample[] {
  if (outcome.kind !== 'complete' && outcome.kind !== 'failed') return []
  const link = linkOf(site)
  const byKind = new Map<string, StepResult[]>()
  for (const result of outcome.results) {
    const kind = kindOf(result.change)
    const ofKind = byKind.get(kind) ?? []
    byKind.set(kind, ofKind)
    ofKind.push(result)
  }
  return [...byKind].flatMap(([kind, results]) => {
    const tookMs = results.reduce((sum, { durationMs }) => sum + durationMs, 0)
    if (tookMs <= 0 || !results.every(tellsItsTime)) return []
    const made = results.map(asMoved)
    const expectedMs = sumMs(made, (change, first) => assumedMs(change, first, link))
    return [{ kind, model: modelOf(hardware), site: site.id, step: paceStep(tookMs, expectedMs) }]
  })
}

const tellsItsTime = ({ ok, reason }: StepResult): boolean =>
  ok || (reason !== undefined && outOfTime.has(reason.code))

/** With the bytes that did come, not those that were forecast: the pace is then the disk's and the network's own. */
const asMoved = ({ change, fetchedBytes }: StepResult): Change =>
  change.facet === 'disk' && fetchedBytes !== undefined ? { ...change, bytes: fetchedBytes } : change
