/**
 * Calls back when a signal aborts. Thousands of looks wait for one signal at a time, and a signal walks through all its listeners
 * whenever one is added: here it has one.
 */
const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Returns how to call it off. A signal that has aborted calls back at once. */
export const onStop = (signal: AbortSignal, stop: () => void): (() => void) => {
  if (signal.aborted) {
    stop()
    return () => undefined
  }
  const all = listeners.get(signal) ?? listen(signal)
  all.add(stop)
  return () => all.delete(stop)
}

const listen = (signal: AbortSignal): Set<() => void> => {
  const all = new Set<() => void>()
  listeners.set(signal, all)
  signal.addEventListener(
    'abort',
    () => {
      for (const stop of [...all]) stop()
      all.clear()
    },
    { once: true },
  )
  return all
}
