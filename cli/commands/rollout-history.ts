import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { currentDesired } from '../desired.ts'
import { exitCode } from '../exit.ts'
import { printRolloutHistory } from '../output/rollout-history.ts'
import { rolloutJson } from '../output/rollout-json.ts'
import { noRollout } from '../output/rollout-refusals.ts'
import { withStoreInUse } from '../store-in-use.ts'

const defaultLimit = 20

export const run: Run = async (context, given) => {
  const limit = Number(given.value('limit') ?? defaultLimit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    const message = say('--limit is a number from 1 to 1000.', '--limit est un nombre de 1 à 1000.')
    return context.fail({ code: 'wrong-limit', message }, exitCode.usage)
  }
  return withStoreInUse(context, given, async (store, place) => {
    const rollouts = await store.rollouts(limit)
    const { locale, out } = context
    if (context.json) {
      context.writeJson({ rollouts: rollouts.map((rollout) => rolloutJson(rollout, locale)) })
      return exitCode.done
    }
    if (rollouts.length === 0) return context.fail(noRollout)
    const desired = await currentDesired(context, place, store)
    const timezone = desired.ok
      ? desired.value.park.timezone
      : Intl.DateTimeFormat().resolvedOptions().timeZone
    printRolloutHistory(rollouts, { now: context.clock.now(), timezone, locale }, out)
    return exitCode.done
  })
}
