/**
 * PCs that are in no spec: each is let into the imager once a day, to tell what it is, and starts its own system otherwise. How many
 * are taken in is bounded, since anybody on the network can make up MAC addresses.
 */
import type { Instant } from '../../reconciler/model/ids.ts'

export type Strangers = {
  /** It said hello. True: it is to be noted as discovered. */
  met(macs: readonly string[], now: Instant): boolean
  boot(mac: string, now: Instant): 'imager' | 'local'
}

const dayMs = 86_400_000
/** A PC whose imager does not come up must not be kept from its own system. */
const triesADay = 2
/** A lycée has some hundred PCs. */
const mostADay = 1_000

export function createStrangers(
  before: Iterable<{ readonly mac: string; readonly seenAt: Instant }>,
  sameBootMs: number,
): Strangers {
  const metAt = new Map<string, Instant>()
  const tries = new Map<string, { readonly count: number; readonly since: Instant; readonly at: Instant }>()
  for (const { mac, seenAt } of before) metAt.set(mac, seenAt)

  const isRecent = (at: Instant | undefined, now: Instant): boolean => at !== undefined && now - at < dayMs

  function forgetOld(now: Instant): void {
    for (const [mac, at] of metAt) if (!isRecent(at, now)) metAt.delete(mac)
    for (const [mac, { since }] of tries) if (!isRecent(since, now)) tries.delete(mac)
  }

  return {
    met(macs, now) {
      forgetOld(now)
      const isNew = !macs.some((mac) => isRecent(metAt.get(mac), now))
      if (isNew && metAt.size >= mostADay) return false
      for (const mac of macs) metAt.set(mac, now)
      return isNew
    },
    boot(mac, now) {
      forgetOld(now)
      if (metAt.has(mac)) return 'local'
      const known = tries.get(mac)
      if (known !== undefined && now - known.at < sameBootMs) return 'imager'
      const count = (known?.count ?? 0) + 1
      if (count > triesADay || (known === undefined && tries.size >= mostADay)) return 'local'
      tries.set(mac, { count, since: known?.since ?? now, at: now })
      return 'imager'
    },
  }
}
