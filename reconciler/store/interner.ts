/** Gives one and the same string for equal ones: a park has few hardware models and observers, on many PCs. */
export type Interner = (value: string) => string

export const createInterner = (): Interner => {
  const known = new Map<string, string>()
  return (value) => {
    const same = known.get(value)
    if (same !== undefined) return same
    known.set(value, value)
    return value
  }
}
