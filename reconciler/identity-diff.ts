import type { DesiredMachine } from '../specs/desired.ts'
import type { IdentityChange } from './model/change.ts'
import type { ObservedIdentity } from './model/observed.ts'

/** What differs in the machine's name and in the keys that may manage it. Keys that no spec names are left alone. */
export function diffIdentity(machine: DesiredMachine, observed: ObservedIdentity): readonly IdentityChange[] {
  const wanted = machine.profile.identity
  const changes: IdentityChange[] = []
  if (wanted.hostname && observed.hostname !== machine.name) {
    changes.push({
      facet: 'identity',
      item: 'hostname',
      from: observed.hostname,
      to: machine.name,
      effect: 'quiet',
    })
  }
  if (
    wanted.authorizedKeys !== undefined &&
    missingKeys(observed.authorizedKeys, wanted.authorizedKeys).length > 0
  ) {
    changes.push({
      facet: 'identity',
      item: 'authorized-keys',
      from: observed.authorizedKeys,
      to: wanted.authorizedKeys,
      effect: 'quiet',
    })
  }
  return changes
}

/** The wanted public keys that the machine does not accept yet. Comments do not make another key. */
export function missingKeys(accepted: readonly string[], wanted: readonly string[]): readonly string[] {
  const known = new Set(accepted.map(withoutComment))
  return wanted.filter((key) => !known.has(withoutComment(key)))
}

const withoutComment = (key: string): string => key.trim().split(/\s+/, 2).join(' ')
