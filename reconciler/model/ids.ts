export type {
  Digest,
  Mac,
  MachineId,
  PackageName,
  Revision,
  RoomId,
  ScriptName,
  SecretName,
  SiteId,
} from '../../specs/ids.ts'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** Hash of machine, fence, changes and the observation they were decided from: retries of one decision coincide. */
export type ActionId = Id<'action'>
/** What a person asked for: a reset, a verification, a capture. */
export type DiskRequestId = Id<'disk-request'>
export type PlanId = Id<'plan'>
export type RolloutId = Id<'rollout'>
export type RolloutOrderId = Id<'rollout-order'>
/** Names one wanted difference of one machine across plans (facet, item and wanted value): the key of its backoff. */
export type ChangeKey = Id<'change'>
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number
