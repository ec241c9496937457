import type { Change } from '../model/change.ts'
import type { ActionId, Instant, MachineId } from '../model/ids.ts'
import { siteOf } from '../model/machine-id.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Action } from '../model/plan.ts'
import { nextActionSeq } from './action-seq.ts'
import { touchMachines } from './change-counter.ts'
import { batches, type Database } from './database.ts'
import { closeDiskRequest } from './disk-requests.ts'
import { addDurations } from './durations.ts'
import { append } from './events.ts'
import { clearBackoffKeys, putApplied, putBackoffs } from './history.ts'
import { padded, runOf, runOver, runPrepared } from './prepared.ts'
import type { Claim, EndedAction, NewClaim, OpenAction } from './store.ts'
import { readTarget } from './targets.ts'

/** How long the outcome of an ended action is kept: long after anybody could still claim it. */
const endedKeptMs = 90 * 24 * 60 * 60 * 1000

/** What each gets is what it would get alone. */
export type ClaimRequest = {
  readonly claims: readonly NewClaim[]
  readonly owner: string
  readonly now: Instant
  readonly staleMs: number
}

type Answers = Map<ActionId, Claim>

/** @param db a transaction. */
export const claimActions = async (db: Database, request: ClaimRequest): Promise<Answers> => {
  const { claims, owner, now } = request
  const answers: Answers = new Map()
  if (claims.length === 0) return answers
  const seq = await nextActionSeq(db, claims.length)
  await touchOwner(db, owner, now)
  await takeOver(db, request, claims, answers)
  const unclaimed = claims.filter(({ action }) => !answers.has(action.id))
  const outdated = await outdatedOf(db, unclaimed)
  for (const { action } of outdated) answers.set(action.id, 'outdated')
  const fresh = unclaimed.filter((claim) => !outdated.has(claim))
  const inserted = await insertClaims(db, request, fresh, seq - claims.length)
  const claimed = fresh.filter(({ action }) => inserted.has(action.id))
  for (const { action } of claimed) answers.set(action.id, 'claimed')
  await touchMachines(
    db,
    claimed.map(({ action }) => action.machine),
  )
  await append(
    db,
    claimed.flatMap(({ events = [] }) => events),
  )
  // Somebody was faster: with this very action, or with another of the same machine.
  const beaten = fresh.filter(({ action }) => !inserted.has(action.id))
  await takeOver(db, request, beaten, answers)
  for (const { action } of beaten) if (!answers.has(action.id)) answers.set(action.id, 'busy')
  return answers
}

/** Answers those that somebody has claimed before. */
const takeOver = async (
  db: Database,
  { owner, now, staleMs }: ClaimRequest,
  claims: readonly NewClaim[],
  answers: Answers,
): Promise<void> => {
  const orphaned: MachineId[] = []
  for (const batch of batches(claims.map(({ action }) => action.id))) {
    const rows = await runOf(db, 'known of', batch, (these) =>
      db
        .selectFrom('actions')
        .leftJoin('owners', 'owners.owner', 'actions.owner')
        .select([
          'actions.id',
          'actions.machine',
          'actions.owner',
          'actions.since',
          'actions.ended_at',
          'owners.seen_at',
        ])
        .where('actions.id', 'in', these),
    )
    for (const row of rows) {
      const isStale = (row.seen_at ?? row.since) <= now - staleMs
      const answer = await takenOver(db, row, owner, isStale)
      answers.set(row.id as ActionId, answer)
      if (answer === 'claimed' && row.owner !== owner) orphaned.push(row.machine as MachineId)
    }
  }
  await touchMachines(db, orphaned)
}

const takenOver = async (
  db: Database,
  row: { readonly id: string; readonly owner: string; readonly ended_at: number | null },
  owner: string,
  isStale: boolean,
): Promise<Claim> => {
  if (row.ended_at !== null) return 'ended'
  if (row.owner === owner) return 'claimed'
  if (!isStale) return 'taken'
  const result = await db
    .updateTable('actions')
    .set({ owner })
    .where('id', '=', row.id)
    .where('owner', '=', row.owner)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n ? 'claimed' : 'taken'
}

/** Those that were decided for an older target, or before another action of their machine ended. */
const outdatedOf = async (db: Database, claims: readonly NewClaim[]): Promise<ReadonlySet<NewClaim>> => {
  const target = claims.length === 0 ? undefined : await readTarget(db)
  const dated = claims.flatMap(({ decidedFrom }) => decidedFrom ?? [])
  const ends = new Map<string, number>()
  for (const batch of dated.length === 0 ? [] : batches(claims.map(({ action }) => action.machine))) {
    const alike = padded(batch)
    const since = Math.min(...dated)
    const { rows } = await runPrepared(db, `ended on ${alike.length}`, [...alike, since], () =>
      db
        .selectFrom('actions')
        .select(['machine', 'ended_at'])
        .where('machine', 'in', alike)
        .where('ended_at', '>=', since),
    )
    for (const { machine, ended_at: at } of rows) ends.set(machine, Math.max(at ?? 0, ends.get(machine) ?? 0))
  }
  return new Set(
    claims.filter(({ action, decidedFrom }) => {
      if (target !== undefined && isNewer(target.fence, action.fence)) return true
      const end = ends.get(action.machine)
      return decidedFrom !== undefined && end !== undefined && end >= decidedFrom
    }),
  )
}

