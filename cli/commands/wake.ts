import { wake } from '../../providers/power/wake.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import { machines as countMachines } from '../../reconciler/wording.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { findMachines } from '../machines.ts'
import { renderReason } from '../output/reason.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async (session) => {
    const { store, desired } = session
    const found = findMachines(session, given.argument(0) ?? '')
    if (!found.ok) return context.fail(found.reason)
    const sent: DesiredMachine[] = []
    const failed: { readonly machine: DesiredMachine; readonly reason: Reason }[] = []
    for (const machine of found.value) {
      const site = desired.sites.get(machine.site)
      if (site === undefined) throw new Error(`${machine.id} belongs to no lycée of the park`)
      const result = await wake(machine.mac, site.wake)
      if (result.kind === 'sent') sent.push(machine)
      else failed.push({ machine, reason: result.reason })
    }
    await store.append(
      sent.map((machine) => ({
        at: context.clock.now(),
        kind: 'woken' as const,
        machine: machine.id,
        actor: given.value('who') ?? context.who,
        message: say(`Magic packets sent to ${machine.mac}`, `Paquets magiques envoyés à ${machine.mac}`),
      })),
    )
    if (context.json) {
      context.writeJson({
        sent: sent.map(({ id }) => id),
        failed: failed.map(({ machine, reason }) => ({
          machine: machine.id,
          code: reason.code,
          message: context.text(reason.message),
        })),
      })
    } else {
      const { out, locale, text } = context
      for (const { reason } of failed) out.line(renderReason(reason, locale, out))
      const number = countMachines(sent.length)
      const told = say(
        `Magic packets sent to ${number.en}. A PC takes a minute or two to start; nothing confirms that it heard.`,
        `Paquets magiques envoyés à ${number.fr}. Un poste met une minute ou deux à démarrer\u00a0; rien ne confirme qu’il a entendu.`,
      )
      if (sent.length > 0) out.line(text(told))
    }
    return failed.length > 0 ? exitCode.failed : exitCode.done
  })
