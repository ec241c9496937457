import { type CalendarRanges, compileCalendar } from './calendar.ts'
import { createCatalog } from './catalog.ts'
import type { Compilation } from './compilation.ts'
import type { Desired, DesiredMachine, DesiredSecret, DesiredSite, WantedScript } from './desired.ts'
import type { Diagnostic } from './diagnostic.ts'
import { byCodeUnit, isSpecFile, type ParkFiles } from './files.ts'
import { createFindings, type Findings } from './findings.ts'
import type { MachineId, SiteId } from './ids.ts'
import { checkImage } from './image.ts'
import { emptyBranch } from './layers.ts'
import { lint } from './lint.ts'
import { MachineCompiler } from './machine-compiler.ts'
import { MachineRegistry } from './machine-registry.ts'
import { checkPackages } from './package.ts'
import { checkRollout, checkWavesMeetMachines, desiredPark, findPark } from './park.ts'
import { ProfileTable } from './profile.ts'
import { type ReadSpec, readSpec, type Spec } from './read-spec.ts'
import { type RoleLayer, RoleStacks } from './role-stacks.ts'
import { linearizeRoles } from './roles.ts'
import { compileScript } from './script.ts'
import { compileSecret } from './secret.ts'
import { sealed } from './serialize.ts'
import { settingsLayer } from './settings-layer.ts'
import { checkSites, compileSite } from './site.ts'
import { placeAt } from './source-path.ts'
import { say } from './text.ts'

/**
 * Compiles a park: what its files say each machine must be. Pure: the same contents give the same result, in whatever order
 * the files come. All that is wrong in the park is reported in one run; with any error there is no desired state.
 * Who compiles again and again hands in the same `memory` each time: files with the same array of bytes are not read twice.
 */
export function compile(
  files: ParkFiles,
  memory: CompileMemory = new WeakMap(),
): { desired?: Desired; diagnostics: readonly Diagnostic[] } {
  const findings = createFindings()
  const { specs, broken } = readSpecs(files, memory, findings)
  const unreadable = findings.errorCount() > 0
  const catalog = createCatalog(specs, broken, findings)
  const park = findPark(specs, files, unreadable, findings)
  const compilation = compileShared({ files, findings, catalog })
  for (const image of catalog.all('Image')) if (image.complete) checkImage(image, compilation)
  checkPackages(catalog, findings)
  checkSites(catalog, findings)
  const { sites, machines } = compileMachines(park, compilation)
  if (park) checkRollout(park, compilation)
  if (machines.size === 0 && findings.errorCount() === 0 && park) {
    findings.error(
      placeAt(park.document, []),
      'empty-park',
      say(
        'This park has no machines. Describe a lycée with a room and its machines, for example in lycees/victor-hugo.yaml.',
        'Ce parc n’a aucune machine. Décrivez un lycée avec une salle et ses machines, par exemple dans lycees/victor-hugo.yaml.',
      ),
    )
  }
  if (findings.errorCount() === 0 && park) checkWavesMeetMachines(park, machines.values(), findings)
  if (findings.errorCount() > 0 || !park) return { diagnostics: findings.sorted() }
  lint(compilation, machines)
  const secrets = new Map([...compilation.secrets.values()].map((secret) => [secret.name, secret]))
  const desired = sealed({ park: desiredPark(park.spec), sites, machines, secrets: sortedMap(secrets) })
  return { desired, diagnostics: findings.sorted() }
}

/** What was read from a file's bytes, under that name. */
export type CompileMemory = WeakMap<Uint8Array, ReadFile>
type ReadFile = {
  readonly file: string
  readonly read: ReadSpec
  readonly diagnostics: readonly Diagnostic[]
}

function readFile(file: string, bytes: Uint8Array, memory: CompileMemory): ReadFile {
  const known = memory.get(bytes)
  if (known?.file === file) return known
  const findings = createFindings()
  const read = { file, read: readSpec(file, bytes, findings), diagnostics: findings.sorted() }
  memory.set(bytes, read)
  return read
}

function readSpecs(
  files: ParkFiles,
  memory: CompileMemory,
  findings: Findings,
): { specs: readonly Spec[]; broken: ReadonlySet<string> } {
  const specs: Spec[] = []
  const broken = new Set<string>()
  for (const file of [...files.keys()].filter(isSpecFile).sort(byCodeUnit)) {
    const { read, diagnostics } = readFile(file, files.get(file) ?? new Uint8Array(), memory)
    findings.addAll(diagnostics)
    if (read.spec) specs.push(read.spec)
    else for (const name of read.names) broken.add(name)
  }
  return { specs, broken }
}

/** What lycées and roles refer to: calendars, secrets, scripts; each once. */
function compileShared(base: Pick<Compilation, 'files' | 'findings' | 'catalog'>): Compilation {
  const { catalog } = base
  const calendars = new Map<string, CalendarRanges>()
  for (const calendar of catalog.all('Calendar')) {
    const ranges = compileCalendar(calendar, base)
    if (ranges) calendars.set(calendar.spec.name, ranges)
  }
  const secrets = new Map<string, DesiredSecret>()
  for (const secret of catalog.all('Secret')) {
    const compiled = compileSecret(secret, base)
    if (compiled) secrets.set(secret.spec.name, compiled)
  }
  const scripts = new Map<string, WantedScript>()
  for (const script of catalog.all('Script')) {
    const compiled = compileScript(script, { ...base, secrets })
    if (compiled) scripts.set(script.spec.name, compiled)
  }
  return { ...base, calendars, secrets, scripts }
}

function compileMachines(
  park: Spec<'Park'> | undefined,
  compilation: Compilation,
): { sites: ReadonlyMap<SiteId, DesiredSite>; machines: ReadonlyMap<MachineId, DesiredMachine> } {
  const { catalog, findings } = compilation
  const written = park?.spec.defaults
  const parkDefaults =
    park && written
      ? settingsLayer(written, park.document, ['defaults'], compilation, { kind: 'park' })
      : emptyBranch
  const layers = new Map<string, RoleLayer>()
  for (const { spec, document } of catalog.all('Role')) {
    const { name } = spec
    const layer = settingsLayer(spec, document, [], compilation, { kind: 'role', name })
    layers.set(name, { name, layer })
  }
  const chains = new Map<string, readonly RoleLayer[]>()
  for (const [name, chain] of linearizeRoles(catalog, findings)) {
    chains.set(
      name,
      chain.flatMap(({ spec }) => layers.get(spec.name) ?? []),
    )
  }
  const compiler = new MachineCompiler(
    compilation,
    new ProfileTable(compilation),
    new RoleStacks(parkDefaults, chains),
    new MachineRegistry(findings),
  )
  const sites = new Map<SiteId, DesiredSite>()
  const machines = new Map<MachineId, DesiredMachine>()
  const timezone = desiredPark(park?.spec).timezone
  for (const lycee of catalog.all('Lycee')) {
    const compiled = compileSite(lycee, timezone, compilation, compiler)
    sites.set(compiled.site.id, compiled.site)
    for (const machine of compiled.machines) machines.set(machine.id, machine)
  }
  return { sites: sortedMap(sites), machines: sortedMap(machines) }
}

const sortedMap = <K extends string, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
  new Map([...map].sort(([a], [b]) => byCodeUnit(a, b)))
