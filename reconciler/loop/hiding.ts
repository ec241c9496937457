/** A map without some of its keys, which costs nothing to make. */
export const hiding = <Key, Value>(
  map: ReadonlyMap<Key, Value>,
  hidden: Pick<ReadonlySet<Key>, 'has' | 'size'>,
): ReadonlyMap<Key, Value> => (hidden.size === 0 ? map : new Hiding(map, hidden))

class Hiding<Key, Value> implements ReadonlyMap<Key, Value> {
  readonly #map: ReadonlyMap<Key, Value>
  readonly #hidden: Pick<ReadonlySet<Key>, 'has' | 'size'>

  constructor(map: ReadonlyMap<Key, Value>, hidden: Pick<ReadonlySet<Key>, 'has' | 'size'>) {
    this.#map = map
    this.#hidden = hidden
  }

  get size(): number {
    let size = 0
    for (const _ of this.entries()) size += 1
    return size
  }

  get(key: Key): Value | undefined {
    return this.#hidden.has(key) ? undefined : this.#map.get(key)
  }

  has(key: Key): boolean {
    return !this.#hidden.has(key) && this.#map.has(key)
  }

  forEach(visit: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this) visit(value, key, this)
  }

  *entries(): MapIterator<[Key, Value]> {
    for (const entry of this.#map) if (!this.#hidden.has(entry[0])) yield entry
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries()
  }
}
