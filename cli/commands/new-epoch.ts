import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { beginEpoch } from '../new-epoch.ts'
import { withStoreInUse } from '../store-in-use.ts'

/** The same revision under a fence above all that PCs can know: they obey this store again. */
export const run: Run = async (context, given) => {
  const { text, out } = context
  const why = given.value('why')?.trim()
  if (!why) return context.fail(whyMissing, exitCode.usage)
  return withStoreInUse(context, given, async (store) => {
    const present = await store.target()
    if (present === undefined) return context.fail(noTarget)
    const next = await beginEpoch(store, present, {
      at: context.clock.now(),
      who: given.value('who') ?? context.who,
      why,
    })
    if (next === undefined) return context.fail(overtaken)
    const { fence } = next
    const { epoch } = fence
    if (context.json) context.writeJson({ revision: present.revision, fence })
    else {
      const done = say(
        `Epoch ${epoch}: machines obey this store again, a running proviseur up from its next pass.`,
        `Époque ${epoch}\u00a0: les postes suivent de nouveau cette base, un proviseur up en cours dès son prochain passage.`,
      )
      out.line(text(done))
    }
    return exitCode.done
  })
}

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
