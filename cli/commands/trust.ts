import type { Reason } from '../../reconciler/model/reason.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { confirms } from '../confirmation.ts'
import type { Context } from '../context.ts'
import { exitCode } from '../exit.ts'
import { findMachines } from '../machines.ts'
import { renderReason } from '../output/reason.ts'
import { createHostKeyReader } from '../provider.ts'
import { type Session, withSession } from '../session.ts'
import { stopOnSignals } from '../stopping.ts'

/** Each look is one TCP connection and half a handshake. */
const atATime = 16

type Presented = {
  readonly machine: DesiredMachine
  readonly fingerprint: string
  readonly state: 'new' | 'known' | 'changed' | 'in-spec'
}

export const run: Run = (context, given) =>
  withSession(context, given, async (session) => {
    const { store } = session
    const found = findMachines(session, given.argument(0) ?? '')
    if (!found.ok) return context.fail(found.reason)
    const { presented, unread } = await readAll(context, session, found.value)
    const toPin = presented.filter(({ state }) => state === 'new' || state === 'changed')
    if (!context.json) {
      for (const one of presented) printPresented(context, one)
      for (const reason of unread) context.out.line(renderReason(reason, context.locale, context.out))
    }
    const agreed = toPin.length > 0 && (given.flag('yes') || (await agrees(context, toPin.length)))
    if (agreed) {
      for (const { machine, fingerprint } of toPin) {
        await store.pinHostKey(machine.id, fingerprint)
        await store.append([
          {
            at: context.clock.now(),
            kind: 'host-key-pinned',
            machine: machine.id,
            actor: given.value('who') ?? context.who,
            message: say(`Host key ${fingerprint} pinned`, `Clé d’hôte ${fingerprint} épinglée`),
            data: { fingerprint },
          },
        ])
      }
    }
    const pinned = agreed ? toPin.length : 0
    if (context.json) {
      context.writeJson({
        machines: presented.map(({ machine, fingerprint, state }) => ({
          machine: machine.id,
          fingerprint,
          state,
        })),
        unread: unread.map(({ code, message }) => ({ code, message: context.text(message) })),
        pinned,
      })
    } else if (pinned > 0) {
      const text = say(`Pinned: ${pinned}.`, `Épinglées\u00a0: ${pinned}.`)
      context.out.line(context.text(text))
    } else if (toPin.length > 0) {
      context.out.line(context.text(say('Nothing was pinned.', 'Rien n’a été épinglé.')))
    }
    return unread.length > 0 || pinned < toPin.length ? exitCode.failed : exitCode.done
  })

const readAll = async (
  context: Context,
  { store, desired }: Session,
  machines: readonly DesiredMachine[],
) => {
  const stopping = stopOnSignals()
  const reader = createHostKeyReader(store, context.clock)
  const presented: Presented[] = []
  const unread: Reason[] = []
  const queue = [...machines]
  const work = async (): Promise<void> => {
    for (let machine = queue.shift(); machine !== undefined; machine = queue.shift()) {
      const site = desired.sites.get(machine.site)
      if (site === undefined) throw new Error(`${machine.id} belongs to no lycée of the park`)
      const shown = await reader.hostKey(machine, site, stopping.signal)
      if (shown.kind === 'unreached') {
        unread.push(shown.reason)
        continue
      }
      const pinned = await store.hostKey(machine.id)
      presented.push({
        machine,
        fingerprint: shown.fingerprint,
        state: judge(shown.fingerprint, machine, pinned),
      })
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(atATime, machines.length) }, work))
  } finally {
    await reader.close()
    stopping.release()
  }
  presented.sort((a, b) => (a.machine.id < b.machine.id ? -1 : 1))
  return { presented, unread }
}

const judge = (
  fingerprint: string,
  machine: DesiredMachine,
  pinned: string | undefined,
): Presented['state'] => {
  if (machine.hostKey !== undefined) return 'in-spec'
  if (pinned === undefined) return 'new'
  return pinned === fingerprint ? 'known' : 'changed'
}

const states = {
  new: say('not pinned yet', 'pas encore épinglée'),
  known: say('pinned already', 'déjà épinglée'),
  changed: say('ANOTHER key than the pinned one', 'AUTRE clé que celle épinglée'),
  'in-spec': say('decided by hostKey in the specs', 'fixée par hostKey dans les specs'),
} as const

const printPresented = ({ out, text }: Context, { machine, fingerprint, state }: Presented): void => {
  const { colors } = out
  const told = text(states[state])
  out.line(`${machine.id}  ${fingerprint}  ${state === 'changed' ? colors.red(told) : colors.dim(told)}`)
}

const agrees = (context: Context, number: number): Promise<boolean> =>
  confirms(
    context,
    say(
      `Have you compared them with what the PCs show? Pin ${number} key(s)? [y/N] `,
      `Les avez-vous comparées à ce qu’affichent les postes\u00a0? Épingler ${number} clé(s)\u00a0? [o/N] `,
    ),
    say(
      'Not on a terminal: add --yes to pin them.',
      'Hors d’un terminal\u00a0: ajoutez --yes pour les épingler.',
    ),
  )
