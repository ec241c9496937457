import { groupExceptions } from '../../reconciler/exceptions.ts'
import type { Locale } from '../../specs/text.ts'
import type { Simulation } from '../simulate/simulate.ts'
import { iso } from './instant.ts'
import { exceptionJson } from './plan-json.ts'
import { rolloutJson } from './rollout-json.ts'

/** For programs. Stable: fields are only ever added. */
export const simulationJson = (simulation: Simulation, again: string, locale: Locale) => {
  const { parts, next, machines, nights, rollouts, tally, plan, violations } = simulation
  return {
    seed: parts.seed,
    days: parts.days,
    start: iso(parts.start),
    faults: parts.faults,
    again,
    revision: next.revision,
    machines,
    asWanted: simulation.asWanted,
    endedAt: iso(simulation.endedAt),
    ...(simulation.convergedAfterMs === undefined ? {} : { convergedAfterMs: simulation.convergedAfterMs }),
    drawn: simulation.drawn.map(({ kind, of, at }) => ({
      kind,
      of,
      ...(at === undefined ? {} : { at: iso(at) }),
    })),
    nights: nights.map(({ from, to, milestones, ...night }) => ({
      from: iso(from),
      to: iso(to),
      ...night,
      milestones: milestones.map(({ at, ...one }) => ({ at: iso(at), ...one })),
    })),
    rollouts: rollouts.map((rollout) => rolloutJson(rollout, locale)),
    ...(tally === undefined ? {} : { total: tally.total, waves: tally.waves }),
    exceptions: plan === undefined ? [] : groupExceptions(plan).map((group) => exceptionJson(group, locale)),
    violations: violations.map(({ at, ...violation }) => ({ at: iso(at), ...violation })),
    log: simulation.log,
  }
}
