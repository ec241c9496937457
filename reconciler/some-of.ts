import { say } from '../specs/text.ts'
import type { MachineId } from './model/ids.ts'
import type { Text } from './model/reason.ts'
import { machines } from './wording.ts'

/** A long list is told by its number and its first few. */
export function someOf(ids: readonly MachineId[]): Text {
  const shown = ids.slice(0, 5).join(', ')
  if (ids.length <= 5) return say(shown, shown)
  const count = machines(ids.length)
  return say(`${count.en} (${shown}, …)`, `${count.fr} (${shown}, …)`)
}
