/**
 * A story: given a lycée, when this and that happens, then so it is. Written in plain lines, acted out by the real loop and
 * store with simulated PCs on virtual time, and shown with what the commands print.
 */
import type { ExecutionContext } from 'ava'
import { createContext } from '../../cli/context.ts'
import { printExplanation } from '../../cli/output/explanation.ts'
import { formatMoment } from '../../cli/output/moment.ts'
import { printRolloutStatus } from '../../cli/output/rollout.ts'
import { printRolloutHistory } from '../../cli/output/rollout-history.ts'
import { printOrder } from '../../cli/output/rollout-order.ts'
import { readRollout } from '../../cli/rollout-now.ts'
import { explain } from '../../reconciler/explain.ts'
import { rolloutLines } from '../../reconciler/explain-rollout.ts'
import type { MachineId, RolloutOrderId } from '../../reconciler/model/ids.ts'
import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import { rolloutReport } from '../../reconciler/rollout-report.ts'
import type { Desired, DesiredRollout, DesiredWave } from '../../specs/desired.ts'
import { parseDuration } from '../../specs/duration.ts'
import { deserialize } from '../../specs/serialize.ts'
import type { Locale } from '../../specs/text.ts'
import { paper } from '../cli/paper.ts'
import { wish } from './lycee.ts'
import { type Alive, createWorld, type World } from './world.ts'

/** Acts out one line, and returns what is printed below it. */
export type Teller = (line: string) => Promise<string>

const timezone = 'Europe/Paris'

const archive = { geogebra: ['6.0.850-1'], blender: ['4.2.0-1'], krita: ['5.2.2-1'] }

type Stage = {
  readonly t: ExecutionContext
  ids: readonly string[]
  rollout: DesiredRollout
  world?: World
  alive?: Alive
  /** Of the log, told so far. */
  toldUpTo: number
  /** How many actions were begun on each PC when the last commit came. */
  begun: ReadonlyMap<string, number>
}

type Act = (stage: Stage, ...words: readonly string[]) => Promise<string> | string

const acts: readonly (readonly [RegExp, Act])[] = [
  [
    /^given rooms (.+) with (\d+) PCs each$/,
    (stage, rooms, count) => {
      stage.ids = listed(rooms).flatMap((room) =>
        Array.from({ length: Number(count) }, (_, index) => `victor-hugo/${room}-0${index + 1}`),
      )
      return ''
    },
  ],
  [
    /^given waves: (.+)$/,
    (stage, waves = '') => {
      stage.rollout = { ...stage.rollout, waves: waves.split('; ').map(waveOf) }
      return ''
    },
  ],
  [
    /^given (soak|deadline|health) (\S+)$/,
    (stage, what, time) => {
      stage.rollout = { ...stage.rollout, [`${what}Ms`]: lasting(time) }
      return ''
    },
  ],
  [/^given commit (\S+) everywhere: (.+)$/, begin],
  [/^when no PC can install (\S+)$/, spoil],
  [/^when commit (\S+): (.+)$/, commit],
  [/^when (\S+) pass(?:es)?$/, pass],
  [/^when (\S+) is switched off for good$/, (stage, name) => switched(stage, name, false)],
  [/^when (\S+) is switched on$/, (stage, name) => switched(stage, name, true)],
  [/^then (\S+) is on (.+)$/, isOn],
  [/^then nothing was begun on (.+) for this commit$/, isUntouched],
  [/^then the log tells(, in French)?$/, (stage, french) => log(stage, french === undefined ? 'en' : 'fr')],
  [
    /^\$ proviseur rollout status( --lang fr)?$/,
    (stage, french) => status(stage, french === undefined ? 'en' : 'fr'),
  ],
  [/^\$ proviseur rollout history$/, history],
  [/^\$ proviseur explain (\S+)$/, explained],
  [/^\$ proviseur rollout (pause|resume|approve|abort|rollback)(?: --why "(.+)")?$/, order],
]

