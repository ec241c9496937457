/** A model of PCs that do what they are told, to see whether planning leads anywhere. */

import { afterLook } from '../../reconciler/applied.ts'
import type { Change, DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import type { DiskRequestId, MachineId } from '../../reconciler/model/ids.ts'
import type { Facts, Observed, ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Decision, PlanInput } from '../../reconciler/model/plan.ts'
import type { SiteCapacity, WantedScript } from '../../specs/desired.ts'
import {
  capacity,
  facts,
  manifest,
  now,
  off,
  park,
  planInput,
  server,
  up,
} from '../reconciler/sample-park.ts'

/** The same park on a quiet day: nobody logged in, no pauses, no failures, windows open, everything within reach. */
export function unhindered(input: PlanInput, limits: SiteCapacity = capacity()): PlanInput {
  const machines = [...input.desired.machines.values()].map((one) => {
    const reachable = [...one.profile.packages.values()].filter((wanted) => wanted.source !== undefined)
    const { disk } = one.profile
    return {
      ...one,
      profile: {
        ...one.profile,
        os: 'debian' as const,
        windows: [],
        power: { ...one.profile.power, wake: true },
        packages: new Map(reachable.map((wanted) => [wanted.name, wanted])),
        ...(disk === undefined ? {} : { disk: { ...disk, manifest: manifest(disk.version) } }),
      },
    }
  })
  const inventory = [...input.inventory.values()].flatMap((one): Observed[] => {
    if (!input.desired.machines.has(one.machine)) return []
    if (one.reach === 'off') return [{ ...one, observedAt: now }]
    const disk = one.disk === undefined ? {} : { disk: one.disk }
    return [up(one.machine, { ...(one.facts ?? facts()), at: now }, disk)]
  })
  const served = [...input.desired.sites.values()].every((site) => site.server !== undefined)
  const site = { capacity: limits, ...(served ? { server } : {}) }
  const world = planInput(park(machines, site), inventory, { requests: input.requests ?? [] })
  const known = new Set(inventory.map((one) => one.machine))
  const unseen = machines.filter((one) => !known.has(one.id)).map((one) => off(one.id))
  const all = [...inventory, ...unseen]
  return { ...world, inventory: new Map(all.map((one) => [one.machine, lookAgain(world, one)])) }
}

/** What the next look finds after the actions of a plan, on PCs that do what they are told. */
export function afterRound(world: PlanInput, decisions: ReadonlyMap<MachineId, Decision>): PlanInput {
  const inventory = new Map(world.inventory)
  const history = new Map(world.history)
  const carriedOut = new Set<DiskRequestId>()
  for (const [id, decision] of decisions) {
    const seen = inventory.get(id)
    const wanted = world.desired.machines.get(id)
    if (decision.kind !== 'act' || seen === undefined || wanted === undefined) continue
    const next = lookAgain(world, decision.action.changes.reduce(keepingDisk, seen))
    for (const change of decision.action.changes) {
      if ('request' in change && change.request !== undefined) carriedOut.add(change.request)
    }
    inventory.set(id, next)
    const past = history.get(id)
    const memory = afterLook(wanted, next, past)
    history.set(id, { applied: { ...past?.applied, ...memory.applied }, backoffs: [] })
  }
  const requests = (world.requests ?? []).filter(({ id }) => !carriedOut.has(id))
  return { ...world, inventory, history, requests }
}

function keepingDisk(seen: Observed, change: Change): Observed {
  const next = applyTo(seen, change)
  return next.disk !== undefined || seen.disk === undefined ? next : { ...next, disk: seen.disk }
}

function applyTo(seen: Observed, change: Change): Observed {
  const before = seen.facts ?? facts()
  switch (change.facet) {
    case 'disk':
    case 'reset':
      return afterImager(seen, change)
    case 'power':
      return up(seen.machine, {
        ...before,
        at: now,
        bootId: `${before.bootId}+`,
        rebootPending: false,
        sessions: [],
      })
    case 'identity':
      return up(seen.machine, {
        ...before,
        identity: {
          hostname: change.item === 'hostname' ? change.to : (before.identity?.hostname ?? ''),
          authorizedKeys: change.item === 'hostname' ? (before.identity?.authorizedKeys ?? []) : change.to,
        },
      })
    case 'packages': {
      const old = before.packages
      if (old === undefined) throw new Error('packages changed without having been read')
      const installed = new Map(old.installed)
      const held = new Set(old.held)
      if (change.to === null) installed.delete(change.source)
      else if (change.operation !== 'hold' && change.operation !== 'unhold') {
        const version = change.to === 'present' || change.to === 'latest' ? '3.0-1' : `1:${change.to}-9`
        installed.set(change.source, version)
      }
      if (change.hold === true) held.add(change.source)
      if (change.hold === false) held.delete(change.source)
      const broken = old.broken.filter((one) => one.name !== change.source)
      return up(seen.machine, { ...before, packages: { ...old, installed, held, broken } })
    }
    case 'scripts': {
      const ran = { digest: change.to, bootId: before.bootId, at: now }
      const check = { digest: change.to, exitCode: 0, output: '' }
      const done = { lastRun: { ...ran, exitCode: 0 }, succeeded: ran, check }
      return up(seen.machine, { ...before, scripts: new Map(before.scripts).set(change.item, done) })
    }
  }
}

/** The PC starts its own system afterwards, as the image has it: none of what was on the disk before is there. */
function afterImager(seen: Observed, change: DiskChange | ResetChange): Observed {
  const verified = seen.disk?.verified
  if (change.facet === 'disk' && (change.operation === 'verify' || change.operation === 'capture')) {
    const clean = { at: now, manifest: change.to, differing: [] }
    const disk = { ...(seen.disk ?? { at: now, by: 'imager' }), ...(verified ? { verified: clean } : {}) }
    return up(seen.machine, seen.facts ?? facts(), { disk })
  }
  const disk: ObservedDisk = {
    at: now,
    by: 'imager',
    state: {
      manifest: change.to,
      image: change.image,
      layout: change.layout,
      settings: change.settings,
      job: `${change.facet}-${change.to}-${change.settings}`,
      at: now,
      how: change.facet === 'reset' ? 'reset' : 'restore',
    },
  }
  const kept = change.facet === 'disk' && change.operation === 'settings'
  return up(seen.machine, kept ? (seen.facts ?? facts()) : facts(), { disk })
}

/** A complete look: every facet read, every wanted script asked about, nobody logged in. */
function lookAgain(world: PlanInput, seen: Observed): Observed {
  const scripts = [...(world.desired.machines.get(seen.machine)?.profile.scripts.values() ?? [])]
  if (seen.reach === 'up') {
    const disk: ObservedDisk = seen.disk ?? { at: now, by: 'system' }
    return up(seen.machine, { ...completed(seen.facts ?? facts(), scripts), at: now }, { disk })
  }
  return seen.facts === undefined ? seen : { ...seen, facts: completed(seen.facts, scripts) }
}

function completed({ running: _, ...seen }: Facts, scripts: readonly WantedScript[]): Facts {
  const answers = scripts.map((one) => {
    const known = seen.scripts?.get(one.name) ?? {}
    const check = known.check ?? { digest: one.digest, exitCode: 1, output: '' }
    return [one.name, { ...known, check }] as const
  })
  return { ...facts(), ...seen, sessions: [], scripts: new Map(answers) }
}
