/** Two `proviseur up` on one store care for the same PCs: they converge together, and each thing is done once. */
import test, { type ExecutionContext } from 'ava'
import { startPostgres } from '../conformance/postgres.ts'
import { prepareCountableWork } from './countable-work.ts'
import type { Up } from './running-up.ts'

async function convergeTogether(t: ExecutionContext, storeUrl?: string): Promise<void> {
  const work = await prepareCountableWork()
  const { lycee } = work
  try {
    const first = await work.next()
    const place = storeUrl === undefined ? [] : ['--store', storeUrl]
    const both = [lycee.up(...place), lycee.up(...place)]
    try {
      await Promise.all(both.map((up) => up.converged(first)))
      const second = await work.next()
      await Promise.all(both.map((up) => up.converged(second)))
      t.deepEqual(await Promise.all(both.map((up) => up.stop())), [0, 0])
      await work.verify(t, storeUrl)
    } catch (error) {
      t.log(await work.lab.describe())
      throw error
    } finally {
      const counts = both.map((up) => up.events.filter(({ kind }) => kind === 'acting').length)
      t.log(`actions of the one and of the other: ${counts.join(', ')}; contested: ${contested(both)}`)
    }
  } finally {
    await work.dispose()
  }
}

/** How often one of them had decided on an action and the other one had been faster. */
const contested = (both: readonly Up[]): number =>
  both
    .flatMap(({ events }) => events)
    .reduce((sum, { kind, decision }) => {
      if (decision === 'act') return sum + 1
      return kind === 'acting' ? sum - 1 : sum
    }, 0)

test.serial('two processes on one SQLite store do everything once, through two commits', (t) =>
  convergeTogether(t),
)

test.serial('two processes on one PostgreSQL do everything once, through two commits', async (t) => {
  const postgres = await startPostgres()
  try {
    await convergeTogether(t, await postgres.createDatabase())
  } finally {
    await postgres.stop()
  }
})
