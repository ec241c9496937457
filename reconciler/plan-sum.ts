/**
 * What names a plan: equal decisions have equal names. The digests of all decisions are added up without carry, so that of a
 * region's plan in which one decision changed one digest is worked out again.
 */
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
  const known = new Map<MachineId, Sum>()
  const sum: Sum = [0, 0, 0, 0]
  return {
    put(machine, decision) {
      const digest = digestOf(`${machine} ${decision.kind} ${gist(decision)}`)
      const before = known.get(machine)
      if (before !== undefined) {
        if (isSame(before, digest)) return false
        toggle(sum, before)
      }
      toggle(sum, digest)
      known.set(machine, digest)
      return true
    },
    remove(machine) {
      const before = known.get(machine)
      if (before !== undefined) toggle(sum, before)
      known.delete(machine)
    },
    id({ fence, revision, desired }) {
      const target = `${fence.epoch} ${fence.generation} ${revision} ${desired}`
      return hash(`${target} ${known.size} ${sum.join(' ')}`) as PlanId
    },
  }
}

/** 128 bits, as four integers. */
type Sum = [number, number, number, number]

const isSame = (a: Sum, b: Sum): boolean => a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3]

function toggle(sum: Sum, by: Sum): void {
  sum[0] ^= by[0]
  sum[1] ^= by[1]
  sum[2] ^= by[2]
  sum[3] ^= by[3]
}

/**
 * Each of a region's thousands of decisions an hour is digested, and nobody gains anything by forging one: four multiplicative
 * hashes, each of which takes every character in with a multiplier of its own and mixes its bits at the end.
 */
function digestOf(line: string): Sum {
  let a = 0x811c9dc5
  let b = 0x2f0b4a27
  let c = 0x6a09e667
  let d = 0x3c6ef372
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x5bd1e995)
    c = Math.imul(c ^ code, 0x9e3779b1)
    d = Math.imul(d ^ code, 0x85ebca6b)
  }
  return [mixed(a ^ (b >>> 15)), mixed(b ^ (c >>> 15)), mixed(c ^ (d >>> 15)), mixed(d ^ (a >>> 15))]
}

function mixed(bits: number): number {
  let mixing = Math.imul(bits ^ (bits >>> 16), 0x7feb352d)
  mixing = Math.imul(mixing ^ (mixing >>> 15), 0x846ca68b)
  return mixing ^ (mixing >>> 16)
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

const gistOfReason = ({ code, message, detail = '' }: Reason): string => `${code}\n${message.en}\n${detail}\n`

const keys = (changes: readonly Change[]): string => changes.map(changeKey).join('\n')
