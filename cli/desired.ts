import type { Compiled } from '../reconciler/ports.ts'
import type { Store } from '../reconciler/store/store.ts'
import { counted } from '../reconciler/wording.ts'
import type { Desired } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import type { Context } from './context.ts'
import type { Place } from './place.ts'
import { ok, type Result, refuse } from './result.ts'
import { readOnce } from './sources/open.ts'

/** A revision without errors. */
export type Sound = Compiled & { readonly desired: Desired }

/** Reads and compiles the park for a command that needs it sound; its errors are printed to standard error as `check` does. */
export const readPark = async (
  context: Context,
  place: Place,
  rev: string | undefined,
): Promise<Result<Sound>> => {
  const read = await readOnce(place, rev)
  if (!read.ok) return read
  const { desired, diagnostics } = read.value
  if (desired !== undefined) return ok({ ...read.value, desired })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (!context.json) {
    const { printDiagnostics } = await import('./output/diagnostics.ts')
    printDiagnostics(errors, context.locale, context.err)
  }
  const places = errors.map((one) => `${one.file}:${one.line}:${one.column}: ${one.message[context.locale]}`)
  const { en, fr } = counted(errors.length, ['error', 'errors'], ['erreur', 'erreurs'])
  return refuse(
    'park-broken',
    say(
      `The park has ${en}${rev === undefined ? '' : ` at ${rev}`}: see proviseur check.`,
      `Le parc contient ${fr}${rev === undefined ? '' : ` en ${rev}`}\u00a0: voyez proviseur check.`,
    ),
    // At a terminal they stand above, with their lines.
    context.json ? places.slice(0, 20).join('\n') : undefined,
  )
}

/** What machines are to be now: the target that `up` works towards, else (before the first `up`) the park's folder. */
export const currentDesired = async (
  context: Context,
  place: Place,
  store: Store | undefined,
): Promise<Result<Desired>> => {
  const target = await store?.target()
  const kept = target && (await store?.getRevision(target.desired))
  if (kept === undefined) {
    const read = await readPark(context, place, undefined)
    return read.ok ? ok(read.value.desired) : read
  }
  const { deserialize } = await import('../specs/serialize.ts')
  return ok(deserialize(kept.bytes))
}
