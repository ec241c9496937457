/** The kernel's name and that of /etc/hostname, a line each. Where they differ, the one that is wrong: both must be right. */
export function observedHostname(text: string, wanted: string): string {
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  return names.find((name) => name !== wanted) ?? names[0] ?? ''
}

const keyType = /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+$/i

/** authorized_keys(5): `[options] type base64 [comment]`, returned as `type base64`. Options may hold quoted spaces. */
export function parseAuthorizedKeys(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    if (/^\s*(#|$)/.test(line)) return []
    const words = line.trim().match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? []
    const at = words.findIndex((word) => keyType.test(word))
    const [type, key] = at < 0 ? [] : words.slice(at, at + 2)
    return type === undefined || key === undefined ? [] : [`${type} ${key}`]
  })
}
