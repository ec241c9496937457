import type { Origin } from './desired.ts'

/**
 * One layer of settings (or several merged): a tree whose leaves know where they were written.
 *
 * Merging is associative: (a + b) + c = a + (b + c), so that layers merged before can be kept and shared between all the
 * machines above them. For that a map that was put in place of a list (or of anything that is no map) must remember that it
 * replaces: `replaces` is what makes `[x] + {y}`, laid over `{z}`, come out as `{y}` on either way.
 */
export type Layer = Leaf | Branch
export type Leaf = { readonly kind: 'leaf'; readonly value: unknown; readonly at: Origin }
export type Branch = {
  readonly kind: 'branch'
  /** Nothing of the layers below shows through. */
  readonly replaces: boolean
  readonly entries: ReadonlyMap<string, Layer>
}

/** The neutral layer: merged with any other, on either side, it gives the other. */
export const emptyBranch: Branch = { kind: 'branch', replaces: false, entries: new Map() }

/** Lays `over` upon `under`: maps merge by key, everything else (words, lists, `absent`) replaces. */
export function merge(under: Layer, over: Layer): Layer {
  if (over.kind === 'leaf' || over.replaces) return over
  if (over.entries.size === 0) return under
  if (under.kind === 'leaf') return { ...over, replaces: true }
  const entries = new Map(under.entries)
  for (const [key, layer] of over.entries) {
    const below = entries.get(key)
    entries.set(key, below ? merge(below, layer) : layer)
  }
  return { kind: 'branch', replaces: under.replaces, entries }
}

/** The same for whole layers, whose top is always a map. */
export function mergeBranches(under: Branch, over: Branch): Branch {
  const merged = merge(under, over)
  return merged.kind === 'branch' ? merged : over
}

/** Every leaf with its dotted path: `packages.blender.version`. */
export function* leaves(layer: Layer, path = ''): Generator<readonly [string, Leaf]> {
  if (layer.kind === 'leaf') yield [path, layer]
  else for (const [key, inner] of layer.entries) yield* leaves(inner, path === '' ? key : `${path}.${key}`)
}

/** The bare values: branches as objects, leaves as what they hold. */
export function valuesOf(layer: Layer): unknown {
  if (layer.kind === 'leaf') return layer.value
  return Object.fromEntries([...layer.entries].map(([key, inner]) => [key, valuesOf(inner)]))
}
