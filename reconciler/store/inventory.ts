import type { Digest, MachineId } from '../model/ids.ts'
import { siteOf } from '../model/machine-id.ts'
import type { Observed, ObservedDisk, ObservedPackages, Reach } from '../model/observed.ts'
import type { Reason } from '../model/reason.ts'
import { nextChange } from './change-counter.ts'
import { batches, type Database, lyceeByLycee, type Selection } from './database.ts'
import {
  type FactsRow,
  parseInstalled,
  parseOs,
  parsePackageState,
  parseShape,
  readFacts,
  type SharedCache,
  type SharedFacts,
  type WrittenFacts,
  writeFacts,
} from './facts-row.ts'
import { createInterner, type Interner } from './interner.ts'
import { type Piece, runOver } from './prepared.ts'
import type { BodyRow, ObservationRow } from './schema.ts'

/**
 * What this process has put itself, by machine, with the change that it was put under: whoever asks for what is new need not parse
 * it again if the row is still that one.
 */
export type OwnLooks = Map<MachineId, { readonly seq: number; readonly observed: Observed }>

/** What this process has written last of each machine. */
export type WrittenLast = Map<MachineId, WrittenFacts>

/**
 * @param db a transaction. An observation older than the stored one of its machine changes nothing.
 * @returns what was put, if it is not older.
 */
export const putObserved = async (
  db: Database,
  observed: readonly Observed[],
  cache: SharedCache,
  written: WrittenLast,
): Promise<OwnLooks> => {
  const sets = new Map<string, BodyRow>()
  const parts = new Map<string, BodyRow>()
  const own: OwnLooks = new Map()
  const seq = await nextChange(db)
  const alike: ObservationRow[] = []
  const news: ObservationRow[] = []
  for (const one of newestOfEach(observed)) {
    const before = written.get(one.machine)
    const facts = one.facts && writeFacts(one.facts, before)
    const row = toRow(one, facts?.row, seq, sets, parts)
    const kept = withSharedPackages(one, row, cache)
    if (facts !== undefined && kept.facts !== undefined)
      written.set(one.machine, { ...facts, facts: kept.facts })
    own.set(one.machine, { seq, observed: kept })
    const areAlike = before !== undefined && facts !== undefined && hasSameBodies(before.row, facts.row)
    ;(areAlike ? alike : news).push(row)
  }
  await putBodies(db, 'package_sets', sets)
  await putBodies(db, 'fact_parts', parts)
  for (const { of, affected } of await putLooks(db, alike)) if (affected < of.length) news.push(...of)
  await putLooks(db, inOrder(news), bodyColumns)
  return own
}

const hasSameBodies = (a: FactsRow, b: FactsRow): boolean =>
  a.os.digest === b.os.digest &&
  a.packageSet?.digest === b.packageSet?.digest &&
  a.packageState?.digest === b.packageState?.digest &&
  a.scriptShape?.digest === b.scriptShape?.digest

/**
 * Most looks find the same bodies as the look before, and to write their names again costs as much as all the rest, as each has
 * an index. So those columns are written only where they are said to be news.
 * @param news they may have changed; else a machine of which one has, by another process, is left as it is.
 */
const putLooks = (
  db: Database,
  rows: readonly ObservationRow[],
  news: readonly (typeof bodyColumns)[number][] = [],
): Promise<readonly Piece<ObservationRow, unknown>[]> =>
  runOver(db, `put ${news.length === 0 ? 'looks' : 'new looks'}`, rows, (piece) =>
    db
      .insertInto('observations')
      .values(piece)
      .onConflict((conflict) => {
        const update = conflict
          .column('machine')
          .doUpdateSet(({ ref, fn }) => ({
            observed_at: ref('excluded.observed_at'),
            observer: ref('excluded.observer'),
            reach: ref('excluded.reach'),
            errors: ref('excluded.errors'),
            facts: ref('excluded.facts'),
            seq: ref('excluded.seq'),
            // A look that knows nothing of the disk, by whichever process, takes nothing away.
            disk: fn.coalesce('excluded.disk', 'observations.disk'),
            ...Object.fromEntries(news.map((column) => [column, ref(`excluded.${column}`)])),
          }))
          .whereRef('excluded.observed_at', '>=', 'observations.observed_at')
        return news.length > 0
          ? update
          : bodyColumns.reduce(
              (same, column) =>
                same.whereRef(`excluded.${column}`, 'is not distinct from', `observations.${column}`),
              update,
            )
      }),
  )

