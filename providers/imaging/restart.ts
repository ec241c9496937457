import { createHash } from 'node:crypto'
import type { ActionId } from '../../reconciler/model/ids.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { ImagerChange } from './work.ts'

/**
 * The restart that brings a running PC to the imager, as an action of its own under the same fence: the PC refuses it to
 * whoever obeys an older target, and runs it once however often it is asked. Nobody may be at work there, unless it was asked for.
 */
export const restartAction = (action: Action, change: ImagerChange, attempt: number): Action => ({
  id: createHash('sha256').update(`${action.id} restart ${attempt}`).digest('hex') as ActionId,
  machine: action.machine,
  changes: [{ facet: 'power', item: 'reboot', from: 'up', to: 'rebooted', effect: 'disruptive' }],
  fence: action.fence,
  content: action.content,
  expect: {
    packages: {},
    ...(action.expect.unoccupied === true || change.request === undefined ? { unoccupied: true } : {}),
  },
  deadline: action.deadline,
  ...(action.warnMs === undefined ? {} : { warnMs: action.warnMs }),
})
