/**
 * Waking is limited by rate, not by number: what trips a breaker is that many power supplies charge within the same second,
 * not that many PCs are on. Thirty PCs at four within ten seconds are on after little more than a minute.
 */
import type { Instant } from './model/ids.ts'

export const wakeSpanMs = 10_000

/**
 * Undefined: one more magic packet may be sent now. Else when the next one may; without an instant: never.
 * @param packets when those before were sent, in any order.
 */
export function packetsUntil(
  packets: readonly Instant[],
  limit: number,
  now: Instant,
): { readonly until?: Instant } | undefined {
  // After our clock was set back, what seems to come from the future was sent by now at the latest.
  const recent = packets.map((at) => Math.min(at, now)).filter((at) => at > now - wakeSpanMs)
  if (recent.length < limit) return undefined
  const last = recent.sort((a, b) => b - a)[limit - 1]
  return last === undefined ? {} : { until: last + wakeSpanMs }
}
