/** Collections that count their changes, so that what was worked out from them is worked out again only after one. */

export class CountedMap<Key, Value> extends Map<Key, Value> {
  changes = 0

  override set(key: Key, value: Value): this {
    this.changes += 1
    return super.set(key, value)
  }

  override delete(key: Key): boolean {
    this.changes += 1
    return super.delete(key)
  }

  override clear(): void {
    this.changes += 1
    super.clear()
  }
}

export class CountedSet<Value> extends Set<Value> {
  changes = 0

  override add(value: Value): this {
    this.changes += 1
    return super.add(value)
  }

  override delete(value: Value): boolean {
    this.changes += 1
    return super.delete(value)
  }

  override clear(): void {
    this.changes += 1
    super.clear()
  }
}
