import { setTimeout as delay } from 'node:timers/promises'

/** Far more than anything in the lab needs: reached only when something is broken. */
export const PATIENCE_MS = 120_000

/** Looks again and again until there is something other than undefined or false, and returns it. `what` is for who reads the failure. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`after ${timeoutMs} ms there is still no ${what}`)
    await delay(50)
  }
}
