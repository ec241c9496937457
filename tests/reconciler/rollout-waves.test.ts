/** Who gets a new revision in which wave, and by which rules. */
import test from 'ava'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { RolloutPolicy } from '../../reconciler/model/rollout.ts'
import { assignWaves, atOnce, policyOf, policyOfWave } from '../../reconciler/rollout-waves.ts'
import type { DesiredMachine, DesiredRollout, DesiredWave } from '../../specs/desired.ts'
import { parseDuration } from '../../specs/duration.ts'
import { type JsonSchema, schemaOf } from '../../specs/json-schema.ts'
import { machine, park, profile } from './sample-park.ts'

const minute = 60_000
const hour = 60 * minute

const policy = (rollout: Partial<DesiredRollout> = {}): RolloutPolicy => {
  const { park: made } = park([])
  return policyOf({ ...made, rollout: { waves: [{ percent: 100 }], soakMs: hour, ...rollout } })
}

const pcs = (lycee: string, room: string, count: number, labels: readonly string[] = []) =>
  Array.from({ length: count }, (_, index) =>
    machine(`${lycee}/${room}-${String(index + 1).padStart(3, '0')}`, profile(), { labels }),
  )

const mapOf = (machines: readonly DesiredMachine[]): ReadonlyMap<MachineId, DesiredMachine> =>
  new Map(machines.map((one) => [one.id, one]))

const assigned = (waves: readonly DesiredWave[], machines: readonly DesiredMachine[]) =>
  assignWaves(policy({ waves }), mapOf(machines))

const inWave = (waves: ReadonlyMap<MachineId, number>, wave: number): readonly string[] =>
  [...waves].flatMap(([id, index]) => (index === wave ? [id] : [])).sort()

const namesOf = (machines: readonly DesiredMachine[]): readonly string[] =>
  machines.map(({ id }) => id).sort()

const hugo = pcs('hugo', 'b204', 4)
const hugoOther = pcs('hugo', 'cdi', 3, ['pilot'])
const zola = pcs('zola', 'b204', 5)
const zolaPilot = pcs('zola', 'a1', 2, ['pilot', 'old'])
const everybody = [...hugo, ...hugoOther, ...zola, ...zolaPilot]

const filters: readonly (readonly [string, DesiredWave, readonly DesiredMachine[]])[] = [
  ['a lycée', { lycees: ['hugo'] }, [...hugo, ...hugoOther]],
  ['two lycées', { lycees: ['zola', 'hugo'] }, everybody],
  ['a room, in whichever lycée has one of that name', { rooms: ['b204'] }, [...hugo, ...zola]],
  ['a room of a lycée', { lycees: ['hugo'], rooms: ['b204'] }, hugo],
  ['a label', { labels: ['pilot'] }, [...hugoOther, ...zolaPilot]],
  ['one of two labels', { labels: ['old', 'new'] }, zolaPilot],
  ['lycée and label', { lycees: ['hugo'], labels: ['pilot'] }, hugoOther],
  ['what nobody is in', { lycees: ['pasteur'] }, []],
  ['no filter at all', {}, everybody],
  ['a hundred percent', { percent: 100 }, everybody],
]

for (const [name, wave, members] of filters) {
  test(`a wave of ${name} has those who match all of it, and whoever is left over comes last`, (t) => {
    const waves = assigned([wave], everybody)
    t.deepEqual(inWave(waves, 0), namesOf(members))
    t.deepEqual(inWave(waves, 1), namesOf(everybody.filter((one) => !members.includes(one))))
    t.is(waves.size, everybody.length, 'everybody is in exactly one')
  })
}

test('who matches two waves is in the first', (t) => {
  const waves = assigned([{ rooms: ['cdi'] }, { lycees: ['hugo'] }, { percent: 100 }], everybody)
  t.deepEqual(inWave(waves, 0), namesOf(hugoOther))
  t.deepEqual(inWave(waves, 1), namesOf(hugo))
  t.deepEqual(inWave(waves, 2), namesOf([...zola, ...zolaPilot]))
  t.deepEqual(inWave(waves, 3), [])
})

const many = [...pcs('hugo', 'b1', 60), ...pcs('zola', 'b2', 140)]

test('a percentage is of all machines and counts the waves before', (t) => {
  const sizes = (waves: readonly DesiredWave[]): readonly number[] => {
    const of = assigned(waves, many)
    return [...waves, undefined].map((_, index) => inWave(of, index).length)
  }
  t.deepEqual(sizes([{ percent: 10 }, { percent: 50 }, { percent: 100 }]), [20, 80, 100, 0])
  t.deepEqual(sizes([{ lycees: ['hugo'] }, { percent: 50 }, { percent: 100 }]), [60, 40, 100, 0])
  t.deepEqual(sizes([{ lycees: ['hugo'] }, { percent: 10 }, { percent: 40 }]), [60, 0, 20, 120])
  t.deepEqual(sizes([{ percent: 0.2 }]), [1, 199], 'a wave of a part of a PC has one')
  t.deepEqual(sizes([{ lycees: ['hugo'], percent: 10 }]), [20, 180], 'a part of a lycée')
})

