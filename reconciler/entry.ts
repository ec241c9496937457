type Entries<Key, Value> = { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown }

/** What a map holds under a key; made and kept if it holds nothing yet. */
export function entryOf<Key, Value>(map: Entries<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
