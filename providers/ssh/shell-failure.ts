import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'
import type { Executed } from './exec.ts'

/** Why a machine let us log in and yet ran nothing of our program, as far as its output tells. */
export function shellFailure(
  machine: string,
  user: string,
  executed: Executed,
): { readonly class: FailureClass; readonly reason: Reason } {
  const output = `${executed.stderr}\n${executed.stdout}`.trim()
  const fail = (failure: FailureClass, code: string, message: Text) => ({
    class: failure,
    reason: { code, message, detail: output.slice(-2000) },
  })
  if (
    /sudo: .*(password is required|terminal is required|not allowed|not in the sudoers|may not run)/i.test(
      output,
    )
  ) {
    return fail(
      'terminal',
      'sudo-refused',
      say(
        `The account "${user}" on ${machine} may not become root without a password. Allow it on the PC: "${user} ALL=(root) NOPASSWD: /usr/bin/sh -s" in /etc/sudoers.d/proviseur.`,
        `Sur ${machine}, le compte «\u00a0${user}\u00a0» ne peut pas devenir root sans mot de passe. Autorisez-le sur le poste\u00a0: «\u00a0${user} ALL=(root) NOPASSWD: /usr/bin/sh -s\u00a0» dans /etc/sudoers.d/proviseur.`,
      ),
    )
  }
  if (executed.exitCode === 127 && /sudo/.test(output)) {
    return fail(
      'terminal',
      'sudo-missing',
      say(
        `The account "${user}" on ${machine} is not root, and sudo is not installed there. Install sudo on the PC or manage it as root.`,
        `Sur ${machine}, le compte «\u00a0${user}\u00a0» n’est pas root et sudo n’est pas installé. Installez sudo sur le poste ou gérez-le en tant que root.`,
      ),
    )
  }
  if (executed.exitCode === 127) {
    return fail(
      'terminal',
      'shell-missing',
      say(
        `${machine} has no usable "sh": its system is damaged. Look at it on the spot, or reinstall it.`,
        `${machine} n’a pas de «\u00a0sh\u00a0» utilisable\u00a0: son système est endommagé. Examinez-le sur place ou réinstallez-le.`,
      ),
    )
  }
  return fail(
    'retry',
    'shell-failed',
    say(
      `${machine} let "${user}" log in, but ran nothing (exit code ${executed.exitCode ?? executed.signal ?? executed.kind}). Check the account's login shell on the PC.`,
      `${machine} a accepté la connexion de «\u00a0${user}\u00a0», mais n’a rien exécuté (code de sortie ${executed.exitCode ?? executed.signal ?? executed.kind}). Vérifiez l’interpréteur de commandes de ce compte sur le poste.`,
    ),
  )
}
