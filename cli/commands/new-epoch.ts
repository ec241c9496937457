import type { Reason } from '../../reconciler/model/reason.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { newEpochData } from '../newest-revision.ts'
import { locate } from '../place.ts'
import { openStoreInUse } from '../state.ts'

/** The same revision under a fence above all that PCs can know: they obey this store again. */
export const run: Run = async (context, given) => {
  const { text, out } = context
  const why = given.value('why')?.trim()
  if (!why) return context.fail(whyMissing, exitCode.usage)
  const place = await locate(context, given)
  if (!place.ok) return context.fail(place.reason)
  const opened = await openStoreInUse(place.value)
  if (!opened.ok) return context.fail(opened.reason)
  const store = opened.value
  try {
    const present = await store.target()
    if (present === undefined) return context.fail(noTarget)
    const at = context.clock.now()
    // From the clock: the store that was lost may have risen before, and this one cannot know how far.
    const epoch = Math.max(present.fence.epoch + 1, Math.floor(at / 1000))
    const fence = { epoch, generation: 1 }
    const moved = await store.advanceTarget({ ...present, fence, parent: present.fence, at }, [
      {
        at,
        kind: 'target-moved',
        revision: present.revision,
        actor: given.value('who') ?? context.who,
        message: say(`New epoch ${epoch}: ${why}`, `Nouvelle époque ${epoch}\u00a0: ${why}`),
        data: { ...newEpochData, fence, why },
      },
    ])
    if (!moved) return context.fail(overtaken)
    await forgetRefusals(store)
    if (context.json) context.writeJson({ revision: present.revision, fence })
    else {
      const done = say(
        `Epoch ${epoch}: machines obey this store again, a running proviseur up from its next pass.`,
        `Époque ${epoch}\u00a0: les postes suivent de nouveau cette base, un proviseur up en cours dès son prochain passage.`,
      )
      out.line(text(done))
    }
    return exitCode.done
  } finally {
    await store.close()
  }
}

/** What was refused for the fence is due at once; other failures stay as they are. */
const forgetRefusals = async (store: Store): Promise<void> => {
  const looks = [...(await store.history())].flatMap(([machine, { backoffs }]) => {
    const clear = backoffs.filter(({ reason }) => refusals.has(reason.code)).map(({ key }) => key)
    return clear.length > 0 ? [{ machine, applied: {}, clear }] : []
  })
  if (looks.length > 0) await store.remember(looks)
}

const refusals: ReadonlySet<string> = new Set(['fence-older', 'fence-conflict'])

const whyMissing: Reason = {
  code: 'why-missing',
  message: say(
    'Say why, for those who read the log: --why "store restored from Monday".',
    'Indiquez le motif, pour ceux qui liront le journal\u00a0: --why "base restaurée de lundi".',
  ),
}

const noTarget: Reason = {
  code: 'no-target',
  message: say(
    'This store has no target yet: run proviseur up --once first, which makes it, then this again.',
    'Cette base n’a pas encore de cible\u00a0: lancez d’abord proviseur up --once, qui la crée, puis de nouveau cette commande.',
  ),
}

const overtaken: Reason = {
  code: 'overtaken',
  message: say(
    'The target moved at this very moment, and nothing was changed: run it again.',
    'La cible a changé à cet instant précis et rien n’a été modifié\u00a0: relancez la commande.',
  ),
}
