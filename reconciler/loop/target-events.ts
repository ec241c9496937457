/** What the audit log says when the park follows another revision. */
import type { Desired } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { removedMachines } from '../admit.ts'
import type { Target } from '../model/plan.ts'
import type { Compiled } from '../ports.ts'
import type { NewEvent } from '../store/store.ts'
import { shortRevision } from '../wording.ts'

export const moveEvents = (
  present: Desired | undefined,
  { fence, revision, at }: Pick<Target, 'fence' | 'revision' | 'at'>,
  from: Compiled,
  desired: Desired,
  actor: string,
): readonly NewEvent[] => {
  const removed = present ? removedMachines(present, desired) : []
  const subject = from.subject === undefined ? '' : `: ${from.subject}`
  const moved: NewEvent = {
    at,
    kind: 'target-moved',
    revision,
    actor: from.author ?? actor,
    message: say(
      `The park follows revision ${shortRevision(revision)} now${subject}`,
      `Le parc suit désormais la révision ${shortRevision(revision)}${subject === '' ? '' : `\u00a0${subject}`}`,
    ),
    data: { fence, machines: desired.machines.size, removed: removed.length },
  }
  return [
    moved,
    ...removed.map(
      (machine): NewEvent => ({
        at,
        kind: 'unmanaged',
        machine,
        revision,
        actor: from.author ?? actor,
        message: say(
          `${machine} is no longer in the specs: it is left as it is.`,
          `${machine} ne figure plus dans les spécifications\u00a0: le poste est laissé en l’état.`,
        ),
      }),
    ),
  ]
}