export function createTeller(t: ExecutionContext): Teller {
  const stage: Stage = {
    t,
    ids: [],
    rollout: { waves: [{ percent: 100 }], soakMs: lasting('1h') },
    toldUpTo: 0,
    begun: new Map(),
  }
  t.teardown(() => stage.alive?.kill())
  return async (line) => {
    for (const [pattern, act] of acts) {
      const found = pattern.exec(line)
      if (found !== null) return act(stage, ...found.slice(1))
    }
    throw new Error(`nobody knows what this means: ${line}`)
  }
}

const listed = (words = ''): readonly string[] => words.split(/, | and /)

function lasting(text = ''): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error(`${text} is no duration`)
  return ms
}

function waveOf(text: string): DesiredWave {
  const [who = '', after] = text.split(' after ')
  const room = /^room (\S+)$/.exec(who)?.[1]
  if (room === undefined && who !== 'everybody') throw new Error(`${who} is no wave`)
  return {
    ...(room === undefined ? { percent: 100 } : { rooms: [room] }),
    ...(after === undefined ? {} : { approval: true }),
  }
}

function worldOf({ world }: Stage): World {
  if (world === undefined) throw new Error('there is no lycée yet')
  return world
}

const idOf = (stage: Stage, name = ''): string => {
  const found = stage.ids.find((id) => id.endsWith(`/${name}`))
  if (found === undefined) throw new Error(`there is no PC ${name}`)
  return found
}

const nameOf = (id: string): string => id.slice(id.indexOf('/') + 1)

const desiredOf = ({ ids, rollout }: Stage, packages: string): Desired =>
  wish(ids, {
    packages: Object.fromEntries(listed(packages).map((name) => [name, 'present'])),
    rollout,
  })

async function begin(stage: Stage, revision = '', packages = ''): Promise<string> {
  const world = await createWorld(stage.t, { seed: 1, ids: stage.ids, archive })
  stage.world = world
  world.commit(revision, {
    ...wish(stage.ids, { packages: Object.fromEntries(listed(packages).map((name) => [name, 'present'])) }),
  })
  stage.t.is(await world.once('first'), 'converged')
  stage.alive = world.loop('loop', { requestsEveryMs: 5_000 })
  stage.alive.run()
  stage.toldUpTo = (await world.store.events({ limit: 10_000 })).at(-1)?.seq ?? 0
  return ''
}

function spoil(stage: Stage, name = ''): string {
  worldOf(stage).archive.failing.add(name)
  return ''
}

async function commit(stage: Stage, revision = '', packages = ''): Promise<string> {
  const world = worldOf(stage)
  stage.begun = new Map(stage.ids.map((id) => [id, world.pc(id).record.started.length]))
  world.commit(revision, desiredOf(stage, packages))
  return ''
}

async function pass(stage: Stage, time = ''): Promise<string> {
  const { clock } = worldOf(stage)
  const before = clock.now()
  await clock.pass(lasting(time))
  return `it is ${formatMoment(clock.now(), before, timezone, 'en')}`
}

function switched(stage: Stage, name: string | undefined, isOn: boolean): string {
  const pc = worldOf(stage).pc(idOf(stage, name))
  pc.wakeable = isOn
  if (isOn) pc.powerOn()
  else pc.powerOff()
  return ''
}

function isOn(stage: Stage, name = '', where = ''): string {
  const having = stage.ids.filter((id) => worldOf(stage).pc(id).installed.has(name)).map(nameOf)
  const all = stage.ids.map(nameOf)
  const wanted = where === 'all PCs' ? all : where === 'no PC' ? [] : listed(where)
  stage.t.deepEqual(having, [...wanted], `${name} is on ${where}`)
  return ''
}

function isUntouched(stage: Stage, names: string | undefined): string {
  for (const name of listed(names)) {
    const id = idOf(stage, name)
    stage.t.is(stage.begun.get(id), worldOf(stage).pc(id).record.started.length, name)
  }
  return ''
}

