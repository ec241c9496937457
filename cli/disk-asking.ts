/** The way of a request for machines' disks, from the command line into the store, where the loop finds it. */
import { randomUUID } from 'node:crypto'
import { refusalOf } from '../reconciler/disk-request.ts'
import type { EventKind } from '../reconciler/model/event.ts'
import type { DiskRequestId } from '../reconciler/model/ids.ts'
import type { DiskRequest } from '../reconciler/model/plan.ts'
import { machines as countMachines } from '../reconciler/wording.ts'
import type { DesiredMachine } from '../specs/desired.ts'
import { say, type Text } from '../specs/text.ts'
import { confirms } from './confirmation.ts'
import type { Context } from './context.ts'
import { type ExitCode, exitCode } from './exit.ts'
import type { Given } from './given.ts'
import { type AskingResult, askingJson, printOpen, printRefused } from './output/disk-asking.ts'
import type { Session } from './session.ts'

export type Asking = {
  readonly kind: DiskRequest['kind']
  /** capture: the `name@version` to be made. */
  readonly image?: string
  /** Before the machines are restarted, of those for which it can be done. */
  readonly question: (machines: readonly DesiredMachine[]) => Text
  /** Said where nobody can be asked. */
  readonly elsewhere: Text
  /** Said if they do not agree. */
  readonly nothing: Text
  /** Said of the number of machines that were asked for now. */
  readonly done: (count: Text) => Text
}

/** Refuses what cannot be, asks whether the rest is meant, and puts it into the store. */
export const ask = async (
  context: Context,
  given: Given,
  session: Session,
  machines: readonly DesiredMachine[],
  asking: Asking,
): Promise<ExitCode> => {
  const { granted, refused } = await grantable(session, asking.kind, machines)
  if (!context.json) printRefused(context, refused)
  const agreed =
    granted.length === 0 ||
    given.flag('yes') ||
    (await confirms(context, asking.question(granted), asking.elsewhere))
  const made = agreed ? await put(context, given, session, granted, asking) : { asked: [], open: [] }
  if (context.json) context.writeJson(askingJson({ ...made, refused }, context.locale))
  else {
    const { out, text } = context
    printOpen(context, made.open)
    if (!agreed) out.line(text(asking.nothing))
    if (made.asked.length > 0) out.line(text(asking.done(countMachines(made.asked.length))))
  }
  return agreed && refused.length === 0 ? exitCode.done : exitCode.failed
}

/** Which of the machines may be asked for, by their specs and by what is known of their disks. */
const grantable = async (
  { store, desired }: Session,
  kind: DiskRequest['kind'],
  machines: readonly DesiredMachine[],
): Promise<{ readonly granted: readonly DesiredMachine[]; readonly refused: AskingResult['refused'] }> => {
  const granted: DesiredMachine[] = []
  const refused: AskingResult['refused'][number][] = []
  for (const machine of machines) {
    const site = desired.sites.get(machine.site)
    if (site === undefined) throw new Error(`${machine.id} belongs to no lycée of the park`)
    const reason = refusalOf(kind, machine, site, (await store.observed(machine.id))?.disk)
    if (reason === undefined) granted.push(machine)
    else refused.push({ machine, reason })
  }
  return { granted, refused }
}

const put = async (
  context: Context,
  given: Given,
  { store }: Session,
  machines: readonly DesiredMachine[],
  { kind, image }: Asking,
): Promise<Omit<AskingResult, 'refused'>> => {
  const asked: DesiredMachine[] = []
  const open: DesiredMachine[] = []
  const who = given.value('who') ?? context.who
  const at = context.clock.now()
  for (const machine of machines) {
    const id = randomUUID() as string as DiskRequestId
    const made = await store.addDiskRequest(
      { id, machine: machine.id, kind, who, at, ...(image === undefined ? {} : { image }) },
      { at, kind: events[kind], machine: machine.id, actor: who, message: messageOf(kind, image) },
    )
    if (made) asked.push(machine)
    else open.push(machine)
  }
  return { asked, open }
}

const events: Readonly<Record<DiskRequest['kind'], EventKind>> = {
  reset: 'reset-requested',
  verify: 'verify-requested',
  capture: 'capture-requested',
}

const messageOf = (kind: DiskRequest['kind'], image = ''): Text => {
  switch (kind) {
    case 'reset':
      return say('Reset asked for', 'Remise en état demandée')
    case 'verify':
      return say(
        'Comparison of the disk with its image asked for',
        'Comparaison du disque à son image demandée',
      )
    case 'capture':
      return say(`Capture into image ${image} asked for`, `Capture dans l’image ${image} demandée`)
  }
}
