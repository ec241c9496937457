/** What the audit log says of an action. */
import { say } from '../../specs/text.ts'
import { describeChange } from '../describe.ts'
import type { Instant } from '../model/ids.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Action } from '../model/plan.ts'
import type { Text } from '../model/reason.ts'
import type { NewEvent } from '../store/store.ts'

export const startEvent = (action: Action, at: Instant, actor: string): NewEvent => {
  const what = listed(action.changes.map(describeChange))
  return {
    at,
    kind: 'action-started',
    machine: action.machine,
    actor,
    message: say(`Started: ${what.en}`, `Début\u00a0: ${what.fr}`),
    data: { action: action.id, fence: action.fence, changes: action.changes },
  }
}

export const endEvent = (action: Action, outcome: Outcome, at: Instant, actor: string): NewEvent => ({
  at,
  kind: 'action-ended',
  machine: action.machine,
  actor,
  message: describeEnd(action, outcome),
  data: {
    action: action.id,
    outcome: outcome.kind,
    ...(outcome.kind === 'complete' ? {} : { code: outcome.reason.code, detail: outcome.reason.detail }),
    ...(outcome.kind === 'failed' ? { class: outcome.class } : {}),
  },
})

const describeEnd = (action: Action, outcome: Outcome): Text => {
  switch (outcome.kind) {
    case 'complete': {
      const what = listed(action.changes.map(describeChange))
      return say(`Done: ${what.en}`, `Fait\u00a0: ${what.fr}`)
    }
    case 'wrong-precondition':
    case 'refused':
    case 'failed':
      return outcome.reason.message
  }
}

const listed = (texts: readonly Text[]): Text =>
  say(texts.map((text) => text.en).join(', '), texts.map((text) => text.fr).join(', '))
