import type { Store } from '../reconciler/store/store.ts'
import type { Desired } from '../specs/desired.ts'
import type { Context } from './context.ts'
import { currentDesired } from './desired.ts'
import type { ExitCode } from './exit.ts'
import type { Given } from './given.ts'
import { locate, type Place } from './place.ts'
import { openStoreAt } from './state.ts'

/** What a command that steps in works on: the store, and what machines are to be. */
export type Session = { readonly place: Place; readonly store: Store; readonly desired: Desired }

/** Finds the park, opens its store (making it: a technician may pause before the first `up`), and closes it afterwards. */
export const withSession = async (
  context: Context,
  given: Given,
  use: (session: Session) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const place = await locate(context, given)
  if (!place.ok) return context.fail(place.reason)
  const store = await openStoreAt(place.value)
  try {
    const desired = await currentDesired(context, place.value, store)
    if (!desired.ok) return context.fail(desired.reason)
    return await use({ place: place.value, store, desired: desired.value })
  } finally {
    await store.close()
  }
}
