/**
 * What was observed of a machine's scripts, in two parts. The *shape* (which scripts there are, in which version they ran last, how
 * they ended, what their checks said) is the same on most PCs that want the same, and kept once under its digest: written out, ten
 * scripts take 4 KB. When they ran, in which boots, and what their checks printed is the machine's own: a few bytes for each run.
 */
import type { Digest, Instant, ScriptName } from '../model/ids.ts'
import type { ObservedScript } from '../model/observed.ts'

export type ScriptShape = readonly {
  readonly name: ScriptName
  readonly lastRun?: { readonly digest: Digest; readonly exitCode: number }
  /** `last-run`: that very run is the one that succeeded. */
  readonly succeeded?: { readonly digest: Digest } | 'last-run'
  /** With an empty output, as checks mostly have: then it is the observed check itself, one object for all machines. */
  readonly check?: NonNullable<ObservedScript['check']>
}[]

export type OwnRuns = {
  readonly boots: readonly string[]
  /** Of each run that the shape has, in its order: the number of its boot, and the instant. */
  readonly runs: readonly (number | Instant)[]
  /** By the number of the script in the shape; those that printed nothing are left out. */
  readonly outputs: readonly (readonly [script: number, output: string])[]
}

export const packScripts = (
  scripts: ReadonlyMap<ScriptName, ObservedScript>,
): { readonly shape: ScriptShape; readonly own: OwnRuns } => {
  const boots: string[] = []
  const runs: number[] = []
  const outputs: [number, string][] = []
  const shape: ScriptShape[number][] = []
  const add = ({ bootId, at }: { readonly bootId: string; readonly at: Instant }): void => {
    const known = boots.indexOf(bootId)
    runs.push(known >= 0 ? known : boots.push(bootId) - 1, at)
  }
  for (const [name, { lastRun, succeeded, check }] of scripts) {
    if (lastRun) add(lastRun)
    const isLast = succeeded && lastRun && isSameRun(succeeded, lastRun)
    if (succeeded && !isLast) add(succeeded)
    if (check && check.output !== '') outputs.push([shape.length, check.output])
    shape.push({
      name,
      ...(lastRun ? { lastRun: { digest: lastRun.digest, exitCode: lastRun.exitCode } } : {}),
      ...(succeeded ? { succeeded: isLast ? 'last-run' : { digest: succeeded.digest } } : {}),
      ...(check ? { check: { digest: check.digest, exitCode: check.exitCode, output: '' } } : {}),
    })
  }
  return { shape, own: { boots, runs, outputs } }
}

type Run = NonNullable<ObservedScript['succeeded']>

const isSameRun = (a: Run, b: Run): boolean => a.digest === b.digest && a.bootId === b.bootId && a.at === b.at

export const unpackScripts = (
  shape: ScriptShape,
  { boots, runs, outputs }: OwnRuns,
): ReadonlyMap<ScriptName, ObservedScript> => {
  let next = 0
  const read = (digest: Digest): Run => {
    const bootId = boots[runs[next] ?? -1]
    const at = runs[next + 1]
    if (bootId === undefined || at === undefined) throw new Error('a machine has fewer runs than its scripts')
    next += 2
    return { digest, bootId, at }
  }
  const scripts = new Map<ScriptName, ObservedScript>()
  for (const { name, lastRun, succeeded, check } of shape) {
    const last = lastRun && read(lastRun.digest)
    const success = succeeded === 'last-run' ? last : succeeded && read(succeeded.digest)
    scripts.set(name, {
      ...(last && lastRun ? { lastRun: { ...last, exitCode: lastRun.exitCode } } : {}),
      ...(success ? { succeeded: success } : {}),
      ...(check ? { check } : {}),
    })
  }
  for (const [index, output] of outputs) {
    const { name, check } = shape[index] ?? {}
    if (name === undefined || check === undefined) throw new Error('an output of a check that there is not')
    scripts.set(name, { ...scripts.get(name), check: { ...check, output } })
  }
  return scripts
}
