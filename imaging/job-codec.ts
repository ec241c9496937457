/** Strict reading and writing of what imager and site server say to each other (imaging/protocol.ts). */
import { canonicalJson } from './canonical-json.ts'
import type {
  Answer,
  BootMenu,
  Difference,
  Done,
  EqualWork,
  Hello,
  HelloDisk,
  ImagerReason,
  Job,
  Layout,
  LayoutPartition,
  Progress,
  Tally,
  Work,
} from './protocol.ts'
import {
  amount,
  anything,
  boolean,
  either,
  integer,
  list,
  matching,
  object,
  oneOf,
  optional,
  type Parsed,
  parseJson,
  type Shape,
  text,
  variants,
} from './shape.ts'
import { actionId, digestText, diskStateShape, hex64 } from './state.ts'

/** The largest body that /imager/hello and /imager/progress take. A hello of a PC with ten disks of ten partitions has 20 kB. */
export const smallBodyBytes = 256 * 1024
/** The largest body of /imager/done: the draft of a manifest or the differences of a verification. */
export const doneBodyBytes = 8 * 1024 * 1024

const mac = matching(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'a MAC address in lower case with colons')
const bilingual = object<{ en: string; fr: string }>({ en: text(4096), fr: text(4096) })

const helloDisk = object<HelloDisk>({
  name: text(64),
  sizeBytes: integer(),
  sectorBytes: integer(65_536, 1),
  model: optional(text()),
  serial: optional(text()),
  rotational: boolean,
  bus: optional(text(64)),
  table: optional(oneOf('gpt', 'mbr')),
  partitions: list(
    object<HelloDisk['partitions'][number]>({
      number: integer(1024, 1),
      startBytes: integer(),
      sizeBytes: integer(),
      type: optional(text(64)),
      name: optional(text()),
      fileSystem: optional(text(64)),
      label: optional(text()),
    }),
    { max: 256 },
  ),
})

const hello = object<Hello>({
  format: oneOf('proviseur-hello-1'),
  nonce: hex64,
  macs: list(mac, { min: 1, max: 64 }),
  uuid: optional(text(64)),
  vendor: optional(text()),
  model: optional(text()),
  serial: optional(text()),
  firmware: oneOf('bios', 'uefi'),
  secureBoot: boolean,
  cpu: optional(text()),
  cpus: integer(65_536),
  memoryBytes: integer(),
  disks: list(helloDisk, { max: 64 }),
  state: optional(diskStateShape),
  imager: text(128),
})

const layoutPartition = object<LayoutPartition>({
  name: text(64),
  type: oneOf('bios', 'esp', 'msr', 'linux', 'swap', 'windows', 'recovery', 'data'),
  sizeBytes: either(integer(Number.MAX_SAFE_INTEGER, 1), oneOf('rest')),
  content: oneOf('image', 'cache', 'keep', 'empty'),
  os: optional(oneOf('debian', 'windows')),
  title: optional(text()),
})

const layout = object<Layout>({
  table: oneOf('gpt', 'mbr'),
  disk: optional(text()),
  partitions: list(layoutPartition, { min: 1, max: 128 }),
})

const bootMenu = object<BootMenu>({
  default: text(64),
  timeoutMs: integer(),
  resetEntries: boolean,
})

type Equal<K extends string> = EqualWork & { readonly kind: K }

const equalWork = <const K extends 'restore' | 'reset'>(kind: K) =>
  object<Equal<'restore' | 'reset'>>({
    kind: oneOf<'restore' | 'reset'>(kind),
    manifest: hex64,
    image: text(),
    layout,
    layoutDigest: digestText,
    settingsDigest: digestText,
    keep: list(text(4096), { max: 1024 }),
    resetPolicy: oneOf('never', 'on-demand', 'nightly', 'at-boot'),
    boot: bootMenu,
    identity: object<EqualWork['identity']>({
      hostname: text(253),
      user: text(64),
      authorizedKeys: list(text(16_384), { max: 1024 }),
    }),
    mayRepartition: boolean,
    imager: object<EqualWork['imager']>({ vmlinuz: hex64, initrd: hex64 }),
  })

const work = variants<Work>('kind', {
  restore: equalWork('restore'),
  reset: equalWork('reset'),
  verify: object<Extract<Work, { kind: 'verify' }>>({ kind: oneOf('verify'), manifest: hex64, layout }),
  capture: object<Extract<Work, { kind: 'capture' }>>({
    kind: oneOf('capture'),
    name: text(64),
    version: text(64),
    layout,
    chunkBytes: integer(16 * 1024 * 1024, 4096),
  }),
})

const job = object<Job>({
  format: oneOf('proviseur-job-1'),
  id: actionId,
  machine: text(),
  mac,
  nonce: hex64,
  fence: object<Job['fence']>({ epoch: integer(), generation: integer() }),
  token: matching(/^[A-Za-z0-9_-]{32,128}$/, 'a token'),
  issuedAt: integer(),
  locale: oneOf('fr', 'en'),
  work,
})

