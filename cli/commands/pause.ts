import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Pause } from '../../reconciler/model/plan.ts'
import { machines } from '../../reconciler/wording.ts'
import { say } from '../../specs/text.ts'
import { findScope, machinesIn, scopeName } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { readEnd } from '../given-moment.ts'
import { formatMoment } from '../output/moment.ts'
import { pauseJson } from '../output/pause.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async ({ store, desired }) => {
    const { locale, out } = context
    const now = context.clock.now()
    const { timezone } = desired.park
    const why = given.value('why')?.trim()
    if (!why) {
      return context.fail(
        {
          code: 'why-missing',
          message: say(
            'Say why, for those who find it paused: --why "exam on Friday".',
            'Indiquez le motif, pour ceux qui trouveront la suspension\u00a0: --why "examen vendredi".',
          ),
        },
        exitCode.usage,
      )
    }
    const end = readEnd(given, now, timezone)
    if (!end.ok) return context.fail(end.reason, exitCode.usage)
    const scope = findScope(desired, given.argument(0) ?? '')
    if (!scope.ok) return context.fail(scope.reason)

    const until = end.value
    const pause: Pause = {
      scope: scope.value,
      who: given.value('who') ?? context.who,
      why,
      at: now,
      ...(until === undefined ? {} : { until }),
    }
    const name = scopeName(scope.value)
    await store.setPause(pause)
    await store.append([
      {
        at: now,
        kind: 'paused',
        actor: pause.who,
        message: say(`Paused ${name}: ${why}`, `Suspension de ${name}\u00a0: ${why}`),
        ...(scope.value.kind === 'machine' ? { machine: scope.value.id as MachineId } : {}),
        data: pause,
      },
    ])
    const number = machinesIn(desired, scope.value).length
    if (context.json) {
      context.writeJson({ paused: pauseJson(pause), machines: number })
      return exitCode.done
    }
    const ending =
      until === undefined
        ? say(`until proviseur resume ${name}`, `jusqu’à proviseur resume ${name}`)
        : say(
            `until ${formatMoment(until, now, timezone, 'en')}`,
            `jusqu’à ${formatMoment(until, now, timezone, 'fr')}`,
          )
    const verb = say('Paused', 'Suspendu\u00a0:')
    out.line(`${context.text(verb)} ${name} (${machines(number)[locale]}), ${context.text(ending)}.`)
    return exitCode.done
  })
