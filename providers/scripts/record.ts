/** Understands the records of scripts on the PC (written by apply.sh) and the answers of checks (printed by check.sh). */
import type { Digest } from '../../reconciler/model/ids.ts'
import type { ObservedScript } from '../../reconciler/model/observed.ts'

/** Lines `NAME run DIGEST BOOT SECONDS EXITCODE` and `NAME ok DIGEST BOOT SECONDS`; what is not so is left out: the script counts as never run. */
export function parseRecords(text: string): ReadonlyMap<string, ObservedScript> {
  const scripts = new Map<string, ObservedScript>()
  for (const line of text.split('\n')) {
    const [name, kind, digest, bootId, seconds, exitCode] = line.trim().split(' ')
    if (name === undefined || digest === undefined || bootId === undefined || !/^\d+$/.test(seconds ?? ''))
      continue
    const past = { digest: digest as Digest, bootId, at: Number(seconds) * 1000 }
    const known = scripts.get(name) ?? {}
    if (kind === 'run' && /^\d+$/.test(exitCode ?? '')) {
      scripts.set(name, { ...known, lastRun: { ...past, exitCode: Number(exitCode) } })
    } else if (kind === 'ok') scripts.set(name, { ...known, succeeded: past })
  }
  return scripts
}

export type CheckAnswer =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: string }
  | { readonly kind: CheckProblem }

export type CheckProblem =
  | 'stopped'
  | 'late'
  | 'run-as-unknown'
  | 'interpreter-missing'
  | 'body-unwritable'
  | 'unanswered'

const problems: readonly CheckProblem[] = [
  'stopped',
  'late',
  'run-as-unknown',
  'interpreter-missing',
  'body-unwritable',
]

export function parseCheck(text: string): CheckAnswer {
  const end = text.indexOf('\n')
  const [status, code] = (end < 0 ? text : text.slice(0, end)).split(' ')
  if (status === 'exited' && /^\d+$/.test(code ?? '')) {
    return { kind: 'exited', exitCode: Number(code), output: end < 0 ? '' : text.slice(end + 1) }
  }
  return { kind: problems.find((problem) => problem === status) ?? 'unanswered' }
}