const answer = variants<Answer>('kind', {
  job: object<Extract<Answer, { kind: 'job' }>>({
    kind: oneOf('job'),
    job: text(4 * 1024 * 1024),
    signature: text(256),
    now: integer(),
  }),
  wait: object<Extract<Answer, { kind: 'wait' }>>({
    kind: oneOf('wait'),
    afterMs: integer(86_400_000),
    now: integer(),
    message: optional(bilingual),
  }),
  local: object<Extract<Answer, { kind: 'local' }>>({
    kind: oneOf('local'),
    now: integer(),
    message: optional(bilingual),
  }),
})

const progress = object<Progress>({
  job: actionId,
  phase: oneOf(
    'layout',
    'compare',
    'write',
    'verify',
    'grow',
    'identity',
    'boot',
    'cache',
    'capture',
    'keep',
  ),
  partition: optional(text(64)),
  read: amount,
  matched: amount,
  fetched: amount,
  written: amount,
  total: amount,
  rate: amount,
  leftMs: optional(amount),
})

const tally = object<Tally>({
  read: amount,
  matched: amount,
  fetched: amount,
  fromCache: amount,
  written: amount,
  durationMs: amount,
  perPartition: list(
    object<Tally['perPartition'][number]>({ name: text(64), chunks: integer(), differing: integer() }),
    { max: 256 },
  ),
})

const difference = object<Difference>({
  partition: text(64),
  chunks: integer(),
  differing: integer(),
  runs: list(object<Difference['runs'][number]>({ fromByte: integer(), bytes: integer() }), { max: 65_536 }),
  files: optional(list(text(4096), { max: 4096 })),
})

/** Keyed by the type, so that a new reason cannot be left out. */
const imagerReasons: Readonly<Record<ImagerReason, true>> = {
  'server-silent': true,
  'job-signature-wrong': true,
  'job-for-another-machine': true,
  'job-replayed': true,
  'job-outdated': true,
  'manifest-missing': true,
  'manifest-damaged': true,
  'manifest-signature-wrong': true,
  'manifest-not-the-planned-one': true,
  'list-missing': true,
  'list-damaged': true,
  'chunk-missing': true,
  'chunk-damaged': true,
  'store-full': true,
  'no-disk': true,
  'several-disks': true,
  'disk-too-small': true,
  'disk-unreadable': true,
  'disk-unwritable': true,
  'disk-slow': true,
  'loop-device-failed': true,
  'layout-would-lose-data': true,
  'layout-failed': true,
  'keep-does-not-fit': true,
  'file-system-broken': true,
  'identity-failed': true,
  'boot-loader-failed': true,
  'imager-not-the-signed-one': true,
  'verification-failed': true,
  'out-of-memory': true,
  'program-error': true,
}

const isImagerReason = (word: string): word is ImagerReason => Object.hasOwn(imagerReasons, word)

const imagerReason: Shape<ImagerReason> = (value, at) =>
  typeof value === 'string' && isImagerReason(value)
    ? { ok: true, value }
    : { ok: false, at, expected: 'a reason of the imager' }

const done = variants<Done>('kind', {
  done: object<Extract<Done, { kind: 'done' }>>({
    job: actionId,
    at: integer(),
    kind: oneOf('done'),
    tally,
    state: optional(diskStateShape),
    hostKeys: list(object<{ partition: string; key: string }>({ partition: text(64), key: text(16_384) }), {
      max: 64,
    }),
    differences: optional(list(difference, { max: 256 })),
    draft: optional(anything),
  }),
  failed: object<Extract<Done, { kind: 'failed' }>>({
    job: actionId,
    at: integer(),
    kind: oneOf('failed'),
    reason: imagerReason,
    detail: optional(text(16_384)),
    tally,
  }),
})

/** The bytes that the site's key signs: canonical, so that equal jobs have equal signatures. */
export const encodeJob = (of: Job): string => canonicalJson(of)

export const parseJob = (bytes: Uint8Array | string): Parsed<Job> =>
  parseJson(bytes, job, { code: 'job', en: 'The job', fr: 'L’ordre de travail' })

export const encodeHello = (of: Hello): string => JSON.stringify(of)

export const parseHello = (bytes: Uint8Array | string): Parsed<Hello> =>
  parseJson(bytes, hello, { code: 'hello', en: 'The hello', fr: 'La présentation du poste' })

export const encodeAnswer = (of: Answer): string => JSON.stringify(of)

export const parseAnswer = (bytes: Uint8Array | string): Parsed<Answer> =>
  parseJson(bytes, answer, {
    code: 'answer',
    en: 'The site server’s answer',
    fr: 'La réponse du serveur d’établissement',
  })

export const encodeProgress = (of: Progress): string => JSON.stringify(of)

export const parseProgress = (bytes: Uint8Array | string): Parsed<Progress> =>
  parseJson(bytes, progress, {
    code: 'progress',
    en: 'The progress report',
    fr: 'Le compte rendu d’avancement',
  })

export const encodeDone = (of: Done): string => JSON.stringify(of)

export const parseDone = (bytes: Uint8Array | string): Parsed<Done> =>
  parseJson(bytes, done, { code: 'done', en: 'The final report', fr: 'Le compte rendu final' })
