/**
 * Debian package versions, `[epoch:]upstream[-revision]`, compared as dpkg does.
 * Source of the algorithm: deb-version(7) and Debian Policy 5.6.12.
 */

export type DebianVersion = {
  readonly epoch: number
  readonly upstream: string
  /** Empty where there is none, which compares as `0`. */
  readonly revision: string
}

/** Splits at the first colon and the last hyphen; anything is accepted, as dpkg compares what it is given. */
export function parseDebianVersion(version: string): DebianVersion {
  const colon = version.indexOf(':')
  const epoch = colon > 0 ? Number.parseInt(version.slice(0, colon), 10) : 0
  const rest = colon >= 0 ? version.slice(colon + 1) : version
  const hyphen = rest.lastIndexOf('-')
  return {
    epoch: Number.isNaN(epoch) ? 0 : epoch,
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  }
}

/** Negative: `a` is older than `b`; 0: dpkg takes them for the same; positive: newer. */
export function compareDebianVersions(a: string, b: string): number {
  if (a === b) return 0
  const left = parseDebianVersion(a)
  const right = parseDebianVersion(b)
  return (
    left.epoch - right.epoch ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  )
}

/**
 * Whether an installed version is the one that a spec asks for: equal to it, or with an upstream part equal to it:
 * `6.0.850` is satisfied by `1:6.0.850-3`, not by `6.0.850+dfsg1-3`, whose upstream part is another.
 */
export function versionSatisfies(wanted: string, installed: string): boolean {
  if (wanted === installed) return true
  return (
    compareDebianVersions(wanted, installed) === 0 ||
    comparePart(wanted, parseDebianVersion(installed).upstream) === 0
  )
}

/**
 * Which way leads from an installed version to the wanted one: negative is a downgrade. A wanted version without epoch and
 * revision is an upstream version, and is compared with the installed upstream version: an epoch says nothing about it.
 */
export function compareWantedVersion(wanted: string, installed: string): number {
  if (wanted.includes(':') || wanted.includes('-')) return compareDebianVersions(wanted, installed)
  return comparePart(wanted, parseDebianVersion(installed).upstream)
}

/** Alternates between runs of non-digits, compared by `order`, and runs of digits, compared as numbers. */
function comparePart(a: string, b: string): number {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = order(a, i) - order(b, j)
      if (difference !== 0) return difference
      i++
      j++
    }
    const left = digitRun(a, i)
    const right = digitRun(b, j)
    i = left.end
    j = right.end
    const difference = compareNumerals(left.digits, right.digits)
    if (difference !== 0) return difference
  }
  return 0
}

/** `~` sorts before the end of the part, the end before letters, letters before everything else. A digit ends the run as the end does. */
function order(text: string, index: number): number {
  if (index >= text.length || isDigit(text, index)) return 0
  const code = text.charCodeAt(index)
  if (code === 0x7e) return -1
  return isLetter(code) ? code : code + 256
}

function digitRun(text: string, start: number): { readonly digits: string; readonly end: number } {
  let first = start
  while (text.charCodeAt(first) === 0x30) first++
  let end = first
  while (end < text.length && isDigit(text, end)) end++
  return { digits: text.slice(first, end), end }
}

/** Without leading zeros the longer numeral is the greater: dates and hashes in versions exceed 2^53. */
function compareNumerals(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}

const isDigit = (text: string, index: number): boolean => {
  const code = text.charCodeAt(index)
  return code >= 0x30 && code <= 0x39
}

const isLetter = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
