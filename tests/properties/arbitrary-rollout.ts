/** Stories of rollouts: a policy, and what becomes of its PCs, what people order, and how long it takes. */
import fc from 'fast-check'
import type { RolloutOrder } from '../../reconciler/model/rollout.ts'
import type { DesiredRollout, DesiredWave } from '../../specs/desired.ts'
import { type Course, type Fate, hour, minute } from '../reconciler/sample-rollout.ts'

export const everybody = ['hugo/b204', 'hugo/cdi', 'zola/a1', 'zola/a2'].flatMap((room) =>
  ['01', '02', '03'].map((number) => `${room}-${number}`),
)

const fates: readonly Fate[] = [
  'untouched',
  'unneeded',
  'under way',
  'silent',
  'well',
  'well',
  'well',
  'failed',
  'mended',
  'hopeless',
  'shut out',
  'unfinished',
  'lost',
]
const orderKinds: readonly RolloutOrder['kind'][] = [
  'pause',
  'resume',
  'resume',
  'approve',
  'abort',
  'rollback',
]

export type Happening =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'fate'; readonly fate: Fate; readonly ids: readonly string[] }
  | { readonly kind: 'order'; readonly order: RolloutOrder['kind'] }
  | { readonly kind: 'superseded' }

/** Time passes and PCs come to their fates far more often than people step in. */
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(minute, 10 * minute, 31 * minute, hour, 26 * hour),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('fate' as const),
      fate: fc.constantFrom(...fates),
      ids: fc.subarray(everybody, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('order' as const), order: fc.constantFrom(...orderKinds) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'superseded' as const }) },
)

const wave: fc.Arbitrary<DesiredWave> = fc.record(
  {
    lycees: fc.constantFrom(['hugo'], ['zola']),
    rooms: fc.constantFrom(['b204'], ['cdi', 'a1']),
    percent: fc.constantFrom(10, 50, 100),
    soakMs: fc.constantFrom(minute, 2 * hour),
    approval: fc.boolean(),
  },
  { requiredKeys: [] },
)

const written: fc.Arbitrary<Partial<DesiredRollout>> = fc.record(
  {
    waves: fc.array(wave, { minLength: 1, maxLength: 4 }),
    soakMs: fc.constantFrom(minute, hour),
    successShare: fc.constantFrom(0.5, 0.9, 1),
    pauseAtFailureShare: fc.constantFrom(0, 0.05, 0.3, 1),
    lyceeFailureShare: fc.constantFrom(0.2, 0.9),
    approval: fc.boolean(),
    deadlineMs: fc.constantFrom(hour, 24 * hour),
    healthMs: fc.constantFrom(10 * minute, 30 * minute),
    rollback: fc.constantFrom('never', 'quiet'),
  },
  { requiredKeys: ['waves', 'soakMs'] },
)

export type Story = {
  readonly rollout: Partial<DesiredRollout>
  readonly unchanged: readonly string[]
  readonly isQuiet: boolean
  readonly happenings: readonly Happening[]
}

export const stories: fc.Arbitrary<Story> = fc.record({
  rollout: written,
  unchanged: fc.subarray(everybody, { maxLength: 4 }),
  isQuiet: fc.boolean(),
  happenings: fc.array(happening, { minLength: 1, maxLength: 40 }),
})

/** Lets it happen; that a newer revision comes is for the step to say. */
export const play = (course: Course, one: Happening): void => {
  if (one.kind === 'pass') course.pass(one.ms)
  if (one.kind === 'fate') course.fate(one.fate, ...one.ids)
  if (one.kind === 'order') course.order(one.order)
}
