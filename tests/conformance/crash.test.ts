import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import type { Store } from '../../reconciler/store/store.ts'
import { onEachDatabase } from './databases.ts'

const writer = fileURLToPath(new URL('writer.ts', import.meta.url))

/** Runs writers, and kills them once all are at work and as many events are there as told. */
const killWriters = async (
  store: Store,
  url: string,
  names: readonly string[],
  atEvents: number,
): Promise<void> => {
  const children = names.map((name) =>
    spawn(process.execPath, [writer, url, name], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const exits = children.map((child) => once(child, 'exit'))
  const failed = Promise.race(exits).then(([code]) => {
    throw new Error(`a writer ended by itself with ${code}`)
  })
  await Promise.race([failed, Promise.all(children.map((child) => once(child.stdout, 'data')))])
  let seen = 0
  while (seen < atEvents && children.every((child) => child.exitCode === null)) {
    const news = await store.events({ after: seen, limit: 1000 })
    seen = news.at(-1)?.seq ?? seen
  }
  const killed = children.map((child) => child.kill('SIGKILL'))
  await Promise.allSettled([failed, ...exits])
  if (killed.includes(false)) throw new Error('a writer had ended by itself')
}

/** Everything that one transaction writes is there, or nothing of it. */
const assertWhole = async (t: ExecutionContext, store: Store): Promise<void> => {
  const events = await store.events({ after: 0, limit: 1_000_000 })
  t.deepEqual(
    events.map((one) => one.seq),
    events.map((_, index) => index + 1),
  )
  const count = (kind: string) => events.filter((one) => one.kind === kind).length
  t.is((await store.target())?.fence.generation, count('target-moved'))
  const moved = events.filter((one) => one.kind === 'target-moved')
  t.is((await store.target())?.revision, moved.at(-1)?.revision)
  t.is((await store.openActions()).length, count('action-started') - count('action-ended'))
  for (const [, history] of await store.history()) {
    const digests = new Set(Object.values(history.applied))
    t.true(digests.size <= 1, 'the digests of one action')
  }
  t.true((await store.inventory()).size > 0)
  t.truthy(await store.latestPlan())
}

onEachDatabase('a process killed while it writes leaves nothing half-written', async (t, { store, url }) => {
  for (const atEvents of [40, 111, 202]) {
    await killWriters(store, url, [`w${atEvents}`], atEvents)
    await assertWhole(t, store)
  }
})

onEachDatabase('two processes write to one store, and are killed', async (t, { store, url, openAgain }) => {
  await killWriters(store, url, ['one', 'two'], 150)
  await assertWhole(t, store)
  const again = await openAgain()
  await assertWhole(t, again)
})
