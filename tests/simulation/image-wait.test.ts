/** `up --once` while an image is on its way to the site server, on virtual time. */
import test, { type ExecutionContext } from 'ava'
import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'
import { manifest } from '../reconciler/sample-park.ts'
import { archive, imaged, images } from './imaged.ts'
import { sixPcs } from './lycee.ts'
import { createWorld, morning } from './world.ts'

const ids = sixPcs.slice(0, 2)
const hourMs = 3_600_000

const reason = (code: string): Reason => ({ code, message: say(`${code}.`, `${code}.`) })

/** Blank PCs; `reasonAt` says why their image is not there, so many milliseconds after the start. */
async function lycee(t: ExecutionContext, reasonAt: (afterMs: number) => Reason | undefined) {
  const world = await createWorld(t, {
    seed: 11,
    ids,
    archive,
    images,
    awaited: () => {
      const why = reasonAt(world.clock.now() - morning)
      return new Map(why === undefined ? [] : [[manifest('v1'), why]])
    },
  })
  for (const pc of world.pcs.values()) {
    pc.disk.content = 'blank'
    pc.powerOff()
  }
  world.commit('c1', imaged(ids, 'v1'))
  const result = await world.once('a')
  return {
    result,
    tookMs: world.clock.now() - morning,
    waits: world.progress.filter(({ kind }) => kind === 'waiting'),
    writes: [...world.pcs.values()].map(({ disk }) => disk.writes.length),
  }
}

test('it waits for an image that is looked for, then fetched, says so once, and ends as wanted', async (t) => {
  const { result, tookMs, waits, writes } = await lycee(t, (afterMs) => {
    if (afterMs < hourMs / 4) return reason('image-unchecked')
    return afterMs < 2 * hourMs ? reason('image-coming') : undefined
  })
  t.is(result, 'converged')
  t.true(tookMs >= 2 * hourMs)
  t.deepEqual(waits, [{ kind: 'waiting', reason: reason('image-coming'), atMostMs: 6 * hourMs }])
  t.deepEqual(writes, [1, 1])
})

test('it does not wait for ever', async (t) => {
  const { result, tookMs, writes } = await lycee(t, () => reason('image-coming'))
  t.is(result, 'blocked')
  t.true(tookMs >= 6 * hourMs && tookMs < 7 * hourMs, `${tookMs}`)
  t.deepEqual(writes, [0, 0])
})

for (const code of ['image-not-here', 'image-not-fetched']) {
  test(`it does not wait for what nobody brings: ${code}`, async (t) => {
    const { result, tookMs, waits, writes } = await lycee(t, () => reason(code))
    t.is(result, 'blocked')
    t.true(tookMs < hourMs, `${tookMs}`)
    t.deepEqual(waits, [])
    t.deepEqual(writes, [0, 0])
  })
}

for (const minutes of [5, 120]) {
  test(`an image comes ${minutes} min after it is wanted, and nobody tells: it is seen without any look or pass`, async (t) => {
    let comesAt = Number.NEGATIVE_INFINITY
    const world = await createWorld(t, {
      seed: 12,
      ids,
      archive,
      images,
      awaited: () => new Map(world.clock.now() < comesAt ? [[manifest('v2'), reason('image-coming')]] : []),
    })
    for (const pc of world.pcs.values()) pc.disk.content = 'blank'
    world.commit('c1', imaged(ids, 'v1'))
    t.is(await world.once('a'), 'converged')
    const upgraded = () => [...world.pcs.values()].filter(({ disk }) => disk.writes.length === 2).length
    const dayMs = 24 * hourMs
    const alive = world.loop('b', {
      passEveryMs: dayMs,
      observeEveryMs: dayMs,
      freshMs: 2 * dayMs,
      requestsEveryMs: hourMs / 2,
    })
    alive.run()
    await world.clock.pass(hourMs)
    comesAt = world.clock.now() + minutes * 60_000
    world.commit('c2', imaged(ids, 'v2'))
    await world.clock.pass(minutes * 60_000)
    t.is(upgraded(), 0)
    await world.clock.pass(hourMs)
    t.is(upgraded(), ids.length)
    await alive.stop()
  })
}
