import type { Reason } from '../../reconciler/model/reason.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { type Locale, say } from '../../specs/text.ts'
import type { Context } from '../context.ts'
import { some } from './some.ts'

export type AskingResult = {
  readonly asked: readonly DesiredMachine[]
  /** Asked for before, and not carried out yet. */
  readonly open: readonly DesiredMachine[]
  readonly refused: readonly { readonly machine: DesiredMachine; readonly reason: Reason }[]
}

/** For programs. Stable: fields are only ever added. */
export const askingJson = ({ asked, open, refused }: AskingResult, locale: Locale) => ({
  asked: asked.map(({ id }) => id),
  open: open.map(({ id }) => id),
  refused: refused.map(({ machine, reason }) => ({
    machine: machine.id,
    code: reason.code,
    message: reason.message[locale],
  })),
})

export const printOpen = ({ out, text }: Context, open: AskingResult['open']): void => {
  if (open.length === 0) return
  const names = some(
    open.map(({ id }) => id),
    5,
  )
  out.line(
    text(say(`Asked for already, not done yet: ${names}.`, `Déjà demandé, pas encore fait\u00a0: ${names}.`)),
  )
}

/** Machines with the same reason are told together. */
export const printRefused = ({ out, text }: Context, refused: AskingResult['refused']): void => {
  const byReason = new Map<string, { readonly reason: Reason; readonly ids: string[] }>()
  for (const { machine, reason } of refused) {
    const group = byReason.get(reason.code) ?? { reason, ids: [] }
    byReason.set(reason.code, group)
    group.ids.push(machine.id)
  }
  for (const { reason, ids } of byReason.values()) {
    out.line(`${out.colors.red('✗')} ${out.colors.bold(some(ids, 5))}`)
    out.line(`    ${text(reason.message)} ${out.colors.dim(`[${reason.code}]`)}`)
  }
}
