/** May a new revision take the place of the present one? */
import type { Desired } from '../specs/desired.ts'
import type { Diagnostic } from '../specs/diagnostic.ts'
import { say } from '../specs/text.ts'
import type { MachineId } from './model/ids.ts'
import type { Reason } from './model/reason.ts'

export type Admission =
  | { readonly kind: 'admitted' }
  /** Nothing changes; only another commit helps. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** Nothing changes before somebody with the right to do so approves this very revision. */
  | {
      readonly kind: 'held'
      readonly reason: Reason
      readonly removed: readonly MachineId[]
      readonly share: number
    }

export type Candidate = { readonly desired?: Desired; readonly diagnostics: readonly Diagnostic[] }

/** `present` is undefined for a park's first revision. */
export function admit(present: Desired | undefined, candidate: Candidate, approved: boolean): Admission {
  const { desired, diagnostics } = candidate
  const errors = diagnostics.filter((one) => one.severity === 'error')
  if (desired === undefined || errors.length > 0) return { kind: 'refused', reason: broken(errors) }
  if (desired.machines.size === 0) return { kind: 'refused', reason: empty }
  if (present === undefined || present.digest === desired.digest) return { kind: 'admitted' }

  const removed = removedMachines(present, desired)
  const share = present.machines.size === 0 ? 0 : removed.length / present.machines.size
  // The present limit, not the candidate's: a commit must not lift the guard that it is measured by.
  if (share <= present.park.removalLimit || approved) return { kind: 'admitted' }
  const reason = removesTooMuch(removed.length, present.machines.size, present.park.removalLimit)
  return { kind: 'held', reason, removed, share }
}

/** The machines that would no longer be managed, in order. One that only got another name, known by its MAC, stays managed. */
export function removedMachines(present: Desired, next: Desired): readonly MachineId[] {
  const macs = new Set<string>()
  for (const machine of next.machines.values()) macs.add(machine.mac)
  const removed: MachineId[] = []
  for (const [id, machine] of present.machines) {
    if (!next.machines.has(id) && !macs.has(machine.mac)) removed.push(id)
  }
  return removed.sort()
}

function broken(errors: readonly Diagnostic[]): Reason {
  const [first] = errors
  const reason: Reason = {
    code: 'revision-broken',
    message: say(
      `The revision has ${errors.length === 1 ? 'an error' : 'errors'} and changes nothing: run “proviseur check”, correct it and commit again.`,
      `La révision comporte ${errors.length === 1 ? 'une erreur' : 'des erreurs'} et ne change rien\u00a0: lancez «\u00a0proviseur check\u00a0», corrigez puis validez à nouveau.`,
    ),
  }
  return first === undefined
    ? reason
    : { ...reason, detail: `${first.file}:${first.line}:${first.column}: ${first.code}` }
}

const empty: Reason = {
  code: 'revision-empty',
  message: say(
    'The revision holds no machine at all and changes nothing: if the park is really to be given up, stop the service instead.',
    'La révision ne contient aucun poste et ne change rien\u00a0: pour abandonner réellement le parc, arrêtez plutôt le service.',
  ),
}

const removesTooMuch = (removed: number, before: number, limit: number): Reason => ({
  code: 'removes-too-much',
  message: say(
    `The revision would stop managing ${removed} of ${before} machines (${percent(removed / before)}%, the limit is ${percent(limit)}%): approve it if that is meant.`,
    `La révision cesserait de gérer ${removed} postes sur ${before} (${percent(removed / before)}\u00a0%, la limite est de ${percent(limit)}\u00a0%)\u00a0: approuvez-la si c’est bien voulu.`,
  ),
})

/** One decimal at most. */
const percent = (share: number): number => Math.round(share * 1000) / 10
