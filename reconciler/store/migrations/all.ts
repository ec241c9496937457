import type { Migration } from 'kysely/migration'
import { first } from './0001-first.ts'
import { disks } from './0002-disks.ts'
import { rollouts } from './0003-rollouts.ts'
import { changes } from './0004-changes.ts'
import { durations } from './0005-durations.ts'

/** In order of their names. One that was released is never edited: another follows it. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-disks': disks,
  '0003-rollouts': rollouts,
  '0004-changes': changes,
  '0005-durations': durations,
}
