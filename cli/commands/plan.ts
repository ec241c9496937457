import { join } from 'node:path'
import { type ForecastInput, forecast } from '../../reconciler/forecast.ts'
import { isChangedFrom } from '../../reconciler/loop/steering.ts'
import type { KnownImage } from '../../reconciler/model/plan.ts'
import type { Rollout } from '../../reconciler/model/rollout.ts'
import { type PlanReport, reportPlan } from '../../reconciler/plan-report.ts'
import { planReportMarkdown } from '../../reconciler/report-markdown.ts'
import { isOpen } from '../../reconciler/rollout.ts'
import type { Store } from '../../reconciler/store/store.ts'
import type { Desired } from '../../specs/desired.ts'
import { deserialize } from '../../specs/serialize.ts'
import type { Run } from '../catalogue/entry.ts'
import { readPark } from '../desired.ts'
import { exitCode } from '../exit.ts'
import { printPlan } from '../output/plan.ts'
import { planJson } from '../output/plan-json.ts'
import { locate, type Place } from '../place.ts'
import { type Memory, noMemory, remember, standing, targetOf } from '../standing.ts'
import { openStoreIfThere } from '../state.ts'

export const run: Run = async (context, given) => {
  const { locale, out } = context
  const place = await locate(context, given, given.argument(0))
  if (!place.ok) return context.fail(place.reason)
  const head = await readPark(context, place.value, given.value('rev'))
  if (!head.ok) return context.fail(head.reason)
  const { desired } = head.value
  const rev = given.value('base')
  const base = rev === undefined ? undefined : await readPark(context, place.value, rev)
  if (base !== undefined && !base.ok) return context.fail(base.reason)

  const now = context.clock.now()
  const stored = await recall(place.value, now)
  const memory: Memory = stored ?? noMemory
  const images = await knownImages(place.value, desired)
  const plan = standing(desired, targetOf(head.value, memory.target, now), memory, now, images)
  const { inventory, history, durations } = memory
  const seen = { inventory, history, durations, images }
  const compared = base === undefined ? stored?.compared(desired.digest) : { before: [base.value.desired] }
  const ahead = forecast({ desired, plan, ...seen, ...after(compared, desired) })
  const report: PlanReport = {
    ...reportPlan(desired, plan, base?.value.desired, seen),
    ...(ahead === undefined ? {} : { forecast: ahead }),
  }
  const format = given.value('format') ?? (context.json ? 'json' : 'text')
  if (format === 'json') context.writeJson(planJson(report, plan, desired, locale))
  else if (format === 'markdown') out.write(planReportMarkdown(report, locale))
  else printPlan(report, memory.inventory.values(), stored !== undefined, locale, out)
  return isQuiet(report) ? exitCode.done : exitCode.changes
}

/**
 * What a forecast must know of the past: the states without this revision (what machines are to be at present, and what came to its end
 * last), and whether the revision is on its way already.
 */
type Compared = { readonly before: readonly (Desired | undefined)[]; readonly underWay?: Rollout }

type Recalled = Memory & { readonly compared: (digest: Desired['digest']) => Compared }

/** Undefined: there is no store, and none is made. */
const recall = async (place: Place, now: number): Promise<Recalled | undefined> => {
  const store = await openStoreIfThere(place)
  if (store === undefined) return undefined
  try {
    const [memory, [rollout]] = await Promise.all([remember(store, now), store.rollouts(1)])
    const current = await desiredIn(store, memory.target)
    const isDone = rollout === undefined || rollout.phase.kind === 'done'
    const proven = isDone ? current : await desiredIn(store, rollout.proven)
    const base = rollout && isOpen(rollout) ? await desiredIn(store, rollout.base) : undefined
    return {
      ...memory,
      compared: (digest) =>
        rollout !== undefined && isOpen(rollout) && rollout.next === digest
          ? { before: [base, proven], underWay: rollout }
          : { before: [current, proven] },
    }
  } finally {
    await store.close()
  }
}

const desiredIn = async (
  store: Store,
  of: { readonly desired: Desired['digest'] } | null | undefined,
): Promise<Desired | undefined> => {
  const revision = of && (await store.getRevision(of.desired))
  return revision ? deserialize(revision.bytes) : undefined
}

const after = (
  compared: Compared | undefined,
  desired: Desired,
): Pick<ForecastInput, 'base' | 'isChanged' | 'underWay'> => {
  if (compared === undefined) return {}
  const { before, ...rest } = compared
  return { ...rest, base: before[0], isChanged: isChangedFrom(before, desired) }
}

/** What moving an image takes is forecast from the store of images, where this computer has it. */
const knownImages = async ({ state }: Place, desired: Desired): Promise<ReadonlyMap<string, KnownImage>> => {
  if (![...desired.machines.values()].some(({ profile }) => profile.disk !== undefined)) return new Map()
  const [{ openFolderStore }, { createKnownImages }] = await Promise.all([
    import('../../imaging/folder-store.ts'),
    import('../site/known-images.ts'),
  ])
  const known = createKnownImages(openFolderStore(join(state, 'images')))
  await known.refresh()
  return known.all()
}

/** Compared with a base: both say the same. Else: every machine is known to be as wanted, which one never seen is not. */
const isQuiet = ({ counts, comparison }: PlanReport): boolean =>
  comparison === undefined
    ? counts.converged === counts.machines
    : [comparison.added, comparison.removed, comparison.renamed, comparison.changes].every(
        (list) => list.length === 0,
      )
