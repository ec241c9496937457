/**
 * How an observation is written: what differs from PC to PC as one JSON text in its row; what most PCs of a room share
 * (installed packages, package state, operating system, the shape of its scripts' runs) once, under its digest.
 */
import { createHash } from 'node:crypto'
import type { Facts, ObservedPackages } from '../model/observed.ts'
import type { Interner } from './interner.ts'
import type { BodyRow } from './schema.ts'
import { type OwnRuns, packScripts, type ScriptShape, unpackScripts } from './scripts-row.ts'

export type FactsRow = {
  readonly facts: string
  readonly os: BodyRow
  /** Its body is long, and made only where it is wanted. */
  readonly packageSet?: { readonly digest: string; readonly body: () => string }
  readonly packageState?: BodyRow
  readonly scriptShape?: BodyRow
}

type OwnFacts = Omit<Facts, 'os' | 'packages' | 'scripts'> & {
  readonly scripts?: OwnRuns
}

type PackageState = {
  readonly held: readonly string[]
  readonly broken: ObservedPackages['broken']
  readonly candidates: readonly (readonly [string, string])[]
}

/** Facts as they were written, for the next look at the same machine: one that finds nothing new has the objects of the one before. */
export type WrittenFacts = {
  readonly facts: Facts
  readonly row: FactsRow
  readonly runs: WrittenRuns | undefined
}

type WrittenRuns = {
  readonly of: NonNullable<Facts['scripts']>
  readonly shape: BodyRow
  readonly own: OwnRuns
}

/** @param before of the same machine. */
export const writeFacts = (facts: Facts, before: WrittenFacts | undefined): WrittenFacts => {
  if (before?.facts === facts) return before
  const { os, packages, scripts, ...own } = facts
  const runs = scripts && (before?.runs?.of === scripts ? before.runs : writeRuns(scripts))
  const row = {
    facts: JSON.stringify({ ...own, ...(runs ? { scripts: runs.own } : {}) } satisfies OwnFacts),
    os: once(systems, os, () => addressed(JSON.stringify(os))),
    ...(packages ? once(sets, packages, () => writePackages(packages)) : {}),
    ...(runs ? { scriptShape: runs.shape } : {}),
  }
  return { facts, row, runs }
}

const writeRuns = (scripts: NonNullable<Facts['scripts']>): WrittenRuns => {
  const { shape, own } = packScripts(scripts)
  return { of: scripts, shape: shared(addressed(JSON.stringify(shape))), own }
}

type PackageRows = Pick<FactsRow, 'packageSet' | 'packageState'>

/** What many machines share is one object for them. */
const systems = new WeakMap<object, BodyRow>()
const sets = new WeakMap<object, PackageRows>()

/** Thousands of PCs have run the same scripts in the same versions: one text is enough for all of them. */
const shared = (row: BodyRow): BodyRow => {
  const known = sameShapes.get(row.digest)
  if (known !== undefined) return known
  if (sameShapes.size >= keptShapes) sameShapes.clear()
  sameShapes.set(row.digest, row)
  return row
}
const sameShapes = new Map<string, BodyRow>()
const keptShapes = 4_096

const once = <Row>(known: WeakMap<object, Row>, of: object, write: () => Row): Row => {
  const row = known.get(of) ?? write()
  known.set(of, row)
  return row
}

const writePackages = (packages: ObservedPackages): PackageRows => {
  const state: PackageState = {
    held: [...packages.held],
    broken: packages.broken,
    candidates: [...packages.candidates],
  }
  return {
    // The observer's own digest of the installed set, so that nobody hashes 2,000 packages a second time.
    packageSet: { digest: packages.digest, body: () => JSON.stringify([...packages.installed]) },
    packageState: addressed(JSON.stringify(state)),
  }
}

const addressed = (body: string): BodyRow => ({
  digest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
  body,
})

/** The shared parts, parsed once each: machines with equal ones get the same objects. */
export type SharedFacts = {
  readonly os: (digest: string) => Facts['os']
  readonly packages: (set: string, state: string) => ObservedPackages
  readonly shape: (digest: string) => ScriptShape
}

/**
 * Parsed once, and shared by all machines and all reads until garbage is collected: what a digest names never changes.
 * A package set of 1,800 packages takes longer to parse than the rest of thirty machines.
 */
export type SharedCache = {
  readonly os: Map<string, Facts['os']>
  readonly installed: Map<string, ObservedPackages['installed']>
  readonly state: Map<string, Omit<ObservedPackages, 'digest' | 'installed'>>
  /** By the digests of set and state. */
  readonly packages: Map<string, ObservedPackages>
  readonly shape: Map<string, ScriptShape>
}

export const createSharedCache = (): SharedCache => ({
  os: new Map(),
  installed: new Map(),
  state: new Map(),
  packages: new Map(),
  shape: new Map(),
})

export const readFacts = (
  row: {
    readonly facts: string
    readonly os: string
    readonly set: string | null
    readonly state: string | null
    readonly shape: string | null
  },
  shared: SharedFacts,
  intern: Interner,
): Facts => {
  const { scripts, hardware, ...own } = JSON.parse(row.facts) as OwnFacts
  return {
    ...own,
    os: shared.os(row.os),
    hardware: {
      ...hardware,
      ...(hardware.vendor === undefined ? {} : { vendor: intern(hardware.vendor) }),
      ...(hardware.model === undefined ? {} : { model: intern(hardware.model) }),
      ...(hardware.cpu === undefined ? {} : { cpu: intern(hardware.cpu) }),
    },
    ...(row.set === null || row.state === null ? {} : { packages: shared.packages(row.set, row.state) }),
    ...(scripts && row.shape !== null ? { scripts: unpackScripts(shared.shape(row.shape), scripts) } : {}),
  }
}

export const parseOs = (body: string): Facts['os'] => JSON.parse(body) as Facts['os']

export const parseInstalled = (body: string): ReadonlyMap<string, string> =>
  new Map(JSON.parse(body) as [string, string][])

export const parseShape = (body: string): ScriptShape => JSON.parse(body) as ScriptShape

export const parsePackageState = (body: string): Omit<ObservedPackages, 'digest' | 'installed'> => {
  const state = JSON.parse(body) as PackageState
  return { held: new Set(state.held), broken: state.broken, candidates: new Map(state.candidates) }
}
