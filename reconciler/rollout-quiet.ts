/** Whether nobody at a PC would notice what a revision changes. */
import type { Profile } from '../specs/desired.ts'
import type { Steering } from './model/rollout.ts'

/** Only packages, scripts and identity differ, and of those none that disturbs: going back costs nobody anything either. */
export function isQuiet({ base, next, waveOf }: Steering): boolean {
  const seen = new Map<Profile, Set<Profile>>()
  for (const id of waveOf.keys()) {
    const before = base?.machines.get(id)?.profile
    const after = next.machines.get(id)?.profile
    if (before === undefined || after === undefined) return false
    const known = seen.get(after) ?? new Set()
    if (known.has(before)) continue
    if (!isQuietChange(before, after)) return false
    seen.set(after, known.add(before))
  }
  return true
}

function isQuietChange(before: Profile, after: Profile): boolean {
  const { disk, reset } = after.facetDigests
  if (before.facetDigests.disk !== disk || before.facetDigests.reset !== reset) return false
  return (
    areQuiet(before.packages, after.packages, samePackage) &&
    areQuiet(before.scripts, after.scripts, sameDigest)
  )
}

type Wish = { readonly effect: string }

/** What is wanted on one side only, or otherwise, is quiet on both. */
function areQuiet<Name, Wanted extends Wish>(
  before: ReadonlyMap<Name, Wanted>,
  after: ReadonlyMap<Name, Wanted>,
  isSame: (a: Wanted, b: Wanted) => boolean,
): boolean {
  return [...new Set([...before.keys(), ...after.keys()])].every((name) => {
    const [was, is] = [before.get(name), after.get(name)]
    if (was !== undefined && is !== undefined && isSame(was, is)) return true
    return (was?.effect ?? 'quiet') === 'quiet' && (is?.effect ?? 'quiet') === 'quiet'
  })
}

const samePackage = (a: { readonly want: unknown }, b: { readonly want: unknown }): boolean =>
  JSON.stringify(a.want) === JSON.stringify(b.want)

const sameDigest = (a: { readonly digest: string }, b: { readonly digest: string }): boolean =>
  a.digest === b.digest