const isNewer = (a: Action['fence'], b: Action['fence']): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.generation > b.generation)

/** @param seq the number before the first. */
const insertClaims = async (
  db: Database,
  { owner, now }: ClaimRequest,
  claims: readonly NewClaim[],
  seq: number,
): Promise<ReadonlySet<string>> => {
  const rows = claims.map(({ action }, index) => ({
    id: action.id,
    machine: action.machine,
    site: siteOf(action.machine),
    epoch: action.fence.epoch,
    generation: action.fence.generation,
    body: JSON.stringify(action),
    owner,
    since: now,
    ended_at: null,
    outcome: null,
    attempt: action.changes.some(isMoreThanWake) ? 1 : 0,
    seq: seq + index + 1,
    result: null,
    code: null,
  }))
  const pieces = await runOver(db, 'claim', rows, (piece) =>
    db
      .insertInto('actions')
      .values(piece)
      // Of either rule: the same action, or another open one of the same machine.
      .onConflict((conflict) => conflict.doNothing())
      .returning('id'),
  )
  return new Set(pieces.flatMap((piece) => piece.rows.map(({ id }) => id)))
}

export const touchOwner = async (db: Database, owner: string, seen_at: Instant): Promise<void> => {
  await db
    .insertInto('owners')
    .values({ owner, seen_at })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ seen_at }))
    .execute()
}

export const readOwnersSince = async (db: Database, since: Instant): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('owners')
    .select('owner')
    .where('seen_at', '>', Math.max(0, since))
    .execute()
  return rows.map(({ owner }) => owner).sort()
}

export const readOpenActions = async (db: Database): Promise<readonly OpenAction[]> => {
  const rows = await db
    .selectFrom('actions')
    .leftJoin('owners', 'owners.owner', 'actions.owner')
    .select(['actions.body', 'actions.owner', 'actions.since', 'owners.seen_at'])
    .where('actions.ended_at', 'is', null)
    .orderBy('actions.since')
    .orderBy('actions.id')
    .execute()
  return rows.map((row) => ({
    action: JSON.parse(row.body) as Action,
    owner: row.owner,
    ownerSeenAt: row.seen_at ?? row.since,
    since: row.since,
  }))
}

/**
 * Those that had ended before are left as they are, and out of the answer.
 * @param db a transaction.
 */
export const endActions = async (
  db: Database,
  ended: readonly EndedAction[],
): Promise<ReadonlySet<ActionId>> => {
  if (ended.length === 0) return new Set()
  const last = await nextActionSeq(db, ended.length)
  const open: EndedAction[] = []
  for (const [index, one] of ended.entries()) {
    const { result, code } = inAWord(one.outcome)
    const set = {
      ended_at: one.at,
      outcome: JSON.stringify(one.outcome),
      seq: last - ended.length + index + 1,
      result,
      code,
    }
    const { affected } = await runPrepared(db, 'end', [...Object.values(set), one.id], () =>
      db.updateTable('actions').set(set).where('id', '=', one.id).where('ended_at', 'is', null),
    )
    if (affected === 1) open.push(one)
  }
  await touchMachines(
    db,
    open.map(({ machine }) => machine),
  )
  await putApplied(db, open)
  for (const { machine, clear } of open) await clearBackoffKeys(db, machine, clear)
  await putBackoffs(db, open)
  for (const { requests = [], at } of open) for (const id of requests) await closeDiskRequest(db, id, at)
  await addDurations(
    db,
    open.flatMap(({ durations = [] }) => durations),
  )
  await append(
    db,
    open.flatMap(({ events }) => events),
  )
  return new Set(open.map(({ id }) => id))
}

const isMoreThanWake = (change: Change): boolean => change.facet !== 'power' || change.item !== 'wake'

const inAWord = (outcome: Outcome): { readonly result: string; readonly code: string | null } => {
  switch (outcome.kind) {
    case 'complete':
      return { result: outcome.kind, code: null }
    case 'failed':
      return { result: outcome.class, code: outcome.reason.code }
    case 'wrong-precondition':
    case 'refused':
      return { result: outcome.kind, code: outcome.reason.code }
  }
}

export const collectActions = async (db: Database, now: Instant): Promise<void> => {
  // What was tried in a rollout that is still under way says how it stands, however long it was paused.
  const open = await db
    .selectFrom('rollouts')
    .select(({ fn }) => fn.min('started_at').as('since'))
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  const before = Math.min(now - endedKeptMs, Number(open?.since ?? now))
  await db.deleteFrom('actions').where('ended_at', '<', before).execute()
  await db
    .deleteFrom('owners')
    .where('seen_at', '<', now - endedKeptMs)
    .where('owner', 'not in', db.selectFrom('actions').select('owner'))
    .execute()
}
