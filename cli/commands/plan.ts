import { join } from 'node:path'
import type { KnownImage } from '../../reconciler/model/plan.ts'
import { type PlanReport, reportPlan } from '../../reconciler/plan-report.ts'
import { planReportMarkdown } from '../../reconciler/report-markdown.ts'
import type { Desired } from '../../specs/desired.ts'
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
  const memory = stored ?? noMemory
  const images = await knownImages(place.value, desired)
  const plan = standing(desired, targetOf(head.value, memory.target, now), memory, now, images)
  const { inventory, durations } = memory
  const report = reportPlan(desired, plan, base?.value.desired, { inventory, durations, images })
  const format = given.value('format') ?? (context.json ? 'json' : 'text')
  if (format === 'json') context.writeJson(planJson(report, plan, desired, locale))
  else if (format === 'markdown') out.write(planReportMarkdown(report, locale))
  else printPlan(report, memory.inventory.values(), stored !== undefined, locale, out)
  return isQuiet(report) ? exitCode.done : exitCode.changes
}

/** Undefined: there is no store, and none is made. */
const recall = async (place: Place, now: number): Promise<Memory | undefined> => {
  const store = await openStoreIfThere(place)
  if (store === undefined) return undefined
  try {
    return await remember(store, now)
  } finally {
    await store.close()
  }
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
