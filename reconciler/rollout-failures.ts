/** What failed in a rollout and why, machines with the same reason together. */
import { say } from '../specs/text.ts'
import type { MachineId } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Backoff, Decision, FailureClass } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import type { Attempt } from './model/rollout.ts'
import { minutesText } from './wording.ts'

export type FailureGroup = {
  readonly reason: Reason
  /** In order. */
  readonly machines: readonly MachineId[]
}

export type Failed = {
  readonly attempt: Attempt | undefined
  readonly decision: Decision | undefined
  readonly observed: Observed | undefined
  readonly backoffs: readonly Backoff[]
  readonly healthMs: number
}

/** What a PC said of itself comes first, then what was made of it, and last that it was not seen well. */
export function failureReason({ attempt, decision, observed, backoffs, healthMs }: Failed): Reason {
  const worst = [...backoffs].sort(
    (a, b) => gravity[b.class] - gravity[a.class] || b.attempts - a.attempts || (a.key < b.key ? -1 : 1),
  )[0]
  if (worst !== undefined && worst.class !== 'wait') return worst.reason
  if (decision?.kind === 'stalled' || decision?.kind === 'unknown') return decision.reason
  if (observed?.facts?.loginsClosed === true) return loginsStayClosed
  const { result, code } = attempt ?? {}
  return code !== undefined && (result === 'retry' || result === 'terminal')
    ? lastTryFailed(code)
    : notSeenWell(healthMs)
}

/** The largest group first. */
export function groupFailures(
  failures: Iterable<readonly [machine: MachineId, reason: Reason]>,
): readonly FailureGroup[] {
  const groups = new Map<string, { readonly reason: Reason; readonly machines: MachineId[] }>()
  for (const [machine, reason] of failures) {
    // What each PC said word for word differs; a person's reading of it is compared.
    const key = `${reason.code} ${reason.message.en}`
    const group = groups.get(key) ?? { reason, machines: [] }
    groups.set(key, group)
    group.machines.push(machine)
  }
  for (const { machines } of groups.values()) machines.sort()
  return [...groups.values()].sort(
    (a, b) =>
      b.machines.length - a.machines.length || ((a.machines[0] ?? '') < (b.machines[0] ?? '') ? -1 : 1),
  )
}

const gravity: Readonly<Record<FailureClass, number>> = { terminal: 2, retry: 1, wait: 0 }

const loginsStayClosed: Reason = {
  code: 'logins-closed',
  message: say(
    'It came back, and lets nobody log in: /run/nologin or /etc/nologin is there. See on the PC why its start does not end.',
    'Il est revenu, mais personne ne peut y ouvrir de session\u00a0: /run/nologin ou /etc/nologin est présent. Voyez sur le poste pourquoi son démarrage ne s’achève pas.',
  ),
}

const lastTryFailed = (failure: string): Reason => ({
  code: failure,
  message: say(
    `The last try on it failed (${failure}); its log tells more: proviseur log --machine.`,
    `Le dernier essai a échoué (${failure})\u00a0; son journal en dit plus\u00a0: proviseur log --machine.`,
  ),
})

const notSeenWell = (healthMs: number): Reason => {
  const within = minutesText(healthMs)
  const message = say(
    `It was worked on, and was not seen on and as wanted within ${within.en} of that. Look at its screen.`,
    `Une opération y a été faite, et il n’a pas été revu allumé et conforme dans les ${within.fr} qui ont suivi. Regardez son écran.`,
  )
  return { code: 'not-seen-well', message }
}
