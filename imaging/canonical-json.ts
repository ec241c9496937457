/**
 * One text for one value, so that it can be hashed and signed: members sorted by their names' UTF-16 units, no white space, numbers
 * and strings as ECMAScript writes them (RFC 8785). Members that are undefined are left out.
 */
export const canonicalJson = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`${value} has no JSON`)
      return JSON.stringify(value)
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : objectJson(value)
    default:
      throw new Error(`a ${typeof value} has no JSON`)
  }
}

const objectJson = (value: object): string => {
  const members: string[] = []
  for (const [name, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
