import type { Change } from '../model/change.ts'
import type { Instant } from '../model/ids.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Action } from '../model/plan.ts'
import { nextActionSeq } from './action-seq.ts'
import { touchMachines } from './change-counter.ts'
import { type Database, siteOf } from './database.ts'
import { addDurations } from './durations.ts'
import { append } from './events.ts'
import { clearBackoffKeys, putApplied, putBackoffs } from './history.ts'
import type { EndedAction, NewEvent, OpenAction, Store } from './store.ts'
import { readTarget } from './targets.ts'

/** How long the outcome of an ended action is kept: long after anybody could still claim it. */
const endedKeptMs = 90 * 24 * 60 * 60 * 1000

type Claim = Awaited<ReturnType<Store['claimAction']>>

export type ClaimRequest = {
  readonly action: Action
  readonly owner: string
  readonly now: Instant
  readonly staleMs: number
  readonly decidedFrom: Instant | undefined
  readonly events: readonly NewEvent[]
}

/** @param db a transaction. */
export const claimAction = async (db: Database, request: ClaimRequest): Promise<Claim> => {
  const seq = await nextActionSeq(db)
  await touchOwner(db, request.owner, request.now)
  const known = await takeOver(db, request)
  if (known !== 'unclaimed') return known
  if (await isOutdated(db, request)) return 'outdated'
  if (await insertClaim(db, request, seq)) {
    await touchMachines(db, [request.action.machine])
    await append(db, request.events)
    return 'claimed'
  }
  // Somebody was faster: with this very action, or with another of the same machine.
  const now = await takeOver(db, request)
  return now === 'unclaimed' ? 'busy' : now
}

const takeOver = async (db: Database, request: ClaimRequest): Promise<Claim | 'unclaimed'> => {
  const { action, owner, now, staleMs } = request
  const row = await db
    .selectFrom('actions')
    .leftJoin('owners', 'owners.owner', 'actions.owner')
    .select(['actions.owner', 'actions.since', 'actions.ended_at', 'owners.seen_at'])
    .where('actions.id', '=', action.id)
    .executeTakeFirst()
  if (!row) return 'unclaimed'
  if (row.ended_at !== null) return 'ended'
  if (row.owner === owner) return 'claimed'
  if ((row.seen_at ?? row.since) > now - staleMs) return 'taken'
  const result = await db
    .updateTable('actions')
    .set({ owner })
    .where('id', '=', action.id)
    .where('owner', '=', row.owner)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  if (result.numUpdatedRows !== 1n) return 'taken'
  await touchMachines(db, [action.machine])
  return 'claimed'
}

const isOutdated = async (db: Database, request: ClaimRequest): Promise<boolean> => {
  const { action, decidedFrom } = request
  const target = await readTarget(db)
  if (target && isNewer(target.fence, action.fence)) return true
  if (decidedFrom === undefined) return false
  const ended = await db
    .selectFrom('actions')
    .select('id')
    .where('machine', '=', action.machine)
    .where('ended_at', '>=', decidedFrom)
    .limit(1)
    .executeTakeFirst()
  return ended !== undefined
}

const isNewer = (a: Action['fence'], b: Action['fence']): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.generation > b.generation)

const insertClaim = async (db: Database, request: ClaimRequest, seq: number): Promise<boolean> => {
  const { action, owner, now } = request
  const result = await db
    .insertInto('actions')
    .values({
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
      seq,
      result: null,
      code: null,
    })
    // Of either rule: the same action, or another open one of the same machine.
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

export const touchOwner = async (db: Database, owner: string, seen_at: Instant): Promise<void> => {
  await db
    .insertInto('owners')
    .values({ owner, seen_at })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ seen_at }))
    .execute()
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

/** @param db a transaction. */
export const endAction = async (db: Database, ended: EndedAction): Promise<boolean> => {
  const result = await db
    .updateTable('actions')
    .set({
      ended_at: ended.at,
      outcome: JSON.stringify(ended.outcome),
      seq: await nextActionSeq(db),
      ...inAWord(ended.outcome),
    })
    .where('id', '=', ended.id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  if (result.numUpdatedRows !== 1n) return false
  await touchMachines(db, [ended.machine])
  await putApplied(db, [ended])
  await clearBackoffKeys(db, ended.machine, ended.clear)
  await putBackoffs(db, ended.machine, ended.backoffs)
  await addDurations(db, ended.durations ?? [])
  await append(db, ended.events)
  return true
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
