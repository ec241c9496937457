/** `kill -9` of `proviseur up` at any instant: whoever starts it again finds everything as it was, and nothing is done twice. */
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { between, createRandom } from '../../providers/simulated/random.ts'
import { type CountableWork, prepareCountableWork } from './countable-work.ts'
import type { Up } from './running-up.ts'

const KILLS = 20
const seed = Number(process.env['PROVISEUR_KILL_SEED'] ?? 1636)

/** How long after which line of its output the process dies; `spawn` is before any, when it has hardly opened its store. */
type Fate = { readonly after: 'spawn' | 'started' | 'observed' | 'acting' | 'ended'; readonly ms: number }

/** How long after that line it may still live. Starting takes about half a second, an action some three. */
const LONGEST_MS = { spawn: 700, started: 600, observed: 600, acting: 2_500, ended: 500 } as const

function drawFates(): readonly Fate[] {
  const random = createRandom(seed)
  // Half of them amid actions: it is there that most can go wrong.
  const moments = ['spawn', 'started', 'observed', 'ended', 'acting', 'acting', 'acting', 'acting'] as const
  return Array.from({ length: KILLS }, () => {
    const after = moments[Math.floor(random() * moments.length)] ?? 'acting'
    return { after, ms: Math.floor(between(random, 0, LONGEST_MS[after])) }
  })
}

let work: CountableWork

test.before(async () => {
  work = await prepareCountableWork()
})

test.after.always(() => work?.dispose())

test('killed at twenty random instants, it converges, and everything was done once', async (t) => {
  t.log(`PROVISEUR_KILL_SEED=${seed}`)
  const { lycee } = work
  let revision = await work.next()
  let up: Up | undefined
  let amidActions = 0
  try {
    for (const { after, ms } of drawFates()) {
      up = lycee.up()
      const doomed = up
      // There is work for every kill: who has converged gets a new commit.
      await doomed.when('its fate, or nothing to do', () => isAt(doomed, after) || isDone(doomed))
      if (!isAt(doomed, after)) {
        revision = await work.next()
        await doomed.when('its fate', () => isAt(doomed, after))
      }
      await delay(ms)
      const done = isDone(doomed)
      await doomed.kill()
      if (isActing(doomed)) amidActions += 1
      if (done) revision = await work.next()
    }
    t.log(`${amidActions} of ${KILLS} kills amid actions; ${work.rounds} rounds`)
    t.true(amidActions >= KILLS / 4, 'the instants are worth something')
    up = lycee.up()
    await up.converged(revision)
    t.is(await up.stop(), 0)
    const status = await lycee.status()
    t.is(status.revision, revision)
    t.is(status.counts['converged'], work.lab.pcs.length)
    await work.verify(t)
  } catch (error) {
    t.log(await work.lab.describe(), up?.output())
    throw error
  }

  function isDone(of: Up): boolean {
    return of.isConvergedAt(revision)
  }
})

const isAt = (up: Up, after: Fate['after']): boolean =>
  after === 'spawn' || up.events.some(({ kind }) => kind === after)

/** It had begun an action and not seen its end. */
function isActing({ events }: Up): boolean {
  const ended = new Set(events.filter(({ kind }) => kind === 'ended').map(({ action }) => action))
  return events.some(({ kind, action }) => kind === 'acting' && !ended.has(action))
}