const isOfRollout = /^(?:rollout-|wave-|lycee-held|revision-refused)/

async function log(stage: Stage, locale: Locale): Promise<string> {
  const { store, clock } = worldOf(stage)
  const events = await store.events({ after: stage.toldUpTo, limit: 10_000 })
  if (locale === 'fr') stage.toldUpTo = events.at(-1)?.seq ?? stage.toldUpTo
  return events
    .filter(({ kind }) => isOfRollout.test(kind))
    .map(
      ({ at, revision, message, actor }) =>
        `${formatMoment(at, clock.now(), timezone, locale)}  ${revision ?? ''}  ${message[locale]}  ${actor}`,
    )
    .join('\n')
}

async function newest({ store }: World): Promise<Rollout> {
  const [rollout] = await store.rollouts(1)
  if (rollout === undefined) throw new Error('there is no rollout')
  return rollout
}

const present = async (world: World) =>
  readRollout(world.store, await newest(world), await world.store.inventory(), world.clock.now())

async function status(stage: Stage, locale: Locale): Promise<string> {
  const world = worldOf(stage)
  const memory = await world.store.history()
  const report = rolloutReport({
    ...(await present(world)),
    backoffs: (machine) => memory.get(machine)?.backoffs ?? [],
    now: world.clock.now(),
  })
  const { terminal, text } = paper()
  printRolloutStatus({ report, orders: await world.store.rolloutOrders() }, locale, terminal)
  return text()
}

async function history(stage: Stage): Promise<string> {
  const { store, clock } = worldOf(stage)
  const { terminal, text } = paper()
  printRolloutHistory(await store.rollouts(20), { now: clock.now(), timezone, locale: 'en' }, terminal)
  return text()
}

/** As far as it is about what is decided. */
async function explained(stage: Stage, name: string | undefined): Promise<string> {
  const world = worldOf(stage)
  const id = idOf(stage, name) as MachineId
  const { steering, tally, evidence } = await present(world)
  const target = await world.store.target()
  const kept = target && (await world.store.getRevision(target.desired))
  const desired = kept && deserialize(kept.bytes)
  const machine = desired?.machines.get(id)
  if (desired === undefined || machine === undefined) throw new Error('there is no target')
  const [decision, now] = [evidence.decisions.get(id), world.clock.now()]
  const seen = await world.store.observed(id)
  const told = explain(id, desired, seen, decision, undefined, [], now, [], rolloutLines(steering, tally, id))
  if (told === undefined) throw new Error(`${id} is not explained`)
  const { terminal, text } = paper()
  const sections = told.sections.slice(0, 1)
  printExplanation({ ...told, sections }, machine, decision, now, 'en', terminal)
  return text()
}

const takenUpWithinMs = 30_000

async function order(stage: Stage, kind: string | undefined, why: string | undefined): Promise<string> {
  const { store, clock } = worldOf(stage)
  const before = await newest(worldOf(stage))
  const at = clock.now()
  const given: RolloutOrder = {
    id: `order at ${at}` as RolloutOrderId,
    rollout: before.id,
    kind: kind as RolloutOrder['kind'],
    who: 'claire',
    at,
    ...(why === undefined ? {} : { why }),
  }
  const told = `${kind} was ordered${why === undefined ? '' : `: ${why}`}`
  await store.addRolloutOrder(given, {
    at,
    kind: 'observed',
    actor: 'claire',
    message: { en: told, fr: told },
  })
  await clock.pass(takenUpWithinMs)
  const rollout = (await store.rollouts(20)).find(({ id }) => id === before.id)
  if (rollout === undefined) throw new Error('the store lost a rollout')
  const { terminal, text } = paper()
  const context = createContext({
    locale: 'en',
    json: false,
    out: terminal,
    err: terminal,
    env: {},
    cwd: '/',
  })
  printOrder(context, given, before, { kind: 'taken-up', rollout })
  return text()
}
