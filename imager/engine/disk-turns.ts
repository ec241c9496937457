/**
 * Who may use the disk now. Comparing, writing and reading back lie at different places; a rotating disk that serves all three at
 * once spends its time moving its head. So requests of one kind have the disk for a while, then those of the next kind that waits.
 */
export type DiskUse = 'write' | 'verify' | 'compare'

export type DiskTurns = {
  run<T>(use: DiskUse, request: () => Promise<T>): Promise<T>
}

const order: readonly DiskUse[] = ['write', 'verify', 'compare']

/** `depth`: requests at once, as many as Node has threads for files. `turn`: requests of one kind before the next kind's turn. */
export const createDiskTurns = (depth = 4, turn = 32): DiskTurns => {
  const waiting: Readonly<Record<DiskUse, (() => void)[]>> = { write: [], verify: [], compare: [] }
  let current: DiskUse = 'compare'
  let running = 0
  let served = 0

  const nextUse = (): DiskUse | undefined => {
    const others = order.filter((use) => use !== current && waiting[use].length > 0)
    if (waiting[current].length > 0 && (served < turn || others.length === 0)) return current
    const after = order.indexOf(current)
    return others.find((use) => order.indexOf(use) > after) ?? others[0]
  }
  const pump = (): void => {
    while (running < depth) {
      const use = nextUse()
      if (use === undefined || (use !== current && running > 0)) return
      if (use !== current) served = 0
      current = use
      served += 1
      running += 1
      waiting[use].shift()?.()
    }
  }

  return {
    run: (use, request) =>
      new Promise((resolve, reject) => {
        waiting[use].push(() => {
          request()
            .then(resolve, reject)
            .finally(() => {
              running -= 1
              pump()
            })
        })
        pump()
      }),
  }
}
