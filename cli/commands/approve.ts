import { createSteerer, type Steerer } from '../../reconciler/loop/steer.ts'
import { createTargeting, type Targeting } from '../../reconciler/loop/target.ts'
import type { Revision } from '../../reconciler/model/ids.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { newestWord } from '../newest-revision.ts'
import { abbreviate } from '../output/revision.ts'
import { ok, type Result, refuse } from '../result.ts'
import { openSource } from '../sources/open.ts'
import { withStoreInUse } from '../store-in-use.ts'

/**
 * Makes the held revision the target, as `up` would have done: it is read again, compiled and admitted like any other, with
 * the approval. A running `up` finds the new target in the store.
 */
export const run: Run = async (context, given) => {
  const { text, out } = context
  return withStoreInUse(context, given, async (store, place) => {
    const held = await findHeld(store, given.argument(0) ?? '')
    if (!held.ok) return context.fail(held.reason)
    const revision = held.value
    const rev = revision.startsWith('folder:') ? undefined : revision
    const source = await openSource(place, rev, () => {})
    if (!source.ok) return context.fail(source.reason)
    const read = await source.value.read()
    if (read.revision !== revision) return context.fail(changedSince(revision))

    const who = given.value('who') ?? context.who
    const parts = { store, source: source.value, clock: context.clock }
    const targeting = createTargeting(parts, { actor: who, approve: [revision] })
    await targeting.load()
    const approved = {
      at: context.clock.now(),
      kind: 'revision-approved' as const,
      revision,
      actor: who,
      message: say(`Approved ${abbreviate(revision)}`, `${abbreviate(revision)} approuvée`),
    }
    await store.append([approved])
    await targeting.offer()
    await endWhatIsUnderWay(
      targeting,
      createSteerer(parts, { actor: who, requestsEveryMs: 0, gatherMs: 0 }, targeting),
      store,
    )
    const target = await store.target()
    if (target?.revision !== revision) return context.fail(overtaken(revision))
    if (context.json) context.writeJson({ approved: revision, fence: target.fence })
    else {
      const done = say(
        `Approved: machines follow ${abbreviate(revision)} from now on.`,
        `Approuvé\u00a0: les postes suivent désormais ${abbreviate(revision)}.`,
      )
      out.line(text(done))
    }
    return exitCode.done
  })
}

/** One step has nothing more of the rollout under way started, the next ends it; another process may come in between. */
const mostSteps = 6

/** A newer revision takes the place of the one that is on its way, as it does in `up`. */
const endWhatIsUnderWay = async (targeting: Targeting, steerer: Steerer, store: Store): Promise<void> => {
  if (targeting.candidate() === undefined) return
  const decisions = (await store.latestPlan())?.decisions ?? new Map()
  // Read once: from one step to the next none of it changes.
  const evidence = { decisions, inventory: await store.inventory(), changed: () => [] }
  for (let steps = 0; steps < mostSteps && targeting.candidate() !== undefined; steps++) {
    await steerer.step(evidence)
    await targeting.offer()
  }
}

/** The revision that is held now, if it is the one that was named (by its beginning, at least seven characters). */
const findHeld = async (store: Store, word: string): Promise<Result<Revision>> => {
  const last = await newestWord(store)
  const held = last?.kind === 'revision-held' ? last.revision : undefined
  if (held === undefined) {
    return refuse(
      'nothing-held',
      say(
        'No revision is held: there is nothing to approve. A wave is approved with proviseur rollout approve.',
        'Aucune révision n’est retenue\u00a0: il n’y a rien à approuver. Une vague s’approuve par proviseur rollout approve.',
      ),
    )
  }
  const digits = word.replace(/^folder:/u, '')
  if (digits.length >= 7 && held.replace(/^folder:/u, '').startsWith(digits)) return ok(held)
  return refuse(
    'not-held',
    say(
      `“${word}” is not the revision that is held, which is ${abbreviate(held)}. To let that one through: proviseur approve ${abbreviate(held)}`,
      `«\u00a0${word}\u00a0» n’est pas la révision retenue, qui est ${abbreviate(held)}. Pour laisser passer celle-ci\u00a0: proviseur approve ${abbreviate(held)}`,
    ),
  )
}

const changedSince = (revision: Revision) => ({
  code: 'changed-since',
  message: say(
    `The folder has changed since ${abbreviate(revision)} was held: look at proviseur plan again.`,
    `Le dossier a changé depuis que ${abbreviate(revision)} a été retenue\u00a0: consultez à nouveau proviseur plan.`,
  ),
})

const overtaken = (revision: Revision) => ({
  code: 'overtaken',
  message: say(
    `Another revision came in while ${abbreviate(revision)} was being approved. See proviseur status.`,
    `Une autre révision est arrivée pendant l’approbation de ${abbreviate(revision)}. Voir proviseur status.`,
  ),
})
