import type { Branch } from './layers.ts'
import { Stack } from './stack.ts'

/** A role's layer; `name` is the role's. */
export type RoleLayer = { readonly name: string; readonly layer: Branch }

/** The lower part of every machine's stack: the park's defaults and a role with all that it extends. */
export class RoleStacks {
  readonly #base: Stack
  readonly #chains: ReadonlyMap<string, readonly RoleLayer[]>
  readonly #known = new Map<string, Stack>()

  constructor(parkDefaults: Branch, chains: ReadonlyMap<string, readonly RoleLayer[]>) {
    this.#base = Stack.empty().with(parkDefaults)
    this.#chains = chains
  }

  /** An unknown role (reported where it is written) adds nothing. */
  of(role: string | undefined): Stack {
    if (role === undefined) return this.#base
    const known = this.#known.get(role)
    if (known) return known
    const chain = this.#chains.get(role) ?? []
    const stack = chain.reduce<Stack>((below, { name, layer }) => below.with(layer, name), this.#base)
    this.#known.set(role, stack)
    return stack
  }
}