const bodyColumns = ['os', 'package_set', 'package_state', 'script_shape'] as const

/** Equal package sets are one object in memory, whoever has seen them. */
const withSharedPackages = (
  observed: Observed,
  { package_set: set, package_state: state }: Pick<ObservationRow, 'package_set' | 'package_state'>,
  cache: SharedCache,
): Observed => {
  const { facts } = observed
  if (facts?.packages === undefined || set === null || state === null) return observed
  const key = `${set} ${state}`
  const { digest, installed, ...rest } = facts.packages
  const shared = cache.packages.get(key) ?? {
    digest,
    installed: sharedPart(cache.installed, set, installed),
    ...sharedPart(cache.state, state, rest),
  }
  cache.packages.set(key, shared)
  if (facts.packages === shared) return observed
  return { ...observed, facts: { ...facts, packages: shared } }
}

const sharedPart = <Part>(parts: Map<string, Part>, digest: string, own: Part): Part => {
  const known = parts.get(digest)
  if (known !== undefined) return known
  parts.set(digest, own)
  return own
}

/** One row a machine, as a statement may not touch a row twice; in one order for all writers, so that none waits for another in a circle. */
const newestOfEach = (observed: readonly Observed[]): readonly Observed[] => {
  const newest = new Map<MachineId, Observed>()
  for (const one of observed) {
    const other = newest.get(one.machine)
    if (!other || other.observedAt <= one.observedAt) newest.set(one.machine, one)
  }
  return inOrder([...newest.values()])
}

const inOrder = <Of extends { readonly machine: string }>(all: readonly Of[]): readonly Of[] =>
  all.toSorted((a, b) => (a.machine < b.machine ? -1 : 1))

const toRow = (
  observed: Observed,
  row: FactsRow | undefined,
  seq: number,
  sets: Map<string, BodyRow>,
  parts: Map<string, BodyRow>,
): ObservationRow => {
  if (row) parts.set(row.os.digest, row.os)
  if (row?.packageSet && !sets.has(row.packageSet.digest))
    sets.set(row.packageSet.digest, { digest: row.packageSet.digest, body: row.packageSet.body() })
  if (row?.packageState) parts.set(row.packageState.digest, row.packageState)
  if (row?.scriptShape) parts.set(row.scriptShape.digest, row.scriptShape)
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
    script_shape: row?.scriptShape?.digest ?? null,
    disk: observed.disk === undefined ? null : JSON.stringify(observed.disk),
    seq,
  }
}

