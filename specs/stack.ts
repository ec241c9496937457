import type { Profile } from './desired.ts'
import { type Branch, emptyBranch, mergeBranches } from './layers.ts'

/**
 * Layers merged from the lowest up. Stacks form a tree that is grown on demand: the same layers in the same order are the
 * same stack, so that 30 PCs of a room (and most rooms of a lycée) share one, and each is merged and resolved once.
 */
export class Stack {
  readonly merged: Branch
  /** The roles in it, lowest first. */
  readonly roles: readonly string[]
  profile: Profile | undefined
  readonly #above = new Map<Branch, Stack>()

  constructor(merged: Branch, roles: readonly string[]) {
    this.merged = merged
    this.roles = roles
  }

  static readonly empty = (): Stack => new Stack(emptyBranch, [])

  /** This stack with one more layer on top; `role`: the layer is that role's. */
  with(layer: Branch, role?: string): Stack {
    if (layer.entries.size === 0 && role === undefined) return this
    const known = this.#above.get(layer)
    if (known) return known
    const roles = role === undefined ? this.roles : [...this.roles, role]
    const stack = new Stack(mergeBranches(this.merged, layer), roles)
    this.#above.set(layer, stack)
    return stack
  }
}
