/**
 * Why a machine could not be reached, and what that says of it. A PC that is off is normal; one that answers and would not let
 * us in needs somebody. `off`: no route, nobody answers for its address. `silent`: something is there.
 */
import { execFile } from 'node:child_process'
import { isIP } from 'node:net'
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

export type Unreached = {
  readonly kind: 'unreached'
  readonly reach: 'off' | 'silent'
  readonly class: FailureClass
  readonly reason: Reason
}

export const unreached = (
  reach: 'off' | 'silent',
  failure: FailureClass,
  code: string,
  message: Text,
  detail?: string,
): Unreached => ({
  kind: 'unreached',
  reach,
  class: failure,
  reason: detail === undefined ? { code, message } : { code, message, detail },
})

/** Sorts a TCP connection that did not come about; `present` tells whether the machine was seen on the network otherwise. */
export function connectFailure(machine: string, at: string, code: string, present: boolean): Unreached {
  switch (code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return unreached(
        'silent',
        'wait',
        'ssh-refused',
        say(
          `${machine} is on, but nothing listens for SSH at ${at}. Check on the PC that the ssh service runs ("systemctl status ssh") and the port in the spec.`,
          `${machine} est allumé, mais rien n’écoute en SSH sur ${at}. Vérifiez sur le poste que le service ssh fonctionne («\u00a0systemctl status ssh\u00a0») et le port indiqué dans la spécification.`,
        ),
      )
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return unreached(
        'off',
        'wait',
        'no-route',
        say(
          `There is no route from here to ${machine} (${at}). Check this server's network settings.`,
          `Il n’existe pas de route d’ici vers ${machine} (${at}). Vérifiez la configuration réseau de ce serveur.`,
        ),
      )
    case 'EACCES':
    case 'EPERM':
      return unreached(
        'silent',
        'wait',
        'connect-forbidden',
        say(
          `This server's own firewall forbids connecting to ${machine} (${at}).`,
          `Le pare-feu de ce serveur interdit la connexion à ${machine} (${at}).`,
        ),
      )
    case 'EMFILE':
    case 'ENFILE':
      return unreached(
        'silent',
        'wait',
        'too-many-files',
        say(
          `This server has no file descriptor left to connect to ${machine}: raise its limit of open files.`,
          `Ce serveur n’a plus de descripteur de fichier pour joindre ${machine}\u00a0: relevez sa limite de fichiers ouverts.`,
        ),
      )
    default:
      return present ? filtered(machine, at) : off(machine, at)
  }
}

const off = (machine: string, at: string): Unreached =>
  unreached(
    'off',
    'wait',
    'off',
    say(
      `${machine} is off: nobody answers at ${at}.`,
      `${machine} est éteint\u00a0: personne ne répond sur ${at}.`,
    ),
  )

const filtered = (machine: string, at: string): Unreached =>
  unreached(
    'silent',
    'wait',
    'ssh-filtered',
    say(
      `${machine} is on, but does not answer to SSH at ${at}: a firewall on the PC or on the way drops it.`,
      `${machine} est allumé, mais ne répond pas en SSH sur ${at}\u00a0: un pare-feu, sur le poste ou sur le trajet, bloque la connexion.`,
    ),
  )

export const handshakeStuck = (machine: string, at: string): Unreached =>
  unreached(
    'silent',
    'wait',
    'ssh-handshake-timeout',
    say(
      `${machine} accepted the connection at ${at}, then said nothing: it may be overloaded, out of memory, or shutting down.`,
      `${machine} a accepté la connexion sur ${at}, puis n’a plus rien dit\u00a0: il est peut-être surchargé, à court de mémoire ou en cours d’arrêt.`,
    ),
  )

export const handshakeFailed = (machine: string, at: string, detail: string): Unreached =>
  unreached(
    'silent',
    'wait',
    'ssh-handshake-failed',
    say(
      `${machine} broke off the SSH handshake at ${at}: ${detail}.`,
      `${machine} a interrompu la négociation SSH sur ${at}\u00a0: ${detail}.`,
    ),
    detail,
  )

export const loginRefused = (machine: string, user: string): Unreached =>
  unreached(
    'silent',
    'terminal',
    'login-refused',
    say(
      `${machine} refuses the key of Proviseur for the account "${user}". Add the public key to that account's authorized_keys on the PC, or correct ssh.user in the spec.`,
      `${machine} refuse la clé de Proviseur pour le compte «\u00a0${user}\u00a0». Ajoutez la clé publique aux authorized_keys de ce compte sur le poste, ou corrigez ssh.user dans la spécification.`,
    ),
  )

export const abandoned = (machine: string): Unreached =>
  unreached(
    'silent',
    'wait',
    'abandoned',
    say(
      `The look at ${machine} was given up: Proviseur is stopping.`,
      `L’accès à ${machine} a été abandonné\u00a0: Proviseur s’arrête.`,
    ),
  )

/**
 * Whether an address shows life although no TCP connection came about: an answer to one ping, or a neighbour that the kernel has
 * just heard of. Without `ping` or `ip` the answer is no.
 */
export async function isPresent(host: string, signal: AbortSignal): Promise<boolean> {
  if (isIP(host) === 0) return false
  if (await succeeds('ping', ['-n', '-c', '1', '-W', '1', host], signal)) return true
  const neighbours = await outputOf('ip', ['-j', 'neigh', 'show', 'to', host], signal)
  return /"(REACHABLE|DELAY)"/.test(neighbours)
}

const succeeds = (file: string, args: readonly string[], signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(file, args, { timeout: 3000, signal }, (error) => resolve(error === null))
  })

const outputOf = (file: string, args: readonly string[], signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    execFile(file, args, { timeout: 3000, signal }, (error, stdout) => resolve(error === null ? stdout : ''))
  })
