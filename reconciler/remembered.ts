import { entryOf } from './entry.ts'

/**
 * A pure function of two objects that never change, with its answers: machines of a room share most of what is wanted and much of
 * what is found, and each pass asks the same again. The answers are forgotten with the first of the two, what was found.
 */
export function remembered<One extends object, Other extends object, Answer>(
  ask: (one: One, other: Other) => Answer,
): (one: One, other: Other) => Answer {
  const known = new WeakMap<One, Map<Other, Answer>>()
  return (one, other) =>
    entryOf(
      entryOf(known, one, () => new Map<Other, Answer>()),
      other,
      () => ask(one, other),
    )
}
