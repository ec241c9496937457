import type { MachineId } from '../../reconciler/model/ids.ts'
import { say } from '../../specs/text.ts'
import { findScope, isIn, machinesIn, scopeName } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async ({ store, desired }) => {
    const now = context.clock.now()
    const pauses = await store.pauses(now)
    const word = given.argument(0) ?? ''
    // A lycée or room that left the park may still be paused: its own name ends that.
    const left = pauses.find(({ scope }) => scopeName(scope) === word)
    const scope = left ? ({ ok: true, value: left.scope } as const) : findScope(desired, word)
    if (!scope.ok) return context.fail(scope.reason)
    const name = scopeName(scope.value)
    if (!(await store.clearPause(scope.value))) {
      const others = pauses.map((pause) => scopeName(pause.scope)).join(', ')
      return context.fail({
        code: 'not-paused',
        message:
          others === ''
            ? say(
                `${name} is not paused; nothing is.`,
                `${name} n’est pas en suspension\u00a0; rien ne l’est.`,
              )
            : say(
                `${name} has no pause of its own. Paused: ${others}.`,
                `${name} n’a pas de suspension propre. En suspension\u00a0: ${others}.`,
              ),
      })
    }
    await store.append([
      {
        at: now,
        kind: 'resumed',
        actor: given.value('who') ?? context.who,
        message: say(`Resumed ${name}`, `Reprise de ${name}`),
        ...(scope.value.kind === 'machine' ? { machine: scope.value.id as MachineId } : {}),
        data: { scope: scope.value },
      },
    ])
    const inside = machinesIn(desired, scope.value)
    const still = pauses.filter(
      (pause) => scopeName(pause.scope) !== name && inside.some((machine) => isIn(machine, pause.scope)),
    )
    if (context.json) {
      context.writeJson({ resumed: scope.value, stillPaused: still.map((pause) => pause.scope) })
      return exitCode.done
    }
    const { text, out } = context
    out.line(text(say(`Resumed ${name}.`, `Reprise de ${name}.`)))
    if (still.length > 0) {
      const names = still.map((pause) => scopeName(pause.scope)).join(', ')
      out.line(
        text(say(`Still paused there: ${names}.`, `Toujours en suspension à cet endroit\u00a0: ${names}.`)),
      )
    }
    return exitCode.done
  })
