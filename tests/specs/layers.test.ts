import test from 'ava'
import fc from 'fast-check'
import { emptyBranch, type Layer, merge } from '../../specs/layers.ts'

const at = { file: 'a.yaml', line: 1, column: 1 }

const layer: fc.Arbitrary<Layer> = fc.letrec<{ layer: Layer }>((tie) => ({
  layer: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('present', 'absent', 1, true).map((value): Layer => ({ kind: 'leaf', value, at })),
    fc.tuple(fc.boolean(), fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('layer'), { maxKeys: 3 })).map(
      ([replaces, entries]): Layer => ({
        kind: 'branch',
        replaces,
        entries: new Map(Object.entries(entries)),
      }),
    ),
  ),
})).layer

/** Without the order in which keys were first written: it is no part of what is wanted. */
function canonical(of: Layer): unknown {
  if (of.kind === 'leaf') return of.value
  const entries = [...of.entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return { replaces: of.replaces, entries: entries.map(([key, inner]) => [key, canonical(inner)]) }
}

test('merging layers is associative: (a + b) + c = a + (b + c)', (t) => {
  fc.assert(
    fc.property(layer, layer, layer, (a, b, c) => {
      t.deepEqual(canonical(merge(merge(a, b), c)), canonical(merge(a, merge(b, c))))
    }),
    { numRuns: 3000 },
  )
})

test('an empty layer changes nothing, above or below', (t) => {
  fc.assert(
    fc.property(layer, (a) => {
      t.deepEqual(canonical(merge(a, emptyBranch)), canonical(a))
      t.deepEqual(canonical(merge(emptyBranch, a)), canonical(a))
    }),
  )
})

test('laying a layer over itself changes nothing', (t) => {
  fc.assert(fc.property(layer, (a) => t.deepEqual(canonical(merge(a, a)), canonical(a))))
})
