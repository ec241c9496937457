/** What was done in each night, from noon to noon, and how the waves stood from hour to hour. */
import type { SiteLines } from '../../providers/simulated/site-lines.ts'
import type { Happened } from '../../providers/simulated/witness.ts'
import type { Instant, MachineId, SiteId } from '../../reconciler/model/ids.ts'
import type { Rollout } from '../../reconciler/model/rollout.ts'
import type { RolloutTally } from '../../reconciler/rollout-tally.ts'
import { createMilestones, type Milestone } from './milestones.ts'
import { isWake } from './watch/rule.ts'

export type Night = {
  readonly from: Instant
  readonly to: Instant
  /** PCs on which something was tried. */
  readonly tried: number
  /** Of these, those whose last action of the night did what it should, and those whose last did not. */
  readonly done: number
  readonly failed: number
  /** Of the rollout at the night's end: those that stayed out of reach until their wave's deadline. */
  readonly deferred: number
  readonly uplinkBytes: number
  readonly lanBytes: number
  readonly busiest: { readonly site: SiteId; readonly uplinkBytes: number } | undefined
  readonly milestones: readonly Milestone[]
}

/** How the rollout stood at an instant, wave by wave. */
export type Sample = {
  readonly at: Instant
  readonly waves: readonly { readonly well: number; readonly failed: number; readonly deferred: number }[]
  /** Actions that run on PCs, and bytes a second over all uplinks since the sample before. */
  readonly running: number
  readonly uplinkBytesPerSecond: number
}

export type NightBook = {
  saw(happened: Happened): void
  stood(rollout: Rollout, tally: RolloutTally, now: Instant): void
  /** Nothing goes wrong any more. */
  calm(now: Instant): void
  /** Each hour. */
  sample(now: Instant): void
  /** At noon. */
  turn(now: Instant): void
  readonly nights: readonly Night[]
  readonly milestones: readonly Milestone[]
  readonly samples: readonly Sample[]
}

export const createNightBook = (start: Instant, lines: ReadonlyMap<SiteId, SiteLines>): NightBook => {
  const nights: Night[] = []
  const samples: Sample[] = []
  let from = start
  let lastTried = new Map<MachineId, 'done' | 'failed' | 'running'>()
  let carriedBefore = new Map<SiteId, number>()
  let lanBefore = 0
  let sampledBytes = 0
  let sampledAt = start
  const milestones = createMilestones()
  let told = 0
  let standing: { readonly rollout: Rollout; readonly tally: RolloutTally } | undefined
  let running = 0

  const uplinks = (): ReadonlyMap<SiteId, number> =>
    new Map([...lines].map(([site, { uplink }]) => [site, uplink.carriedBytes()]))
  const sum = (values: Iterable<number>): number => [...values].reduce((all, one) => all + one, 0)
  const count = (kind: string): number => [...lastTried.values()].filter((one) => one === kind).length

  return {
    nights,
    samples,
    milestones: milestones.all,
    saw: (happened) => {
      if (happened.kind === 'answered' || isWake(happened)) return
      if (happened.kind === 'started') {
        running += 1
        lastTried.set(happened.machine, 'running')
        return
      }
      running -= 1
      lastTried.set(happened.machine, happened.outcome?.kind === 'complete' ? 'done' : 'failed')
    },
    stood: (rollout, tally, now) => {
      standing = { rollout, tally }
      milestones.stood(rollout, now)
    },
    calm: milestones.calm,
    sample: (now) => {
      const bytes = sum(uplinks().values())
      const seconds = Math.max(1, (now - sampledAt) / 1000)
      samples.push({
        at: now,
        waves: (standing?.tally.waves ?? []).map((one) => ({
          well: one.succeeded + one.unneeded,
          failed: one.failed + one.accepted,
          deferred: one.deferred,
        })),
        running,
        uplinkBytesPerSecond: (bytes - sampledBytes) / seconds,
      })
      sampledBytes = bytes
      sampledAt = now
    },
    turn: (now) => {
      const carried = uplinks()
      const lan = sum([...lines.values()].map((line) => line.lan.carriedBytes()))
      const own = [...carried].map(([site, bytes]) => ({
        site,
        uplinkBytes: Math.round(bytes - (carriedBefore.get(site) ?? 0)),
      }))
      const busiest = own.toSorted((a, b) => b.uplinkBytes - a.uplinkBytes || (a.site < b.site ? -1 : 1))[0]
      nights.push({
        from,
        to: now,
        tried: lastTried.size,
        done: count('done'),
        failed: count('failed'),
        deferred: standing?.tally.total.deferred ?? 0,
        uplinkBytes: sum(own.map(({ uplinkBytes }) => uplinkBytes)),
        lanBytes: Math.round(lan - lanBefore),
        busiest: busiest && busiest.uplinkBytes > 0 ? busiest : undefined,
        milestones: milestones.all.slice(told),
      })
      from = now
      lanBefore = lan
      carriedBefore = new Map(carried)
      told = milestones.all.length
      // What runs over noon belongs to the next night as well.
      lastTried = new Map([...lastTried].filter(([, how]) => how === 'running'))
    },
  }
}
