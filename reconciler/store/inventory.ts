import type { Digest, MachineId } from '../model/ids.ts'
import type { Observed, ObservedPackages, Reach } from '../model/observed.ts'
import type { Reason } from '../model/reason.ts'
import { batches, type Database, siteOf } from './database.ts'
import {
  parseInstalled,
  parseOs,
  parsePackageState,
  readFacts,
  type SharedFacts,
  writeFacts,
} from './facts-row.ts'
import type { BodyRow, ObservationRow } from './schema.ts'
import { createInterner } from './scripts-row.ts'

/** @param db a transaction. An observation older than the stored one of its machine changes nothing. */
export const putObserved = async (db: Database, observed: readonly Observed[]): Promise<void> => {
  const sets = new Map<string, BodyRow>()
  const parts = new Map<string, BodyRow>()
  const newest = newestOfEach(observed)
  const rows = newest.map((one) => toRow(one, sets, parts))
  await putBodies(db, 'package_sets', sets)
  await putBodies(db, 'fact_parts', parts)
  for (const batch of batches(rows))
    await db
      .insertInto('observations')
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .column('machine')
          .doUpdateSet((update) => ({
            observed_at: update.ref('excluded.observed_at'),
            observer: update.ref('excluded.observer'),
            reach: update.ref('excluded.reach'),
            errors: update.ref('excluded.errors'),
            facts: update.ref('excluded.facts'),
            os: update.ref('excluded.os'),
            package_set: update.ref('excluded.package_set'),
            package_state: update.ref('excluded.package_state'),
          }))
          .whereRef('excluded.observed_at', '>=', 'observations.observed_at'),
      )
      .execute()
}

/** One row a machine, as a statement may not touch a row twice; in one order for all writers, so that none waits for another in a circle. */
const newestOfEach = (observed: readonly Observed[]): readonly Observed[] => {
  const newest = new Map<MachineId, Observed>()
  for (const one of observed) {
    const other = newest.get(one.machine)
    if (!other || other.observedAt <= one.observedAt) newest.set(one.machine, one)
  }
  return [...newest.values()].sort((a, b) => (a.machine < b.machine ? -1 : 1))
}

const toRow = (
  observed: Observed,
  sets: Map<string, BodyRow>,
  parts: Map<string, BodyRow>,
): ObservationRow => {
  const row = observed.facts && writeFacts(observed.facts)
  if (row) parts.set(row.os.digest, row.os)
  if (row?.packageSet && !sets.has(row.packageSet.digest))
    sets.set(row.packageSet.digest, { digest: row.packageSet.digest, body: row.packageSet.body() })
  if (row?.packageState) parts.set(row.packageState.digest, row.packageState)
  return {
    machine: observed.machine,
    site: siteOf(observed.machine),
    observed_at: observed.observedAt,
    observer: observed.observer,
    reach: observed.reach,
    errors: JSON.stringify(observed.errors),
    facts: row?.facts ?? null,
    os: row?.os.digest ?? null,
    package_set: row?.packageSet?.digest ?? null,
    package_state: row?.packageState?.digest ?? null,
  }
}

const putBodies = async (
  db: Database,
  table: 'package_sets' | 'fact_parts',
  bodies: ReadonlyMap<string, BodyRow>,
): Promise<void> => {
  const rows = [...bodies.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  for (const batch of batches(rows))
    await db
      .insertInto(table)
      .values(batch)
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute()
}

type Selection = { readonly site?: string; readonly machine?: MachineId }

/** @param db a transaction: rows and the bodies that they name must be of one instant. */
export const readInventory = async (
  db: Database,
  selection: Selection,
): Promise<ReadonlyMap<MachineId, Observed>> => {
  const { site, machine } = selection
  const rows = await db
    .selectFrom('observations')
    .selectAll()
    .$if(site !== undefined, (select) => select.where('site', '=', site ?? ''))
    .$if(machine !== undefined, (select) => select.where('machine', '=', machine ?? ''))
    .execute()
  // Not the database's order: PostgreSQL sorts by the locale of the cluster.
  rows.sort((a, b) => (a.machine < b.machine ? -1 : 1))
  const shared = await readShared(db, rows)
  const intern = createInterner()
  return new Map(
    rows.map((row) => [
      row.machine as MachineId,
      {
        machine: row.machine as MachineId,
        observedAt: row.observed_at,
        observer: intern(row.observer),
        reach: row.reach as Reach,
        ...(row.facts === null || row.os === null
          ? {}
          : {
              facts: readFacts(
                { facts: row.facts, os: row.os, set: row.package_set, state: row.package_state },
                shared,
                intern,
              ),
            }),
        errors: JSON.parse(row.errors) as readonly Reason[],
      },
    ]),
  )
}

const readShared = async (db: Database, rows: readonly ObservationRow[]): Promise<SharedFacts> => {
  const sets = await readBodies(
    db,
    'package_sets',
    rows.map((row) => row.package_set),
  )
  const parts = await readBodies(
    db,
    'fact_parts',
    rows.flatMap((row) => [row.os, row.package_state]),
  )
  const os = memo((digest) => parseOs(body(parts, digest)))
  const installed = memo((digest) => parseInstalled(body(sets, digest)))
  const state = memo((digest) => parsePackageState(body(parts, digest)))
  const packages = memo((key): ObservedPackages => {
    const [setDigest = '', stateDigest = ''] = key.split(' ')
    return { digest: setDigest as Digest, installed: installed(setDigest), ...state(stateDigest) }
  })
  return { os, packages: (set, ofState) => packages(`${set} ${ofState}`) }
}

const readBodies = async (
  db: Database,
  table: 'package_sets' | 'fact_parts',
  digests: readonly (string | null)[],
): Promise<ReadonlyMap<string, string>> => {
  const wanted = [...new Set(digests)].filter((digest) => digest !== null)
  const bodies = new Map<string, string>()
  for (const batch of batches(wanted)) {
    const rows = await db.selectFrom(table).select(['digest', 'body']).where('digest', 'in', batch).execute()
    for (const row of rows) bodies.set(row.digest, row.body)
  }
  return bodies
}

const body = (bodies: ReadonlyMap<string, string>, digest: string): string => {
  const found = bodies.get(digest)
  if (found === undefined) throw new Error(`the store has no body ${digest}, which an observation refers to`)
  return found
}

const memo = <Value>(make: (key: string) => Value): ((key: string) => Value) => {
  const known = new Map<string, Value>()
  return (key) => {
    const old = known.get(key)
    if (old !== undefined) return old
    const value = make(key)
    known.set(key, value)
    return value
  }
}

export const collectBodies = async (db: Database): Promise<void> => {
  await db
    .deleteFrom('package_sets')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('observations').select('machine').whereRef('package_set', '=', 'package_sets.digest'),
        ),
      ),
    )
    .execute()
  await db
    .deleteFrom('fact_parts')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('observations')
            .select('machine')
            .where((where) =>
              where.or([
                where('os', '=', where.ref('fact_parts.digest')),
                where('package_state', '=', where.ref('fact_parts.digest')),
              ]),
            ),
        ),
      ),
    )
    .execute()
}
