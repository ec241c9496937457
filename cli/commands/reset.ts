import { machines as countMachines } from '../../reconciler/wording.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { type Asking, ask } from '../disk-asking.ts'
import { findMachines } from '../machines.ts'
import { some } from '../output/some.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async (session) => {
    const found = findMachines(session, given.argument(0) ?? '')
    return found.ok ? ask(context, given, session, found.value, reset) : context.fail(found.reason)
  })

const reset: Asking = {
  kind: 'reset',
  question: (machines) => {
    const count = countMachines(machines.length)
    const names = some(
      machines.map(({ id }) => id),
      5,
    )
    return say(
      `${count.en} (${names}) will restart at once and lose all that the spec does not keep. Reset? [y/N] `,
      `${count.fr} (${names})\u00a0: redémarrage immédiat et perte de tout ce que la spécification ne conserve pas. Remettre en état\u00a0? [o/N] `,
    )
  },
  elsewhere: say(
    'Not on a terminal: add --yes to reset them.',
    'Hors d’un terminal\u00a0: ajoutez --yes pour les remettre en état.',
  ),
  nothing: say('Nothing is reset.', 'Rien n’est remis en état.'),
  done: (count) =>
    say(
      `Reset asked for: ${count.en}. A running proviseur up does it at once; proviseur status shows how it goes.`,
      `Remise en état demandée\u00a0: ${count.fr}. Un proviseur up en cours la fait aussitôt\u00a0; proviseur status en montre l’avancement.`,
    ),
}
