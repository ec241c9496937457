import { setTimeout as sleep } from 'node:timers/promises'
import { type Dialect, Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import {
  claimActions,
  collectActions,
  endActions,
  readOpenActions,
  readOwnersSince,
  touchOwner,
} from './actions.ts'
import { readAttempts } from './attempts.ts'
import { readChanges } from './changes.ts'
import type { Database } from './database.ts'
import { collectDiscovered, putDiscovered, readDiscovered } from './discovered.ts'
import { addDiskRequest, closeDiskRequest, collectDiskRequests, readDiskRequests } from './disk-requests.ts'
import { fadeDurations, readDurations } from './durations.ts'
import { append, readEvents } from './events.ts'
import { createSharedCache } from './facts-row.ts'
import { clearBackoffs, forgetMachine, readHistories, readHistory, remember } from './history.ts'
import { pinHostKey, readHostKey } from './host-keys.ts'
import { collectBodies, type OwnLooks, putObserved, readInventory, type WrittenLast } from './inventory.ts'
import { takeLease } from './leases.ts'
import { migrations } from './migrations/all.ts'
import { clearPause, collectPauses, readPauses, setPause } from './pauses.ts'
import { putDecisions, putPlan, readLatestPlan } from './plans.ts'
import { collectRevisions, getRevision, putRevision } from './revisions.ts'
import { addRolloutOrder, collectRollouts, readRolloutOrders, readRollouts } from './rollouts.ts'
import type { Schema } from './schema.ts'
import type { Store } from './store.ts'
import { StoreError, storeError } from './store-error.ts'
import { advanceTarget, moveRollout, readTarget } from './targets.ts'

/** How long a call waits for other writers before it says `store-locked`, and the longest pause between two tries. */
const lockedPatienceMs = 5_000
const lockedPauseMs = 40

/** The store on any database that Kysely speaks with; each method is one statement or one transaction. */
export const createKyselyStore = (dialect: Dialect): Store => {
  const db = new Kysely<Schema>({ dialect })
  let cache = createSharedCache()
  const own: OwnLooks = new Map()
  const written: WrittenLast = new Map()

  /** What was refused for a lock has changed nothing, so it is simply done again. */
  const run = async <Result>(work: (db: Database) => Promise<Result>): Promise<Result> => {
    const giveUpAt = performance.now() + lockedPatienceMs
    for (;;) {
      try {
        return await work(db)
      } catch (thrown) {
        const error = storeError(thrown)
        const locked = error instanceof StoreError && error.code === 'store-locked'
        if (!locked || performance.now() >= giveUpAt) throw error
        await sleep(Math.random() * lockedPauseMs)
      }
    }
  }
  const atomically = <Result>(work: (transaction: Database) => Promise<Result>): Promise<Result> =>
    run((database) => database.transaction().execute(work))
  /** Several reads of one instant, which hold up no writer. */
  const snapshot = <Result>(work: (transaction: Database) => Promise<Result>): Promise<Result> =>
    run((database) =>
      database.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work),
    )

  return {
    migrate: () => run(migrate),
    close: () => run((database) => database.destroy()),

    putRevision: (revision, digest, bytes, at) =>
      run((database) => putRevision(database, revision, digest, bytes, at)),
    getRevision: (digest) => run((database) => getRevision(database, digest)),

    target: () => run(readTarget),
    advanceTarget: (next, events = [], move) =>
      atomically((database) => advanceTarget(database, next, events, move)),

    rollouts: (limit) => run((database) => readRollouts(database, limit)),
    moveRollout: (move, fence, events) =>
      atomically((database) => moveRollout(database, move, fence, events)),
    addRolloutOrder: (order, event) => atomically((database) => addRolloutOrder(database, order, event)),
    rolloutOrders: () => run(readRolloutOrders),
    attempts: (since, after) => run((database) => readAttempts(database, since, after)),

    putObserved: async (observed) => {
      const put = await atomically((database) => putObserved(database, observed, cache, written))
      for (const [machine, look] of put) own.set(machine, look)
    },
    changes: async (since) => {
      const changes = await snapshot((database) => readChanges(database, since, cache, own))
      for (const [machine, { seq }] of own) if (seq <= changes.upTo) own.delete(machine)
      return changes
    },
    inventory: (site) =>
      snapshot((database) => readInventory(database, site === undefined ? {} : { site }, cache)),
    observed: (machine) =>
      snapshot(async (database) =>
        (await readInventory(database, { machines: [machine] }, cache)).get(machine),
      ),
    history: (site) => snapshot((database) => readHistory(database, site === undefined ? {} : { site })),
    historyOf: (machine) =>
      snapshot(async (database) => (await readHistory(database, { machines: [machine] })).get(machine)),
    histories: (machines) => snapshot((database) => readHistories(database, machines)),
    forget: (machine) => {
      written.delete(machine)
      return atomically((database) => forgetMachine(database, machine))
    },

    claimActions: (claims, owner, now, staleMs) =>
      atomically((database) => claimActions(database, { claims, owner, now, staleMs })),
    touchOwner: (owner, now) => run((database) => touchOwner(database, owner, now)),
    ownersSince: (since) => run((database) => readOwnersSince(database, since)),
    openActions: () => run(readOpenActions),
    endActions: (ended) => atomically((database) => endActions(database, ended)),
    durations: () => run(readDurations),
    remember: (looks) => atomically((database) => remember(database, looks)),
    clearBackoffs: (machine) => atomically((database) => clearBackoffs(database, machine)),

    setPause: (pause) => run((database) => setPause(database, pause)),
    clearPause: (scope) => run((database) => clearPause(database, scope)),
    pauses: (now) => run((database) => readPauses(database, now)),

    hostKey: (machine) => run((database) => readHostKey(database, machine)),
    pinHostKey: (machine, fingerprint) => run((database) => pinHostKey(database, machine, fingerprint)),

    addDiskRequest: (request, event) => atomically((database) => addDiskRequest(database, request, event)),
    diskRequests: () => run(readDiskRequests),
    closeDiskRequest: (id, at) => run((database) => closeDiskRequest(database, id, at)),

    putDiscovered: (pc) => run((database) => putDiscovered(database, pc)),
    discovered: () => run(readDiscovered),

    putPlan: (plan) => atomically((database) => putPlan(database, plan)),
    putDecisions: (head, decisions) => atomically((database) => putDecisions(database, head, decisions)),
    latestPlan: () => snapshot(readLatestPlan),

    append: (events) => atomically((database) => append(database, events)),
    events: (query) => run((database) => readEvents(database, query)),

    lease: (name, holder, now, ttlMs) => run((database) => takeLease(database, name, holder, now, ttlMs)),

    collectGarbage: (now) =>
      atomically(async (database) => {
        await collectRollouts(database)
        await collectRevisions(database)
        await collectActions(database, now)
        await collectPauses(database, now)
        await collectDiskRequests(database, now)
        await collectDiscovered(database, now)
        await fadeDurations(database)
        await collectBodies(database)
        cache = createSharedCache()
      }),
  }
}

const migrate = async (db: Database): Promise<void> => {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const known = new Set(Object.keys(migrations))
  const newer = (await executedMigrations(db)).filter((name) => !known.has(name))
  if (newer.length > 0) throw new StoreError('store-newer', newer.join(', '))
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

/** Kysely's own table: read directly, because its migrator throws at a name that it does not know. */
const executedMigrations = async (db: Database): Promise<readonly string[]> => {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return []
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  return rows.map((row) => row.name)
}
