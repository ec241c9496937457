/** What a technician reads of a rollout, from the first wave to the commit that mends it: the real loop and store, simulated PCs, virtual time. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { printExplanation } from '../../cli/output/explanation.ts'
import { printRolloutStatus } from '../../cli/output/rollout.ts'
import type { Happening } from '../../cli/progress/happening.ts'
import { createNarrator } from '../../cli/progress/narrator.ts'
import { tell } from '../../cli/progress/story.ts'
import { readRollout } from '../../cli/rollout-now.ts'
import { explain } from '../../reconciler/explain.ts'
import { rolloutLines } from '../../reconciler/explain-rollout.ts'
import type { MachineId, RolloutOrderId } from '../../reconciler/model/ids.ts'
import { rolloutReport } from '../../reconciler/rollout-report.ts'
import type { DesiredRollout } from '../../specs/desired.ts'
import { deserialize } from '../../specs/serialize.ts'
import { type Locale, say } from '../../specs/text.ts'
import { sixPcs, wish } from '../simulation/lycee.ts'
import { createWorld, type World } from '../simulation/world.ts'
import { paper } from './paper.ts'

const golden = fileURLToPath(new URL('../golden/rollout/', import.meta.url))
const refresh = process.env['UPDATE_GOLDEN'] === '1'

const matches = async (t: ExecutionContext, name: string, text: string): Promise<void> => {
  const told = `${text.trimEnd()}\n`
  if (refresh) {
    await mkdir(golden, { recursive: true })
    await writeFile(`${golden}${name}.txt`, told)
  }
  t.is(told, await readFile(`${golden}${name}.txt`, 'utf8'), name)
}

const minute = 60_000
const hour = 60 * minute

const archive = { geogebra: ['6.0.850-1'], blender: ['4.2.0-1'], krita: ['5.2.2-1'] }

/** Room b204 first; the others, half an hour later, once somebody has agreed. */
const waves: DesiredRollout = {
  waves: [{ rooms: ['b204'] }, { percent: 100, approval: true }],
  soakMs: 30 * minute,
}

const withPackage = (name: string) =>
  wish(sixPcs, { packages: { geogebra: 'present', [name]: 'present' }, rollout: waves })

const begun = async (t: ExecutionContext, seed: number) => {
  const world = await createWorld(t, { seed, ids: sixPcs, archive })
  world.commit('c1', wish(sixPcs, { packages: { geogebra: 'present' } }))
  t.is(await world.once('first'), 'converged')
  const alive = world.loop('loop', { requestsEveryMs: 5_000 })
  alive.run()
  return { world, alive }
}

const newestOf = async ({ store, clock }: World) => {
  const [rollout] = await store.rollouts(1)
  if (rollout === undefined) throw new Error('there is no rollout')
  return readRollout(store, rollout, await store.inventory(), clock.now())
}

const statusOf = async (world: World, locale: Locale = 'en'): Promise<string> => {
  const history = await world.store.history()
  const report = rolloutReport({
    ...(await newestOf(world)),
    backoffs: (machine) => history.get(machine)?.backoffs ?? [],
    now: world.clock.now(),
  })
  const { terminal, text } = paper()
  printRolloutStatus({ report, orders: await world.store.rolloutOrders() }, locale, terminal)
  return text()
}

test('rollout status follows a commit from its first wave to its end', async (t) => {
  const { world, alive } = await begun(t, 1)
  world.commit('c2', withPackage('blender'))
  await world.clock.pass(10 * minute)
  await matches(t, 'soaking', await statusOf(world))
  await world.clock.pass(hour)
  await matches(t, 'awaits-approval', await statusOf(world))
  await matches(t, 'awaits-approval.fr', await statusOf(world, 'fr'))
  await alive.stop()
})

test('rollout status of one that has stopped itself names who failed and why', async (t) => {
  const { world, alive } = await begun(t, 2)
  world.archive.failing.add('blender')
  world.commit('c2', withPackage('blender'))
  await world.clock.pass(3 * hour)
  const told = await statusOf(world)
  await matches(t, 'stopped-itself', told)
  const guide = await readFile(fileURLToPath(new URL('../../docs/operating.md', import.meta.url)), 'utf8')
  t.true(guide.includes(`\`\`\`text\n${told}\n\`\`\``), 'docs/operating.md shows it as it is')
  await alive.stop()
})

test('rollout status shows failures that a person has accepted apart from the others', async (t) => {
  const { world, alive } = await begun(t, 2)
  world.archive.failing.add('blender')
  world.commit('c2', withPackage('blender'))
  await world.clock.pass(hour)
  const { rollout } = (await newestOf(world)).steering
  const at = world.clock.now()
  await world.store.addRolloutOrder(
    { id: 'order' as RolloutOrderId, rollout: rollout.id, kind: 'resume', who: 'claire', at },
    { at, kind: 'rollout-ordered', actor: 'claire', message: say('resume', 'reprise') },
  )
  await world.clock.pass(5 * minute)
  await matches(t, 'accepted', await statusOf(world))
  await matches(t, 'accepted.fr', await statusOf(world, 'fr'))
  await alive.stop()
})

test('explain of a PC of a later wave tells which, since when it waits, until when, and what comes', async (t) => {
  const { world, alive } = await begun(t, 3)
  world.commit('c2', withPackage('blender'))
  await world.clock.pass(10 * minute)
  const id = sixPcs[5] as MachineId
  const { steering, tally, evidence } = await newestOf(world)
  const target = await world.store.target()
  const kept = target && (await world.store.getRevision(target.desired))
  const desired = kept && deserialize(kept.bytes)
  const machine = desired?.machines.get(id)
  if (desired === undefined || machine === undefined) throw new Error('there is no target')
  const decision = evidence.decisions.get(id)
  const now = world.clock.now()
  const lines = rolloutLines(steering, tally, id)
  const told = explain(id, desired, await world.store.observed(id), decision, undefined, [], now, [], lines)
  if (told === undefined) throw new Error(`${id} is not explained`)
  const { terminal, text } = paper()
  const { sections } = told
  printExplanation({ ...told, sections: sections.slice(0, 1) }, machine, decision, now, 'en', terminal)
  await matches(t, 'explain-later-wave', text())
  await alive.stop()
})

test('up tells each turn of a rollout once, however often the loop steps', async (t) => {
  const { world, alive } = await begun(t, 4)
  world.archive.failing.add('blender')
  world.commit('c2', withPackage('blender'))
  await world.clock.pass(3 * hour)
  world.commit('c3', withPackage('krita'))
  await world.clock.pass(3 * hour)
  await alive.stop()
  const shown: Happening[] = []
  const narrator = createNarrator({ show: (one) => shown.push(one), close: () => undefined })
  for (const progress of world.progress) narrator.tell(progress)
  t.true(world.progress.filter(({ kind }) => kind === 'rollout').length > 20)
  const told = shown
    .filter(({ kind }) => kind === 'rollout' || kind === 'revision')
    .map((one) => tell(one)?.text.en)
  await matches(t, 'told-by-up', told.join('\n'))
})
