/** Tasks that run at once and end together: the first that fails stops the others, and none is left running behind anyone's back. */
export type TaskGroup = {
  /** Aborted by the first failure, or by the caller's own signal. */
  readonly signal: AbortSignal
  spawn(task: () => Promise<void>): void
  /** Waits for all, those started meanwhile too. Throws the first failure. */
  settle(): Promise<void>
}

export const createTaskGroup = (outer: AbortSignal): TaskGroup => {
  const stop = new AbortController()
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const signal = AbortSignal.any([outer, stop.signal])
  return {
    signal,
    spawn: (task) => {
      const run = task()
        .catch((error: unknown) => {
          failure ??= { error }
          stop.abort()
        })
        .finally(() => running.delete(run))
      running.add(run)
    },
    settle: async () => {
      while (running.size > 0) await Promise.all(running)
      if (failure !== undefined) throw failure.error
    },
  }
}

/** Something changed: whoever waits looks again. */
export type Bell = {
  ring(): void
  /** Until `ready`, or until the signal aborts (false). */
  until(ready: () => boolean, signal: AbortSignal): Promise<boolean>
}

export const createBell = (): Bell => {
  const waiting = new Set<() => void>()
  const ring = (): void => {
    const now = [...waiting]
    waiting.clear()
    for (const wake of now) wake()
  }
  return {
    ring,
    until: async (ready, signal) => {
      // Its own function: a listener that several add is one, and the first to leave takes it along.
      const onAbort = (): void => ring()
      signal.addEventListener('abort', onAbort)
      try {
        while (!signal.aborted && !ready()) {
          await new Promise<void>((resolve) => {
            waiting.add(resolve)
          })
        }
        return !signal.aborted
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },
  }
}
