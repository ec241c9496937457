import { describeChange } from '../../reconciler/describe.ts'
import type { Locale } from '../../specs/text.ts'
import { iso } from '../output/instant.ts'
import { decisionJson } from '../output/plan-json.ts'
import type { Terminal } from '../output/terminal.ts'
import type { Happening, View } from './happening.ts'

/** One JSON object a line: `{at, kind, …}`. Stable: kinds and fields are only ever added. */
export const createJsonView = (locale: Locale, out: Terminal, now: () => number): View => ({
  show: (happening) => {
    out.line(JSON.stringify({ at: iso(now()), kind: happening.kind, ...fields(happening, locale) }))
  },
  close: () => {},
})

const fields = (happening: Happening, locale: Locale): object => {
  switch (happening.kind) {
    case 'started':
    case 'revision':
    case 'finished': {
      const { kind: _, ...rest } = happening
      return rest
    }
    case 'revision-refused': {
      const { code, message, detail } = happening.reason
      return { revision: happening.revision, code, message: message[locale], detail }
    }
    case 'rollout': {
      const { rollout, revision, news, message, total } = happening
      return { rollout, revision, news, message: message[locale], total }
    }
    case 'observed': {
      const { machine, reach, errors } = happening.observed
      return {
        machine,
        reach,
        errors: errors.map(({ code, message }) => ({ code, message: message[locale] })),
      }
    }
    case 'decided':
      return { machine: happening.machine, ...decisionJson(happening.decision, locale) }
    case 'acting': {
      const { id, machine, changes } = happening.action
      return {
        action: id,
        machine,
        changes: changes.map((change) => ({ ...change, text: describeChange(change)[locale] })),
      }
    }
    case 'progress': {
      const { step, line, done, total } = happening.progress
      return { machine: happening.machine, step: step && describeChange(step)[locale], line, done, total }
    }
    case 'imaging':
      return { machine: happening.machine, ...happening.progress }
    case 'ended': {
      const { outcome, action } = happening
      const reason =
        'reason' in outcome
          ? {
              code: outcome.reason.code,
              message: outcome.reason.message[locale],
              detail: outcome.reason.detail,
            }
          : {}
      const results = 'results' in outcome ? { results: outcome.results } : {}
      return { action: action.id, machine: action.machine, outcome: outcome.kind, ...reason, ...results }
    }
    case 'trouble': {
      const { code, message, detail } = happening.reason
      return { code, message: message[locale], detail }
    }
    case 'waiting': {
      const { code, message } = happening.reason
      return { code, message: message[locale], atMostMs: happening.atMostMs }
    }
    case 'stopping':
      return {}
  }
}
