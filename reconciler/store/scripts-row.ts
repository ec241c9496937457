/**
 * What was observed of a machine's scripts, packed. Written out, ten scripts take 4 KB of every machine's row, nearly all of it
 * the same few digests and boot ids again and again; here each stands once in `strings`, and the runs refer to it by number.
 */
import type { Digest, Instant, ScriptName } from '../model/ids.ts'
import type { ObservedScript } from '../model/observed.ts'

export type PackedScripts = {
  readonly strings: readonly string[]
  readonly scripts: readonly PackedScript[]
}

/** Name, last run, last success, check; 0: there is none. */
type PackedScript = readonly [
  name: number,
  lastRun: readonly [digest: number, bootId: number, at: Instant, exitCode: number] | 0,
  succeeded: readonly [digest: number, bootId: number, at: Instant] | 0,
  check: readonly [digest: number, exitCode: number, output: number] | 0,
]

export const packScripts = (scripts: ReadonlyMap<ScriptName, ObservedScript>): PackedScripts => {
  const numbers = new Map<string, number>()
  const number = (value: string): number => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  }
  const packed = [...scripts].map(
    ([name, { lastRun, succeeded, check }]): PackedScript => [
      number(name),
      lastRun ? [number(lastRun.digest), number(lastRun.bootId), lastRun.at, lastRun.exitCode] : 0,
      succeeded ? [number(succeeded.digest), number(succeeded.bootId), succeeded.at] : 0,
      check ? [number(check.digest), check.exitCode, number(check.output)] : 0,
    ],
  )
  return { strings: [...numbers.keys()], scripts: packed }
}

/** Gives one and the same string for equal ones: a park has few script digests and hardware models, on many PCs. */
export type Interner = <S extends string>(value: S) => S

export const createInterner = (): Interner => {
  const known = new Map<string, string>()
  return <S extends string>(value: S): S => {
    const same = known.get(value)
    if (same !== undefined) return same as S
    known.set(value, value)
    return value
  }
}

export const unpackScripts = (
  packed: PackedScripts,
  intern: Interner,
): ReadonlyMap<ScriptName, ObservedScript> => {
  const strings = packed.strings.map((value) => intern(value))
  const text = (index: number): string => {
    const value = strings[index]
    if (value === undefined) throw new Error(`packed scripts have no string ${index}`)
    return value
  }
  const scripts = new Map<ScriptName, ObservedScript>()
  for (const [name, lastRun, succeeded, check] of packed.scripts)
    scripts.set(text(name) as ScriptName, {
      ...(lastRun ? { lastRun: { ...ran(lastRun, text), exitCode: lastRun[3] } } : {}),
      ...(succeeded ? { succeeded: ran(succeeded, text) } : {}),
      ...(check
        ? { check: { digest: text(check[0]) as Digest, exitCode: check[1], output: text(check[2]) } }
        : {}),
    })
  return scripts
}

const ran = (
  [digest, bootId, at]: readonly [number, number, Instant, ...unknown[]],
  text: (index: number) => string,
) => ({ digest: text(digest) as Digest, bootId: text(bootId), at })
