import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import type { WantedScript } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { CheckProblem } from './record.ts'

export type ScriptFailure = { readonly class: FailureClass; readonly reason: Reason }

const lastLines = (output: string): string =>
  output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-20)
    .join('\n')

/** `code` as apply.sh writes it. */
export function scriptFailure(
  script: WantedScript,
  code: string,
  exitCode: number,
  output: string,
): ScriptFailure {
  const fail = (failure: FailureClass, stable: string, message: Text): ScriptFailure => ({
    class: failure,
    reason: { code: stable, message, detail: lastLines(output) },
  })
  const { name } = script
  switch (code) {
    case 'timeout':
      return fail(
        'retry',
        'script-timeout',
        say(
          `The script ${name} did not end within ${Math.round(script.timeoutMs / 1000)} s and was stopped with everything it had started. Give it a longer timeout, or find out what it waits for.`,
          `Le script ${name} ne s’est pas terminé en ${Math.round(script.timeoutMs / 1000)} s\u00a0; il a été arrêté, avec tout ce qu’il avait lancé. Augmentez son délai (timeout) ou cherchez ce qu’il attend.`,
        ),
      )
    case 'check-still-failing':
      return fail(
        'retry',
        'check-still-failing',
        say(
          `The script ${name} ran without error, but its check still says no. Correct the script or its check: what both printed is below.`,
          `Le script ${name} s’est exécuté sans erreur, mais sa vérification (check) échoue toujours. Corrigez le script ou sa vérification\u00a0: ce qu’ils ont affiché figure ci-dessous.`,
        ),
      )
    case 'run-as-unknown':
      return fail('terminal', code, runAsUnknown(script))
    case 'interpreter-missing':
      return fail('terminal', code, interpreterMissing(script))
    case 'body-unwritable':
      return fail(
        'retry',
        code,
        say(
          `The script ${name} could not be put into /run on the PC: it is full or read-only.`,
          `Le script ${name} n’a pas pu être déposé dans /run sur le poste\u00a0: ce répertoire est plein ou en lecture seule.`,
        ),
      )
    default:
      return fail(
        'retry',
        'script-failed',
        say(
          `The script ${name} ended with exit code ${exitCode}. What it printed is below.`,
          `Le script ${name} s’est terminé avec le code de sortie ${exitCode}. Ce qu’il a affiché figure ci-dessous.`,
        ),
      )
  }
}

const runAsUnknown = (script: WantedScript): Text =>
  say(
    `The script ${script.name} is to run as "${script.runAs}", an account that the PC does not have. Create it, or correct runAs.`,
    `Le script ${script.name} doit s’exécuter sous le compte «\u00a0${script.runAs}\u00a0», inconnu du poste. Créez ce compte ou corrigez runAs.`,
  )

const interpreterMissing = (script: WantedScript): Text =>
  say(
    `The script ${script.name} needs ${script.interpreter[0]}, which the PC does not have. Add its package to the role, or correct interpreter.`,
    `Le script ${script.name} a besoin de ${script.interpreter[0]}, absent du poste. Ajoutez son paquet au rôle ou corrigez interpreter.`,
  )

/** Why a check gave no answer at this look. */
export function checkProblem(machine: string, script: WantedScript, problem: CheckProblem): Reason {
  const { name } = script
  switch (problem) {
    case 'stopped':
      return {
        code: 'check-timeout',
        message: say(
          `The check of the script ${name} on ${machine} took too long and was stopped. A check must answer within 20 s.`,
          `La vérification (check) du script ${name} sur ${machine} a duré trop longtemps et a été arrêtée. Une vérification doit répondre en moins de 20 s.`,
        ),
      }
    case 'late':
      return {
        code: 'check-not-run',
        message: say(
          `The check of the script ${name} on ${machine} was not run: the checks before it had used up the time of this look.`,
          `La vérification (check) du script ${name} sur ${machine} n’a pas été exécutée\u00a0: les précédentes avaient épuisé le temps de cette lecture.`,
        ),
      }
    case 'run-as-unknown':
      return { code: problem, message: runAsUnknown(script) }
    case 'interpreter-missing':
      return { code: problem, message: interpreterMissing(script) }
    case 'body-unwritable':
    case 'unanswered':
      return {
        code: 'check-not-run',
        message: say(
          `The check of the script ${name} on ${machine} could not be run: /run is full or read-only, or the connection broke.`,
          `La vérification (check) du script ${name} sur ${machine} n’a pas pu être exécutée\u00a0: /run est plein ou en lecture seule, ou la connexion a été coupée.`,
        ),
      }
  }
}

export const recordsUnreadable = (machine: string, detail: string): Reason => ({
  code: 'scripts-unreadable',
  message: say(
    `The records of scripts on ${machine} could not be read (/var/lib/proviseur/scripts).`,
    `Les enregistrements des scripts de ${machine} n’ont pas pu être lus (/var/lib/proviseur/scripts).`,
  ),
  detail: detail.slice(-2000),
})

export const scriptGone = (machine: string, name: string): Reason => ({
  code: 'script-changed',
  message: say(
    `The script ${name} of ${machine} is not the one that the action was planned with. Nothing was done; plan again.`,
    `Le script ${name} de ${machine} n’est plus celui avec lequel l’action a été planifiée. Rien n’a été fait\u00a0; il faut planifier de nouveau.`,
  ),
})

export const secretWithNul = (script: string, secret: string): Reason => ({
  code: 'secret-not-text',
  message: say(
    `The secret "${secret}" contains a NUL byte and cannot be given to the script ${script} in an environment variable. Encode it, with base64 for instance.`,
    `Le secret «\u00a0${secret}\u00a0» contient un octet nul et ne peut pas être transmis au script ${script} par une variable d’environnement. Encodez-le, par exemple en base64.`,
  ),
})
