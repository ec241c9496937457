/** Runs each test of the conformance suite on both databases. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openStore } from '../../reconciler/store/open.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { type Postgres, startPostgres } from './postgres.ts'

export type Opened = {
  readonly store: Store
  readonly url: string
  /** The same database through connections of its own, as another process would have it. */
  readonly openAgain: () => Promise<Store>
}

let postgres: Promise<Postgres> | undefined

test.after.always('the databases are stopped', async () => {
  await (await postgres)?.stop()
})

const newSqlite = async (t: ExecutionContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return `sqlite:${join(folder, 'store.db')}`
}

const newPostgres = async (): Promise<string> => {
  postgres ??= startPostgres()
  return (await postgres).createDatabase()
}

export const onEachDatabase = (
  title: string,
  body: (t: ExecutionContext, opened: Opened) => Promise<void>,
): void => {
  for (const [name, create] of [
    ['SQLite', newSqlite],
    ['PostgreSQL', newPostgres],
  ] as const)
    test(`${name}: ${title}`, async (t) => {
      const url = await create(t)
      const openAgain = async () => {
        const store = await openStore(url)
        t.teardown(() => store.close())
        return store
      }
      await body(t, { store: await openAgain(), url, openAgain })
    })
}
