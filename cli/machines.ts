import type { DesiredMachine } from '../specs/desired.ts'
import { findScope, machinesIn } from './address.ts'
import { ok, type Result } from './result.ts'
import type { Session } from './session.ts'

/** The machines that a word names: one, or all of a room, a lycée or the park. */
export const findMachines = ({ desired }: Session, word: string): Result<readonly DesiredMachine[]> => {
  const scope = findScope(desired, word)
  return scope.ok ? ok(machinesIn(desired, scope.value)) : scope
}
