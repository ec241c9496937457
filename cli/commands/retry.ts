import { counted } from '../../reconciler/wording.ts'
import { say } from '../../specs/text.ts'
import { findMachine } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async ({ store, desired }) => {
    const machine = findMachine(desired, given.argument(0) ?? '')
    if (!machine.ok) return context.fail(machine.reason)
    const { id } = machine.value
    const failures = (await store.historyOf(id))?.backoffs ?? []
    if (failures.length > 0) await store.clearBackoffs(id)
    if (failures.length > 0) {
      await store.append([
        {
          at: context.clock.now(),
          kind: 'retried',
          machine: id,
          actor: given.value('who') ?? context.who,
          message: say(
            `Asked to try again at once (${failures.length} failures forgotten)`,
            `Nouvel essai demandé aussitôt (échecs oubliés\u00a0: ${failures.length})`,
          ),
        },
      ])
    }
    if (context.json) {
      context.writeJson({ machine: id, forgotten: failures.length })
      return exitCode.done
    }
    const { out, text } = context
    out.line(
      failures.length === 0
        ? text(
            say(
              `${id} has no failures to forget. proviseur explain ${id} tells what holds it.`,
              `${id} n’a aucun échec à oublier. proviseur explain ${id} dit ce qui le retient.`,
            ),
          )
        : `${id}: ${text(counted(failures.length, ['failure forgotten', 'failures forgotten'], ['échec oublié', 'échecs oubliés']))}, ${text(say('tried again at the next pass.', 'nouvel essai au prochain passage.'))}`,
    )
    return exitCode.done
  })
