/** Work that goes on beside the loop's turns. */
export type TaskPool = {
  start(task: () => Promise<void>): void
  size(): number
  /** Throws what a task threw: an unexpected error ends the loop, never unseen. */
  check(): void
  /** When all have ended. */
  idle(): Promise<void>
}

export const createTaskPool = (): TaskPool => {
  const running = new Set<Promise<void>>()
  let failure: { readonly thrown: unknown } | undefined
  return {
    start: (task) => {
      const run = task()
        .catch((thrown: unknown) => {
          failure ??= { thrown }
        })
        .finally(() => running.delete(run))
      running.add(run)
    },
    size: () => running.size,
    check: () => {
      if (failure) throw failure.thrown
    },
    idle: async () => {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
