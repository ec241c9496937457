/** The state record that the imager leaves behind: `disk.json` in each operating system, `state.json` in the cache partition. */
import type { DiskState } from './protocol.ts'
import { integer, matching, object, oneOf, type Parsed, parseJson, text } from './shape.ts'

/** 64 lower-case hex digits. */
export const hex64 = matching(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
/** A digest as the specs write it, or bare: `sha256:<64 hex>` or `<64 hex>`. */
export const digestText = matching(/^(?:sha256:)?[0-9a-f]{64}$/, 'a SHA-256 digest')
/** An action's id. */
export const actionId = matching(/^[A-Za-z0-9._:-]{1,200}$/, 'the id of an action')

export const diskStateShape = object<DiskState>({
  format: oneOf('proviseur-disk-1'),
  manifest: hex64,
  image: text(),
  layout: text(),
  settings: text(),
  job: actionId,
  at: integer(),
  how: oneOf('restore', 'upgrade', 'reset'),
})

/** UTF-8 JSON with a line break at the end: a technician may read it with `cat`. */
export const encodeDiskState = (state: DiskState): Uint8Array => Buffer.from(`${JSON.stringify(state)}\n`)

/** A record that cannot be read counts as none: the disk is then not known to be ours, and is looked at afresh. */
export const parseDiskState = (bytes: Uint8Array | string): Parsed<DiskState> =>
  parseJson(bytes, diskStateShape, { code: 'disk-state', en: 'The state record', fr: 'L’état enregistré' })