const putBodies = async (
  db: Database,
  table: 'package_sets' | 'fact_parts',
  bodies: ReadonlyMap<string, BodyRow>,
): Promise<void> => {
  const rows = [...bodies.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  await runOver(db, `put ${table}`, rows, (piece) =>
    db
      .insertInto(table)
      .values(piece)
      .onConflict((conflict) => conflict.column('digest').doNothing()),
  )
}

/** @param db a transaction: rows and the bodies that they name must be of one instant. */
export const readInventory = async (
  db: Database,
  selection: Selection,
  cache: SharedCache,
): Promise<ReadonlyMap<MachineId, Observed>> => {
  const intern = createInterner()
  const observed: Observed[] = []
  for await (const rows of lyceeByLycee(db, 'observations', selection, readRows(db))) {
    const shared = await readShared(db, rows, cache)
    for (const row of rows) observed.push(fromRow(row, shared, intern))
  }
  // Not the database's order: PostgreSQL sorts by the locale of the cluster.
  observed.sort((a, b) => (a.machine < b.machine ? -1 : 1))
  return new Map(observed.map((one) => [one.machine, one]))
}

/** @param db a transaction. */
export const readObservedSince = async (
  db: Database,
  since: number,
  cache: SharedCache,
  own: OwnLooks,
): Promise<ReadonlyMap<MachineId, Observed>> => {
  const rows = await db
    .selectFrom('observations')
    .select(({ eb }) => ['machine', 'seq', eb('disk', 'is', null).as('diskless')])
    .where('seq', '>', since)
    .execute()
  const observed = new Map<MachineId, Observed>()
  const others: MachineId[] = []
  for (const { machine, seq, diskless } of rows) {
    const id = machine as MachineId
    const mine = own.get(id)
    const same = mine?.seq === seq && Boolean(diskless) === (mine.observed.disk === undefined)
    if (same) observed.set(id, mine.observed)
    else others.push(id)
  }
  for (const machines of batches(others))
    for (const [id, one] of await readInventory(db, { machines }, cache)) observed.set(id, one)
  return observed
}

const readRows =
  (db: Database) =>
  ({ site, machines }: Selection): Promise<readonly ObservationRow[]> =>
    db
      .selectFrom('observations')
      .selectAll()
      .$if(site !== undefined, (select) => select.where('site', '=', site ?? ''))
      .$if(machines !== undefined, (select) => select.where('machine', 'in', machines ?? []))
      .execute()

const fromRow = (row: ObservationRow, shared: SharedFacts, intern: Interner): Observed => {
  const { facts, os, package_set: set, package_state: state, script_shape: shape } = row
  return {
    machine: row.machine as MachineId,
    observedAt: row.observed_at,
    observer: intern(row.observer),
    reach: row.reach as Reach,
    ...(facts === null || os === null
      ? {}
      : { facts: readFacts({ facts, os, set, state, shape }, shared, intern) }),
    ...(row.disk === null ? {} : { disk: JSON.parse(row.disk) as ObservedDisk }),
    errors: JSON.parse(row.errors) as readonly Reason[],
  }
}

/** Reads from the database what the cache does not have yet. */
const readShared = async (
  db: Database,
  rows: readonly ObservationRow[],
  cache: SharedCache,
): Promise<SharedFacts> => {
  const sets = new Set(rows.flatMap((row) => row.package_set ?? []))
  const systems = new Set(rows.flatMap((row) => row.os ?? []))
  const states = new Set(rows.flatMap((row) => row.package_state ?? []))
  const shapes = new Set(rows.flatMap((row) => row.script_shape ?? []))
  await fill(db, 'package_sets', sets, cache.installed, parseInstalled)
  await fill(db, 'fact_parts', systems, cache.os, parseOs)
  await fill(db, 'fact_parts', states, cache.state, parsePackageState)
  await fill(db, 'fact_parts', shapes, cache.shape, parseShape)
  return {
    os: (digest) => cached(cache.os, digest),
    shape: (digest) => cached(cache.shape, digest),
    packages: (set, state) => {
      const key = `${set} ${state}`
      const known = cache.packages.get(key)
      if (known) return known
      const installed = cached(cache.installed, set)
      const packages: ObservedPackages = { digest: set as Digest, installed, ...cached(cache.state, state) }
      cache.packages.set(key, packages)
      return packages
    },
  }
}

const fill = async <Part>(
  db: Database,
  table: 'package_sets' | 'fact_parts',
  digests: ReadonlySet<string>,
  parts: Map<string, Part>,
  parse: (body: string) => Part,
): Promise<void> => {
  const missing = [...digests].filter((digest) => !parts.has(digest))
  for (const batch of batches(missing)) {
    const rows = await db.selectFrom(table).select(['digest', 'body']).where('digest', 'in', batch).execute()
    for (const row of rows) parts.set(row.digest, parse(row.body))
  }
}

const cached = <Part>(parts: ReadonlyMap<string, Part>, digest: string): Part => {
  const part = parts.get(digest)
  if (part === undefined) throw new Error(`the store has no body ${digest}, which an observation refers to`)
  return part
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
                where('script_shape', '=', where.ref('fact_parts.digest')),
              ]),
            ),
        ),
      ),
    )
    .execute()
}
