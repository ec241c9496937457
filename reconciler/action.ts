/** From changes that may be made now to the action that makes them. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { changeKey } from './diff.ts'
import type { Change } from './model/change.ts'
import type { ActionId, Instant, MachineId } from './model/ids.ts'
import type { Action, Fence, Precondition, Target } from './model/plan.ts'

/** How an action is to be run. */
export type Terms = { readonly deadline: Instant; readonly warnMs?: number; readonly unoccupied?: true }

/** `decidedFrom`: the instant of the observation that the changes were computed from. */
export function createAction(
  machine: MachineId,
  changes: readonly Change[],
  target: Target,
  decidedFrom: Instant,
  terms: Terms,
  digest: (text: string) => string = hash,
): Action {
  const action: Action = {
    id: actionId(machine, target.fence, changes, decidedFrom, digest),
    machine,
    changes,
    fence: target.fence,
    content: target.desired,
    expect: preconditionOf(changes, terms),
    deadline: terms.deadline,
  }
  return terms.warnMs === undefined ? action : { ...action, warnMs: terms.warnMs }
}

/**
 * 64 hex digits. Equal for equal decisions, so that retries of one coincide wherever they come from; when and under which
 * terms it is run is not part of it. The changes enter by a digest of their own, which thousands of machines share.
 */
function actionId(
  machine: MachineId,
  fence: Fence,
  changes: readonly Change[],
  decidedFrom: Instant,
  digest: (text: string) => string,
): ActionId {
  const made = digest(changes.map(essence).join('\0'))
  return hash([machine, fence.epoch, fence.generation, decidedFrom, made].join('\0')) as ActionId
}

/** What tells one change from another: where it comes from, where it goes, and by which operation. */
function essence(change: Change): string {
  switch (change.facet) {
    case 'disk':
      // What is lost is part of what was decided: another finding on the disk is another action.
      return `${changeKey(change)} ${change.operation} ${change.from} ${JSON.stringify(change.wipes ?? null)}`
    case 'reset':
      return `${changeKey(change)} ${change.cause} ${change.from}`
    case 'packages':
      return `${changeKey(change)} ${change.operation} ${change.from}`
    case 'scripts':
      return `${changeKey(change)} ${change.cause} ${change.from}`
    case 'identity':
      return `${changeKey(change)} ${JSON.stringify(change.from)}`
    case 'power':
      return changeKey(change)
  }
}

/** `hash` that remembers its answers: for one pass, in which most machines have few different changes between them. */
export function rememberingHash(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const digest = known.get(text) ?? hash(text)
    known.set(text, digest)
    return digest
  }
}

/** SHA-256 of a text's UTF-8 bytes, 64 hex digits. */
export const hash = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))

function preconditionOf(changes: readonly Change[], { unoccupied }: Terms): Precondition {
  const packages: Record<string, string | null> = {}
  for (const change of changes) if (change.facet === 'packages') packages[change.source] = change.from
  return unoccupied === undefined ? { packages } : { packages, unoccupied }
}
