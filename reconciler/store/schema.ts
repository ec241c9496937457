/**
 * The tables as Kysely sees them. Only types that SQLite and PostgreSQL share: text, and integers (bigint in PostgreSQL;
 * both drivers are set to give JavaScript numbers, which hold epoch milliseconds exactly until the year 287396).
 */

export type Schema = {
  revisions: RevisionRow
  current_target: TargetRow
  package_sets: BodyRow
  fact_parts: BodyRow
  observations: ObservationRow
  applied: AppliedRow
  backoffs: BackoffRow
  actions: ActionRow
  owners: { owner: string; seen_at: number }
  pauses: PauseRow
  host_keys: { machine: string; fingerprint: string }
  plan_heads: PlanHeadRow
  decisions: { machine: string; site: string; body: string }
  events: EventRow
  counters: { name: string; value: number }
  machine_changes: { machine: string; seq: number }
  leases: { name: string; holder: string; until_at: number }
  disk_requests: DiskRequestRow
  rollouts: RolloutRow
  rollout_orders: RolloutOrderRow
  durations: DurationRow
  discovered: { mac: string; first_seen_at: number; seen_at: number; hello: string }
}

export type RevisionRow = { digest: string; revision: string; bytes: string; at: number }

/** One row, `id` 1: the compare-and-set is an update with the expected fence in its `where`. */
export type TargetRow = {
  id: number
  epoch: number
  generation: number
  parent_epoch: number | null
  parent_generation: number | null
  revision: string
  desired: string
  at: number
}

/** Content-addressed JSON, kept once for all the machines that have it. */
export type BodyRow = { digest: string; body: string }

export type ObservationRow = {
  machine: string
  site: string
  observed_at: number
  observer: string
  reach: string
  errors: string
  /** What differs from PC to PC; null: never read. */
  facts: string | null
  /** `fact_parts`: the operating system, the same on most PCs of a room. */
  os: string | null
  /** `package_sets`: installed packages. */
  package_set: string | null
  /** `fact_parts`: held, broken and candidate packages. */
  package_state: string | null
  /** `fact_parts`: which scripts ran last in which version, and how they ended. */
  script_shape: string | null
  /** What is known of the disk, as JSON; null: never read. */
  disk: string | null
  /** The change that wrote it. */
  seq: number
}

export type AppliedRow = { machine: string; site: string; facet: string; digest: string }

export type BackoffRow = {
  machine: string
  site: string
  key: string
  attempts: number
  class: string
  not_before: number
  reason: string
}

export type ActionRow = {
  id: string
  machine: string
  site: string
  epoch: number
  generation: number
  body: string
  owner: string
  since: number
  ended_at: number | null
  outcome: string | null
  /** 1: it does more than wake the machine. */
  attempt: number
  /** Rises with each claim and each end of any action. */
  seq: number
  /** How it ended, in a word: the outcome's kind, or the class of its failure. */
  result: string | null
  /** Of the reason. */
  code: string | null
}

/** `ended_at` null: it is under way. `base`, `proven` and `next` are digests of `revisions`. */
export type RolloutRow = {
  id: string
  revision: string
  base: string | null
  proven: string | null
  next: string
  started_at: number
  ended_at: number | null
  body: string
}

/** `served_at` null: the loop has not taken it up yet. */
export type RolloutOrderRow = {
  id: string
  rollout: string
  kind: string
  who: string
  why: string | null
  at: number
  served_at: number | null
}

export type PauseRow = {
  scope_kind: string
  scope_id: string
  who: string
  why: string
  at: number
  until_at: number | null
}

/** `closed_at` null: no action has carried it out yet. */
export type DiskRequestRow = {
  id: string
  machine: string
  kind: string
  image: string | null
  who: string
  at: number
  closed_at: number | null
}

/** How often work of this kind went at this pace, on this model at this site. */
export type DurationRow = { kind: string; model: string; site: string; step: number; times: number }

/** One row, `site` empty: the plan of the whole park. */
export type PlanHeadRow = {
  site: string
  id: string
  at: number
  target: string
  unmanaged: string
}

export type EventRow = {
  seq: number
  at: number
  kind: string
  machine: string | null
  revision: string | null
  actor: string
  message: string
  data: string | null
}
