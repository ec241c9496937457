import type { Store } from '../reconciler/store/store.ts'
import type { Context } from './context.ts'
import type { ExitCode } from './exit.ts'
import type { Given } from './given.ts'
import { locate, type Place } from './place.ts'
import { openStoreInUse } from './state.ts'

/** Does what makes no sense before `up` ever ran, on the park's store, which is closed whatever comes of it. */
export const withStoreInUse = async (
  context: Context,
  given: Given,
  act: (store: Store, place: Place) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const place = await locate(context, given)
  if (!place.ok) return context.fail(place.reason)
  const opened = await openStoreInUse(place.value)
  if (!opened.ok) return context.fail(opened.reason)
  try {
    return await act(opened.value, place.value)
  } finally {
    await opened.value.close()
  }
}
