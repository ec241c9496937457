import type { ChangeKey, Digest, MachineId } from '../model/ids.ts'
import { siteOf } from '../model/machine-id.ts'
import type { Backoff, FailureClass, History } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import { touchMachines } from './change-counter.ts'
import { batches, type Database, lyceeByLycee, type Selection } from './database.ts'
import { readInFlight } from './in-flight.ts'
import { createInterner } from './interner.ts'
import { padded, runOf, runOver, runPrepared } from './prepared.ts'
import type { BackoffRow } from './schema.ts'
import type { Remembered } from './store.ts'

export const readHistory = async (
  db: Database,
  selection: Selection,
): Promise<ReadonlyMap<MachineId, History>> => {
  const inFlight = await readInFlight(db, selection)
  const applied = await readApplied(db, selection)
  const backoffs = await readBackoffs(db, selection)
  const machines = new Set([...inFlight.keys(), ...applied.keys(), ...backoffs.keys()])
  const histories = new Map<MachineId, History>()
  for (const machine of machines) {
    const running = inFlight.get(machine)
    histories.set(machine, {
      ...(running ? { inFlight: running } : {}),
      applied: applied.get(machine) ?? {},
      backoffs: backoffs.get(machine) ?? [],
    })
  }
  return histories
}

/** @param db a transaction. */
export const readHistories = async (
  db: Database,
  machines: readonly MachineId[],
): Promise<ReadonlyMap<MachineId, History>> => {
  const histories = new Map<MachineId, History>()
  for (const batch of batches(machines))
    for (const [machine, history] of await readHistory(db, { machines: batch }))
      histories.set(machine, history)
  return histories
}

const readApplied = async (
  db: Database,
  selection: Selection,
): Promise<ReadonlyMap<MachineId, Readonly<Record<string, Digest>>>> => {
  const applied = new Map<MachineId, Record<string, Digest>>()
  const intern = createInterner()
  for await (const rows of lyceeByLycee(db, 'applied', selection, readAppliedRows(db)))
    for (const row of rows) {
      const machine = row.machine as MachineId
      const facets = applied.get(machine) ?? {}
      facets[row.facet] = intern(row.digest) as Digest
      applied.set(machine, facets)
    }
  return applied
}

const readAppliedRows =
  (db: Database) =>
  ({ site, machines }: Selection) => {
    const all = db.selectFrom('applied').select(['machine', 'facet', 'digest'])
    return machines === undefined
      ? all.$if(site !== undefined, (select) => select.where('site', '=', site ?? '')).execute()
      : runOf(db, 'applied to', machines, (these) => all.where('machine', 'in', these))
  }

const readBackoffs = async (
  db: Database,
  selection: Selection,
): Promise<ReadonlyMap<MachineId, readonly Backoff[]>> => {
  const rows = await readBackoffRows(db, selection)
  const backoffs = new Map<MachineId, Backoff[]>()
  for (const row of rows) {
    const ofMachine = backoffs.get(row.machine as MachineId) ?? []
    ofMachine.push({
      key: row.key as ChangeKey,
      attempts: row.attempts,
      class: row.class as FailureClass,
      notBefore: row.not_before,
      reason: JSON.parse(row.reason) as Reason,
    })
    backoffs.set(row.machine as MachineId, ofMachine)
  }
  return backoffs
}

const readBackoffRows = (db: Database, { site, machines }: Selection): Promise<readonly BackoffRow[]> => {
  const all = db.selectFrom('backoffs').selectAll().orderBy('machine').orderBy('key')
  return machines === undefined
    ? all.$if(site !== undefined, (select) => select.where('site', '=', site ?? '')).execute()
    : runOf(db, 'backoffs of', machines, (these) => all.where('machine', 'in', these))
}

/** @param db a transaction. */
export const remember = async (db: Database, looks: readonly Remembered[]): Promise<void> => {
  await touchMachines(
    db,
    looks.map(({ machine }) => machine),
  )
  await putApplied(db, looks)
  for (const { machine, clear } of looks) await clearBackoffKeys(db, machine, clear)
}

export const putApplied = async (
  db: Database,
  looks: readonly Pick<Remembered, 'machine' | 'applied'>[],
): Promise<void> => {
  const rows = looks.flatMap(({ machine, applied }) =>
    Object.entries(applied).map(([facet, digest]) => ({ machine, site: siteOf(machine), facet, digest })),
  )
  rows.sort((a, b) => (`${a.machine} ${a.facet}` < `${b.machine} ${b.facet}` ? -1 : 1))
  await runOver(db, 'put applied', rows, (piece) =>
    db
      .insertInto('applied')
      .values(piece)
      .onConflict((conflict) =>
        conflict
          .columns(['machine', 'facet'])
          .doUpdateSet((update) => ({ digest: update.ref('excluded.digest') })),
      ),
  )
}

/** One entry a machine, as a statement may not touch a row twice. */
export const putBackoffs = async (
  db: Database,
  ended: readonly { readonly machine: MachineId; readonly backoffs: readonly Backoff[] }[],
): Promise<void> => {
  const rows = ended.flatMap(({ machine, backoffs }) =>
    backoffs.map((backoff) => ({
      machine,
      site: siteOf(machine),
      key: backoff.key,
      attempts: backoff.attempts,
      class: backoff.class,
      not_before: backoff.notBefore,
      reason: JSON.stringify(backoff.reason),
    })),
  )
  rows.sort((a, b) => (`${a.machine} ${a.key}` < `${b.machine} ${b.key}` ? -1 : 1))
  await runOver(db, 'put backoffs', rows, (piece) =>
    db
      .insertInto('backoffs')
      .values(piece)
      .onConflict((conflict) =>
        conflict.columns(['machine', 'key']).doUpdateSet((update) => ({
          attempts: update.ref('excluded.attempts'),
          class: update.ref('excluded.class'),
          not_before: update.ref('excluded.not_before'),
          reason: update.ref('excluded.reason'),
        })),
      ),
  )
}

export const clearBackoffKeys = async (
  db: Database,
  machine: MachineId,
  keys: readonly string[],
): Promise<void> => {
  if (keys.length === 0) return
  const alike = padded(keys)
  await runPrepared(db, `clear ${alike.length} backoffs`, [machine, ...alike], () =>
    db.deleteFrom('backoffs').where('machine', '=', machine).where('key', 'in', alike),
  )
}

/** @param db a transaction. */
export const clearBackoffs = async (db: Database, machine: MachineId): Promise<void> => {
  await touchMachines(db, [machine])
  await db.deleteFrom('backoffs').where('machine', '=', machine).execute()
}

/** What the store knows of a machine that left the park; its events, its open action and its pinned host key stay. */
export const forgetMachine = async (db: Database, machine: MachineId): Promise<void> => {
  await touchMachines(db, [machine])
  for (const table of ['observations', 'applied', 'backoffs', 'decisions', 'disk_requests'] as const)
    await db.deleteFrom(table).where('machine', '=', machine).execute()
}
