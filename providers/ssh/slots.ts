/** Bounds how many do something at once; the others queue in the order of their coming. */
export type Slots = {
  /** Undefined if the signal aborted first. Call the result once to give the slot back. */
  take(signal: AbortSignal): Promise<(() => void) | undefined>
}

export function slots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count

  function release(): void {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }

  function releaseOnce(): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      release()
    }
  }

  return {
    async take(signal) {
      if (signal.aborted) return undefined
      if (free > 0) {
        free--
        return releaseOnce()
      }
      return new Promise((resolve) => {
        const turn = () => {
          signal.removeEventListener('abort', leave)
          resolve(releaseOnce())
        }
        const leave = () => {
          waiting.splice(waiting.indexOf(turn), 1)
          resolve(undefined)
        }
        waiting.push(turn)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
