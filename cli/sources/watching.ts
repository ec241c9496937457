/** An editor saves a file in several steps, and Git writes many files: one wake-up for all of them. */
const settleMs = 150

export type Watching = {
  readonly paths: readonly string[]
  readonly ignored: (path: string) => boolean
  /** The kernel's watches ran out, or a folder cannot be read: changes are then seen at the next pass only. */
  readonly onTrouble: (error: Error) => void
}

/** Calls back, debounced, when anything under the paths changes; returns how to stop. Commands that only read never load chokidar. */
export const watchPaths = (watching: Watching, changed: () => void): (() => Promise<void>) => {
  let timer: NodeJS.Timeout | undefined
  const wake = (): void => {
    clearTimeout(timer)
    timer = setTimeout(changed, settleMs)
  }
  const watcher = import('chokidar').then(({ watch }) =>
    watch([...watching.paths], { ignored: watching.ignored, ignoreInitial: true })
      .on('all', wake)
      // What changed between the last read and this moment was not seen by anybody.
      .on('ready', wake)
      .on('error', (error) => watching.onTrouble(error instanceof Error ? error : new Error(String(error)))),
  )
  return async () => {
    clearTimeout(timer)
    await (await watcher).close()
    clearTimeout(timer)
  }
}
