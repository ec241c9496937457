/** Death without warning: once dead, nothing that the process asked for is answered any more, and it can do nothing more. */
export type Mortality = {
  /** Calls through it stop with the death. */
  wrap<Target extends object>(target: Target): Target
  die(): void
  /** Dies at its so-many-eth call from now on: just before it has its effect, or just after. */
  dieAtCall(number: number, when: 'before' | 'after'): void
  isDead(): boolean
}

export const createMortality = (): Mortality => {
  let dead = false
  let callsLeft = Number.POSITIVE_INFINITY
  let when: 'before' | 'after' = 'before'

  const call = (work: () => unknown): unknown => {
    if (dead) return nothingMore()
    callsLeft -= 1
    const last = callsLeft <= 0
    if (last && when === 'before') {
      dead = true
      return nothingMore()
    }
    const result = work()
    if (last) dead = true
    return result instanceof Promise ? answer(result) : result
  }

  const answer = async (result: Promise<unknown>): Promise<unknown> => {
    const value = await result
    return dead ? nothingMore() : value
  }

  return {
    wrap: (target) =>
      new Proxy(target, {
        get: (object, name, receiver) => {
          const member: unknown = Reflect.get(object, name, receiver)
          if (typeof member !== 'function') return member
          return (...args: readonly unknown[]) => call(() => Reflect.apply(member, object, args))
        },
      }),
    die: () => {
      dead = true
    },
    dieAtCall: (number, at) => {
      callsLeft = number
      when = at
    },
    isDead: () => dead,
  }
}

const nothingMore = (): Promise<never> => new Promise(() => undefined)
