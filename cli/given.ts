/** What was given on the command line, already checked for its shape by the parser. */
export type Given = {
  argument(index: number): string | undefined
  /** Of an option with a value; undefined: not given. */
  value(long: string): string | undefined
  /** Of an option that may be given several times, in the order of the command line. */
  values(long: string): readonly string[]
  flag(long: string): boolean
}

/** Commander's own store of options is keyed in camel case: `ssh-key` → `sshKey`. */
const attribute = (long: string): string =>
  long.replace(/-([a-z])/gu, (_, letter: string) => letter.toUpperCase())

export const given = (args: readonly unknown[], options: Readonly<Record<string, unknown>>): Given => ({
  argument: (index) => {
    const value = args[index]
    return typeof value === 'string' ? value : undefined
  },
  value: (long) => {
    const value = options[attribute(long)]
    return typeof value === 'string' ? value : undefined
  },
  values: (long) => {
    const value = options[attribute(long)]
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
  },
  flag: (long) => options[attribute(long)] === true,
})
