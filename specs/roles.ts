import type { Catalog } from './catalog.ts'
import type { Findings } from './findings.ts'
import type { Spec } from './read-spec.ts'
import { placeAt, type SourcePath } from './source-path.ts'
import { say } from './text.ts'

type Role = Spec<'Role'>
type Parent = { readonly role: Role; readonly path: SourcePath }

/**
 * For every role its layers, lowest first: those that it extends (in the order written, depth first), then itself. A role
 * reached twice counts where it is reached first, so that a common base never overrides what was built on it.
 */
export function linearizeRoles(catalog: Catalog, findings: Findings): ReadonlyMap<string, readonly Role[]> {
  const parents = new Map<Role, readonly Parent[]>()
  for (const role of catalog.all('Role')) parents.set(role, parentsOf(role, catalog))
  refuseCycles(parents, findings)
  return new Map(catalog.all('Role').map((role) => [role.spec.name, linearize(role, parents)]))
}

function parentsOf(role: Role, catalog: Catalog): readonly Parent[] {
  const written = role.spec.extends ?? []
  const names = typeof written === 'string' ? [written] : written
  const parents: Parent[] = []
  for (const [index, name] of names.entries()) {
    const path = typeof written === 'string' ? ['extends'] : ['extends', index]
    const found = catalog.find('Role', name, placeAt(role.document, path))
    if (found) parents.push({ role: found, path })
  }
  return parents
}

/** Depth first without recursion: a chain of thousands of roles must not exhaust the stack. */
function linearize(role: Role, parents: ReadonlyMap<Role, readonly Parent[]>): readonly Role[] {
  const done = new Set<Role>()
  const entered = new Set<Role>()
  const stack: Role[] = [role]
  while (stack.length > 0) {
    const top = stack.at(-1)
    if (!top) break
    if (entered.has(top)) {
      stack.pop()
      done.add(top)
      continue
    }
    entered.add(top)
    const below = (parents.get(top) ?? []).map((parent) => parent.role).filter((each) => !entered.has(each))
    stack.push(...below.toReversed())
  }
  return [...done]
}

/** A role is in a cycle if it is reached from itself; it is told once for each cycle, at the role that comes first by name. */
function refuseCycles(parents: ReadonlyMap<Role, readonly Parent[]>, findings: Findings): void {
  const told = new Set<Role>()
  for (const role of [...parents.keys()].toSorted((a, b) => (a.spec.name < b.spec.name ? -1 : 1))) {
    if (told.has(role)) continue
    const cycle = cycleFrom(role, parents)
    const first = cycle[0]
    if (!first) continue
    for (const each of cycle) told.add(each.role)
    const names = [role, ...cycle.map((step) => step.role)].map(({ spec }) => spec.name).join(' → ')
    findings.error(
      placeAt(role.document, first.path),
      'cyclic-extends',
      say(
        `Roles extend each other in a circle: ${names}. Take one \`extends\` out.`,
        `Des rôles se complètent en boucle : ${names}. Retirez l’un des \`extends\`.`,
      ),
    )
  }
}

/** The shortest way from a role back to itself; empty if there is none. */
function cycleFrom(role: Role, parents: ReadonlyMap<Role, readonly Parent[]>): readonly Parent[] {
  const cameBy = new Map<Role, { readonly step: Parent; readonly from: Role }>()
  let frontier: readonly Role[] = [role]
  while (frontier.length > 0) {
    const next: Role[] = []
    for (const from of frontier) {
      for (const step of parents.get(from) ?? []) {
        if (cameBy.has(step.role)) continue
        cameBy.set(step.role, { step, from })
        if (step.role === role) return wayBack(role, cameBy)
        next.push(step.role)
      }
    }
    frontier = next
  }
  return []
}

function wayBack(
  role: Role,
  cameBy: ReadonlyMap<Role, { readonly step: Parent; readonly from: Role }>,
): readonly Parent[] {
  const way: Parent[] = []
  let at = role
  do {
    const came = cameBy.get(at)
    if (!came) break
    way.unshift(came.step)
    at = came.from
  } while (at !== role)
  return way
}
