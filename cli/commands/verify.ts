import { machines as countMachines } from '../../reconciler/wording.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { type Asking, ask } from '../disk-asking.ts'
import { findMachines } from '../machines.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async (session) => {
    const found = findMachines(session, given.argument(0) ?? '')
    return found.ok ? ask(context, given, session, found.value, verify) : context.fail(found.reason)
  })

const verify: Asking = {
  kind: 'verify',
  question: (machines) => {
    const count = countMachines(machines.length)
    const repaired = machines.some(({ profile }) => profile.drift.disk === 'enforce')
    const after = repaired
      ? say(
          ' What differs is made equal in the next window, as the spec says `drift: { disk: enforce }`.',
          ' Les écarts seront corrigés dans la prochaine fenêtre, puisque la spécification indique `drift: { disk: enforce }`.',
        )
      : say('', '')
    return say(
      `${count.en} will restart at once to be compared.${after.en} Compare? [y/N] `,
      `${count.fr}\u00a0: redémarrage immédiat pour comparaison.${after.fr} Comparer\u00a0? [o/N] `,
    )
  },
  elsewhere: say(
    'Not on a terminal: add --yes to compare them.',
    'Hors d’un terminal\u00a0: ajoutez --yes pour les comparer.',
  ),
  nothing: say('Nothing is compared.', 'Rien n’est comparé.'),
  done: (count) =>
    say(
      `Comparison asked for: ${count.en}. A running proviseur up does it at once; proviseur explain shows what differs.`,
      `Comparaison demandée\u00a0: ${count.fr}. Un proviseur up en cours la fait aussitôt\u00a0; proviseur explain montre les écarts.`,
    ),
}
