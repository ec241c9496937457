import { exitCode } from './exit.ts'

export type Stopping = {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** Gives the signals back to the system. */
  release(): void
}

/** The first signal asks for an orderly end, the second ends at once: what runs on a PC goes on there and is found again. */
export const stopOnSignals = (onFirst: () => void = () => {}): Stopping => {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted)
    controller.abort()
    onFirst()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}
