import ssh2 from 'ssh2'

/** `ssh-ed25519 AAAA…`: what authorized_keys must hold for this private key (OpenSSH or PEM, without passphrase). */
export const publicLineOf = (privateKey: string): string => {
  const parsed = ssh2.utils.parseKey(privateKey)
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  if (key === undefined || key instanceof Error) throw new Error('a private key without a public half')
  return `${key.type} ${key.getPublicSSH().toString('base64')}`
}
