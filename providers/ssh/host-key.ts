import { createHash } from 'node:crypto'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

/** `SHA256:<base64 without padding>`, as `ssh-keygen -l` prints it (RFC 4648 base64 of the SHA-256 of the key blob, RFC 4253 §6.6). */
export const fingerprintOf = (key: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** The keys that were accepted before. Read at every connection: what another process pinned counts at once. */
export type HostKeyPins = {
  get(machine: MachineId): Promise<string | undefined>
  /** Remembers a first key. The caller tells it aloud (the event `host-key-pinned`). */
  pin(machine: MachineId, fingerprint: string): Promise<void>
}

export type HostKeyVerdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'pin'; readonly fingerprint: string }
  | { readonly kind: 'unknown' | 'changed'; readonly reason: Reason }

/**
 * Whether a presented key is the machine's. Decided before we log in: nothing is shown to a machine that is not the one.
 * `expected` comes from the spec or from the pins. Never trusts in silence: a first key is refused, unless the spec says `pin`.
 */
export function judgeHostKey(
  machine: string,
  presented: string,
  expected: string | undefined,
  firstContact: 'refuse' | 'pin',
): HostKeyVerdict {
  if (expected !== undefined) {
    return sameFingerprint(presented, expected)
      ? { kind: 'trusted' }
      : { kind: 'changed', reason: hostKeyChanged(machine, presented, expected) }
  }
  return firstContact === 'pin'
    ? { kind: 'pin', fingerprint: presented }
    : { kind: 'unknown', reason: hostKeyUnknown(machine, presented) }
}

/** A pasted fingerprint may carry base64's padding or white space around it. */
const sameFingerprint = (a: string, b: string): boolean =>
  a.trim().replace(/=+$/, '') === b.trim().replace(/=+$/, '')

const hostKeyUnknown = (machine: string, presented: string): Reason => ({
  code: 'host-key-unknown',
  message: say(
    `${machine} shows a host key that nobody has confirmed yet: ${presented}. Compare it with what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on the PC itself, then run "proviseur trust ${machine}", or write it as hostKey in the lycée's file.`,
    `${machine} présente une clé d’hôte que personne n’a encore confirmée\u00a0: ${presented}. Comparez-la à ce qu’affiche «\u00a0ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\u00a0» sur le poste lui-même, puis lancez «\u00a0proviseur trust ${machine}\u00a0», ou inscrivez-la comme hostKey dans le fichier du lycée.`,
  ),
  detail: presented,
})

const hostKeyChanged = (machine: string, presented: string, expected: string): Reason => ({
  code: 'host-key-changed',
  message: say(
    `${machine} shows another host key than the one known: ${presented} instead of ${expected}. Nothing was run. Either the PC was reinstalled (then run "proviseur trust ${machine}", or correct hostKey in the lycée's file), or another machine answers at its address.`,
    `${machine} présente une autre clé d’hôte que celle connue\u00a0: ${presented} au lieu de ${expected}. Rien n’a été exécuté. Soit le poste a été réinstallé (lancez alors «\u00a0proviseur trust ${machine}\u00a0», ou corrigez hostKey dans le fichier du lycée), soit une autre machine répond à son adresse.`,
  ),
  detail: presented,
})