test('a drawn share is about the same share of each lycée', (t) => {
  const thousand = [...pcs('hugo', 'b1', 500), ...pcs('zola', 'b2', 500)]
  const drawn = inWave(assigned([{ percent: 20 }], thousand), 0)
  t.is(drawn.length, 200)
  const ofHugo = drawn.filter((id) => id.startsWith('hugo/')).length
  t.true(ofHugo > 70 && ofHugo < 130, `${ofHugo} of 100`)
})

test('waves do not depend on the order in which machines come, and are the same each time', (t) => {
  const waves = [{ labels: ['pilot'] }, { percent: 30 }, { percent: 70 }]
  const one = assigned(waves, everybody)
  t.deepEqual(new Map([...assigned(waves, everybody.toReversed())].sort()), new Map([...one].sort()))
  t.deepEqual([...assigned(waves, everybody)], [...one])
})

test('who was drawn for a tenth is also in a larger share, and mostly stays when PCs come and go', (t) => {
  const tenth = inWave(assigned([{ percent: 10 }], many), 0)
  const third = new Set(inWave(assigned([{ percent: 33 }], many), 0))
  t.true(tenth.every((id) => third.has(id)))
  const grown = inWave(assigned([{ percent: 10 }], [...many, ...pcs('pasteur', 'c1', 10)]), 0)
  t.true(tenth.filter((id) => grown.includes(id)).length >= tenth.length - 10)
  const changed = many.map((one) => ({ ...one, profile: profile({ roles: ['other'] }) }))
  t.deepEqual(inWave(assigned([{ percent: 10 }], changed), 0), tenth, 'what they are to be has no say')
})

test('a park without a rollout has one wave with everybody, and nothing stops it', (t) => {
  const { park: made } = park([])
  t.is(policyOf(made), atOnce)
  t.is(policyOf({ ...made, rollout: { waves: [], soakMs: hour } }), atOnce)
  t.deepEqual(new Set(assignWaves(atOnce, mapOf(everybody)).values()), new Set([0]))
  t.is(atOnce.pauseAtFailureShare, undefined)
  t.is(atOnce.lyceeFailureShare, undefined)
  t.deepEqual(policyOfWave(atOnce, 0), { soakMs: 0, approval: false })
})

test('each wave soaks as long as the rollout says, or as it says itself', (t) => {
  const made = policy({ waves: [{ soakMs: 4 * hour }, { percent: 10 }, { percent: 100 }], soakMs: 2 * hour })
  t.deepEqual(
    made.waves.map(({ soakMs }) => soakMs),
    [4 * hour, 2 * hour, 2 * hour],
  )
})

test('a person is asked before each wave but the first, where the specs want it, or as a wave says itself', (t) => {
  const asks = (more: Partial<DesiredRollout>): readonly boolean[] => {
    const made = policy(more)
    return [...made.waves, undefined].map((_, index) => policyOfWave(made, index).approval)
  }
  const waves = [{ percent: 1 }, { percent: 10 }, { percent: 50 }]
  t.deepEqual(asks({ waves }), [false, false, false, false])
  t.deepEqual(asks({ waves, approval: true }), [false, true, true, true])
  t.deepEqual(asks({ waves: [{ approval: true }, { percent: 50 }] }), [true, false, false])
  t.deepEqual(asks({ waves: [{ percent: 1 }, { percent: 10, approval: false }], approval: true }), [
    false,
    false,
    true,
  ])
  t.deepEqual(
    asks({ waves: [{ rooms: ['b204'] }], approval: true }),
    [false, true],
    'the park after its canary',
  )
  t.deepEqual(asks({ waves: [{ percent: 1 }, { percent: 10, approval: true }] }), [false, true, true])
})

/** What the published schema says of a field of `rollout` that is not written. */
const documented = (...path: readonly string[]): unknown =>
  path.reduce<JsonSchema | undefined>(
    (node, name) => node?.properties?.[name],
    schemaOf('Park', 'en').properties?.['rollout'],
  )?.default

test('what is not written is what the schema says', (t) => {
  const made = policy()
  const percent = (share: number | undefined): string => `${(share ?? 0) * 100}%`
  t.is(documented('failures', 'pause'), percent(made.pauseAtFailureShare))
  t.is(documented('failures', 'lycee'), percent(made.lyceeFailureShare))
  t.is(documented('success'), percent(made.successShare))
  t.is(parseDuration(String(documented('deadline'))), made.deadlineMs)
  t.is(parseDuration(String(documented('health'))), made.healthMs)
  t.is(documented('rollback'), made.rollback)
  t.is(documented('approval'), policyOfWave(policy({ waves: [{}, {}] }), 1).approval)
})

test('what is written is taken over as it is', (t) => {
  const written = {
    successShare: 0.97,
    pauseAtFailureShare: 0.02,
    lyceeFailureShare: 0.5,
    deadlineMs: hour,
    healthMs: minute,
    rollback: 'quiet',
  } as const
  t.like(policy(written), written)
  t.like(policy({ pauseAtFailureShare: 0 }), { pauseAtFailureShare: 0 }, 'the first failure is one too many')
})
