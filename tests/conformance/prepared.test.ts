import { DatabaseSync } from 'node:sqlite'
import test from 'ava'
import { Kysely } from 'kysely'
import { createKyselyStore } from '../../reconciler/store/kysely-store.ts'
import { padded, runOver, runPrepared } from '../../reconciler/store/prepared.ts'
import type { Schema } from '../../reconciler/store/schema.ts'
import { privateDialect } from '../../reconciler/store/sqlite-dialect.ts'

const emptyDatabase = async (): Promise<{ database: DatabaseSync; db: Kysely<Schema> }> => {
  const database = new DatabaseSync(':memory:')
  await createKyselyStore(privateDialect(database, 1)).migrate()
  return { database, db: new Kysely<Schema>({ dialect: privateDialect(database, 3) }) }
}

const owners = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ owner: `owner-${index}`, seen_at: index }))

test('a list of any length is written whole, and what is returned comes in its order', async (t) => {
  for (const length of [0, 1, 3, 255, 256, 257, 700]) {
    const { db } = await emptyDatabase()
    const rows = owners(length)
    const pieces = await runOver(db, 'put owners', rows, (piece) =>
      db.insertInto('owners').values(piece).returning('owner'),
    )
    t.deepEqual(
      pieces.flatMap((piece) => piece.rows.map(({ owner }) => owner)),
      rows.map(({ owner }) => owner),
    )
    t.deepEqual(
      pieces.flatMap(({ of }) => of),
      rows,
    )
    const read = await db.selectFrom('owners').selectAll().orderBy('seen_at').execute()
    t.deepEqual(read, rows, `${length} rows`)
  }
})

test('of each piece it is known how many rows it has written', async (t) => {
  const { db } = await emptyDatabase()
  const put = (rows: ReturnType<typeof owners>) =>
    runOver(db, 'put new owners', rows, (piece) =>
      db
        .insertInto('owners')
        .values(piece)
        .onConflict((conflict) => conflict.column('owner').doNothing()),
    )
  await put(owners(3))
  const pieces = await put(owners(7))
  t.deepEqual(
    pieces.map(({ of, affected }) => [of.length, affected]),
    [
      [4, 1],
      [2, 2],
      [1, 1],
    ],
  )
})

test('values that are not in the order of the statement are refused before it is run', async (t) => {
  const { db } = await emptyDatabase()
  const put = (values: readonly (string | number)[]) =>
    runPrepared(db, 'put an owner', values, () => db.insertInto('owners').values({ owner: 'a', seen_at: 1 }))
  await t.throwsAsync(put([1, 'a']), { message: /put an owner/ })
  t.is((await put(['a', 1])).affected, 1)
  // The text is known by now: other values are put into it.
  t.is((await put(['b', 2])).affected, 1)
  t.is((await db.selectFrom('owners').selectAll().execute()).length, 2)
})

test('a list to be looked for is filled up with its last to one of few lengths', (t) => {
  t.deepEqual(padded([]), [])
  t.deepEqual(padded(['a']), ['a'])
  t.deepEqual(padded(['a', 'b', 'c']), ['a', 'b', 'c', 'c'])
  t.is(padded(owners(500)).length, 512)
})

test('of transactions that are committed together, one that fails takes nothing of the others with it', async (t) => {
  const { database, db } = await emptyDatabase()
  const put = (owner: string) =>
    db.transaction().execute(async (transaction) => {
      await transaction.insertInto('owners').values({ owner, seen_at: 1 }).execute()
      if (owner === 'broken') throw new Error('in the middle')
    })
  for (const owner of ['a', 'broken', 'b', 'c', 'd', 'broken', 'e'])
    await (owner === 'broken' ? t.throwsAsync(put(owner)) : put(owner))
  const names = (await db.selectFrom('owners').select('owner').orderBy('owner').execute()).map(
    (row) => row.owner,
  )
  t.deepEqual(names, ['a', 'b', 'c', 'd', 'e'])
  // Whoever copies the database ends what is open, and the next transaction begins anew.
  if (database.isTransaction) database.exec('commit')
  await put('f')
  t.is((await db.selectFrom('owners').selectAll().execute()).length, 6)
})
