/** The store's words for many actions, said of one. */
import type { Action } from '../../reconciler/model/plan.ts'
import type { Claim, EndedAction, NewClaim, Store } from '../../reconciler/store/store.ts'

export const claimAction = async (
  store: Store | undefined,
  action: Action,
  owner: string,
  now: number,
  staleMs: number,
  more: Omit<NewClaim, 'action'> = {},
): Promise<Claim | undefined> =>
  (await store?.claimActions([{ action, ...more }], owner, now, staleMs))?.get(action.id)

/** False: it had ended before. */
export const endAction = async (store: Store, ended: EndedAction): Promise<boolean> =>
  (await store.endActions([ended])).has(ended.id)
