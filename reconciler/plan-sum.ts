/**
 * What names a plan: equal decisions have equal names. The digests of all decisions are added up without carry, so that of a
 * region's plan in which one decision changed one digest is worked out again.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { hash } from './action.ts'
import { changeKey } from './diff.ts'
import type { Change } from './model/change.ts'
import type { MachineId, PlanId } from './model/ids.ts'
import type { Decision, Target } from './model/plan.ts'
import type { Reason } from './model/reason.ts'

export type PlanSum = {
  /** True if a reader would call it another decision than the one before. */
  put(machine: MachineId, decision: Decision): boolean
  remove(machine: MachineId): void
  id(target: Target): PlanId
}

export function createPlanSum(): PlanSum {
  const known = new Map<MachineId, { readonly line: string; readonly digest: Uint8Array }>()
  const sum = new Uint8Array(32)
  const toggle = (digest: Uint8Array): void => {
    for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) ^ (digest[index] ?? 0)
  }
  return {
    put(machine, decision) {
      const line = `${machine} ${decision.kind} ${gist(decision)}`
      const before = known.get(machine)
      if (before?.line === line) return false
      if (before !== undefined) toggle(before.digest)
      const digest = sha256(utf8ToBytes(line))
      toggle(digest)
      known.set(machine, { line, digest })
      return true
    },
    remove(machine) {
      const before = known.get(machine)
      if (before !== undefined) toggle(before.digest)
      known.delete(machine)
    },
    id({ fence, revision, desired }) {
      const target = `${fence.epoch} ${fence.generation} ${revision} ${desired}`
      return hash(`${target} ${known.size} ${bytesToHex(sum)}`) as PlanId
    },
  }
}

export function planIdOf(target: Target, decisions: ReadonlyMap<MachineId, Decision>): PlanId {
  const sum = createPlanSum()
  for (const [machine, decision] of decisions) sum.put(machine, decision)
  return sum.id(target)
}

/** What makes a decision differ from another. */
function gist(decision: Decision): string {
  switch (decision.kind) {
    case 'converged':
      return `${decision.lastSeen ?? ''} ${keys(decision.reported)}`
    case 'act':
      return `${decision.action.id} ${decision.action.deadline} ${decision.action.warnMs ?? ''}`
    case 'held':
      return `${decision.by} ${decision.until ?? ''} ${gistOfReason(decision.reason)} ${keys(decision.changes)}`
    case 'unknown':
      return gistOfReason(decision.reason)
    case 'stalled':
      return `${decision.until ?? ''} ${gistOfReason(decision.reason)} ${keys(decision.changes)}`
  }
}

const gistOfReason = ({ code, message, detail }: Reason): string => JSON.stringify([code, message.en, detail])

const keys = (changes: readonly Change[]): string =>
  changes.length === 0 ? '[]' : JSON.stringify(changes.map(changeKey))
