/** What apt and dpkg say when they fail, sorted into what a technician can do about it. */
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

export type Failure = { readonly class: FailureClass; readonly reason: Reason }

type Pattern = {
  readonly pattern: RegExp
  readonly class: FailureClass
  readonly code: string
  readonly message: (name: string, match: RegExpExecArray) => Text
}

/** In order: the first that matches is the cause, those below it are its consequences. */
const patterns: readonly Pattern[] = [
  {
    pattern:
      /(?:held by process (\d+)(?: \(([^)]*)\))?|locked by another process(?: with pid (\d+))?|database area is locked|Unable to acquire the dpkg frontend lock)/,
    class: 'wait',
    code: 'apt-busy',
    message: (name, match) => {
      const holder = [match[2], match[1] ?? match[3]].filter((part) => part !== undefined).join(', pid ')
      return say(
        `${name}: another program is using apt on the PC${holder === '' ? '' : ` (${holder})`}. It is tried again when that has ended.`,
        `${name}\u00a0: un autre programme utilise apt sur le poste${holder === '' ? '' : ` (${holder})`}. Nouvel essai lorsqu’il aura terminé.`,
      )
    },
  },
  {
    pattern: /No space left on device|You don't have enough free space in (\S+)|Disk quota exceeded/,
    class: 'retry',
    code: 'disk-full',
    message: (name, match) =>
      say(
        `${name}: the PC's disk is full${match[1] === undefined ? '' : ` (${match[1].replace(/\.$/, '')})`}. Free some space, then it goes on by itself.`,
        `${name}\u00a0: le disque du poste est plein${match[1] === undefined ? '' : ` (${match[1].replace(/\.$/, '')})`}. Libérez de la place, la suite se fera d’elle-même.`,
      ),
  },
  {
    pattern: /Read-only file system/,
    class: 'retry',
    code: 'disk-read-only',
    message: (name) =>
      say(
        `${name}: a file system of the PC is read-only. Check it (dmesg, fsck) and restart the PC.`,
        `${name}\u00a0: un système de fichiers du poste est en lecture seule. Vérifiez-le (dmesg, fsck) et redémarrez le poste.`,
      ),
  },
  {
    pattern: /unable to execute .* \(\/var\/lib\/dpkg\/.*Permission denied/,
    class: 'terminal',
    code: 'var-noexec',
    message: (name) =>
      say(
        `${name}: /var is mounted noexec on the PC, so that dpkg cannot run the packages' own scripts. Remount it with exec (/etc/fstab).`,
        `${name}\u00a0: /var est monté avec noexec sur le poste, dpkg ne peut donc pas exécuter les scripts des paquets. Remontez-le avec exec (/etc/fstab).`,
      ),
  },
  {
    pattern: /is not signed|NO_PUBKEY|EXPKEYSIG|signatures? (?:were|was) invalid|cannot be authenticated/,
    class: 'retry',
    code: 'repository-untrusted',
    message: (name) =>
      say(
        `${name}: the repository's signature cannot be verified. Check its key on the PC (signed-by in /etc/apt/sources.list.d), and the PC's clock.`,
        `${name}\u00a0: la signature du dépôt ne peut pas être vérifiée. Vérifiez sa clé sur le poste (signed-by dans /etc/apt/sources.list.d), ainsi que l’horloge du poste.`,
      ),
  },
  {
    pattern: /trying to overwrite '([^']+)', which is also in package (\S+)/,
    class: 'terminal',
    code: 'file-conflict',
    message: (name, match) =>
      say(
        `${name}: its file ${match[1]} already belongs to the package ${match[2]}. They cannot both be installed: declare ${match[2]} absent, or choose another version.`,
        `${name}\u00a0: son fichier ${match[1]} appartient déjà au paquet ${match[2]}. Les deux ne peuvent pas être installés ensemble\u00a0: déclarez ${match[2]} absent ou choisissez une autre version.`,
      ),
  },
  {
    pattern: /(\S+) package (pre-installation|post-installation|pre-removal|post-removal) script subprocess/,
    class: 'retry',
    code: 'maintainer-script-failed',
    message: (name, match) =>
      say(
        `${name}: the ${match[2]} script of its package failed on the PC. What it said is below.`,
        `${name}\u00a0: le script ${french[match[2] ?? ''] ?? match[2]} du paquet a échoué sur le poste. Ce qu’il a affiché figure ci-dessous.`,
      ),
  },
  {
    pattern: /needs to be reinstalled, but I can't find an archive for it/,
    class: 'retry',
    code: 'reinstall-impossible',
    message: (name) =>
      say(
        `${name}: dpkg needs its archive again to repair it, and no repository has that version any more. Name a version that exists, or remove it by hand (dpkg --remove --force-remove-reinstreq).`,
        `${name}\u00a0: dpkg a de nouveau besoin de son archive pour le réparer, et aucun dépôt n’a plus cette version. Indiquez une version existante ou supprimez-le à la main (dpkg --remove --force-remove-reinstreq).`,
      ),
  },
  {
    pattern: /Hash Sum mismatch|File has unexpected size/,
    class: 'retry',
    code: 'download-damaged',
    message: (name) =>
      say(
        `${name}: what the repository delivered does not match its index: a mirror in the middle of an update, or a proxy with an old copy.`,
        `${name}\u00a0: ce que le dépôt a livré ne correspond pas à son index\u00a0: miroir en cours de mise à jour, ou copie ancienne dans un mandataire (proxy).`,
      ),
  },
  {
    pattern:
      /Failed to fetch|Could not connect|Could not resolve|Temporary failure resolving|Connection (?:refused|timed out|failed)|Unable to connect|Unable to fetch/,
    class: 'retry',
    code: 'repository-unreachable',
    message: (name) =>
      say(
        `${name}: the package repository does not answer to the PC, or does not have the file. Check the repository, the proxy and the PC's network.`,
        `${name}\u00a0: le dépôt de paquets ne répond pas au poste, ou ne possède pas le fichier. Vérifiez le dépôt, le mandataire (proxy) et le réseau du poste.`,
      ),
  },
  {
    pattern: /Essential packages were removed|This should NOT be done unless you know exactly/,
    class: 'terminal',
    code: 'would-remove-essential',
    message: (name) =>
      say(
        `${name}: this would remove packages without which the PC does not work. Correct the spec.`,
        `${name}\u00a0: cela supprimerait des paquets indispensables au fonctionnement du poste. Corrigez la spécification.`,
      ),
  },
  {
    pattern: /unmet dependencies|Unable to correct problems|pkgProblemResolver|Depends:|Conflicts:|Breaks:/,
    class: 'terminal',
    code: 'unsatisfiable',
    message: (name) =>
      say(
        `${name}: apt cannot install it beside what else is wanted or installed: the dependencies below contradict each other or are in no repository.`,
        `${name}\u00a0: apt ne peut pas l’installer avec le reste de ce qui est voulu ou installé\u00a0: les dépendances ci-dessous se contredisent ou ne sont dans aucun dépôt.`,
      ),
  },
  {
    pattern: /dpkg was interrupted/,
    class: 'retry',
    code: 'dpkg-interrupted',
    message: (name) =>
      say(
        `${name}: dpkg was interrupted earlier on the PC and could not be repaired by "dpkg --configure -a". Look at what it says below.`,
        `${name}\u00a0: dpkg a été interrompu auparavant sur le poste et «\u00a0dpkg --configure -a\u00a0» n’a pas suffi à le réparer. Voyez ce qu’il affiche ci-dessous.`,
      ),
  },
]

const french: Readonly<Record<string, string>> = {
  'pre-installation': 'de préinstallation',
  'post-installation': 'de postinstallation',
  'pre-removal': 'de présuppression',
  'post-removal': 'de postsuppression',
}

/** The lines that a technician wants to see: the last ones, without apt's progress. */
export const lastLines = (output: string): string =>
  output
    .split('\n')
    .filter(
      (line) => line.trim() !== '' && !/^(Get:|Hit:|Ign:|Reading |Building |\(Reading database)/.test(line),
    )
    .slice(-20)
    .join('\n')

/** `output` is what apt printed for `name`, or for all packages together. */
export function explainApt(name: string, output: string): Failure {
  for (const { pattern, class: failure, code, message } of patterns) {
    const match = pattern.exec(output)
    if (match !== null) {
      return { class: failure, reason: { code, message: message(name, match), detail: lastLines(output) } }
    }
  }
  return {
    class: 'retry',
    reason: {
      code: 'apt-failed',
      message: say(
        `${name}: apt did not reach the wanted state. What it said is below.`,
        `${name}\u00a0: apt n’a pas atteint l’état voulu. Ce qu’il a affiché figure ci-dessous.`,
      ),
      detail: lastLines(output),
    },
  }
}

/** `code` and `words` as transaction.sh writes them; `output` is what apt said about this change. */
export function explainRefusal(
  name: string,
  wanted: string | null,
  code: string,
  words: readonly string[],
  output: string,
): Failure {
  const list = words.join(', ')
  const terminal = (message: Text): Failure => ({
    class: 'terminal',
    reason: words.length === 0 ? { code, message } : { code, message, detail: list },
  })
  switch (code) {
    case 'version-not-found':
      return terminal(
        say(
          `${name}: no repository of the PC has version ${wanted}. It could have: ${list}. Correct the version in the spec, or add it to the repository.`,
          `${name}\u00a0: aucun dépôt du poste ne possède la version ${wanted}. Versions disponibles\u00a0: ${list}. Corrigez la version dans la spécification ou ajoutez-la au dépôt.`,
        ),
      )
    case 'package-unknown':
      return terminal(
        say(
          `${name}: no repository of the PC has an installable package of this name. Check the name (apt: in the package's spec) and the PC's sources.`,
          `${name}\u00a0: aucun dépôt du poste ne possède de paquet installable de ce nom. Vérifiez le nom (apt: dans la spécification du paquet) et les sources du poste.`,
        ),
      )
    case 'would-remove':
      return terminal(
        say(
          `${name}: apt would have to remove ${list}, which no spec declares absent. Nothing was removed. Declare them absent, or choose another version.`,
          `${name}\u00a0: apt devrait supprimer ${list}, qu’aucune spécification ne déclare absent. Rien n’a été supprimé. Déclarez ces paquets absents ou choisissez une autre version.`,
        ),
      )
    case 'would-change-held':
      return terminal(
        say(
          `${name}: apt would have to change ${list}, held on the PC by somebody else. Release the hold (apt-mark unhold), or let a spec say so.`,
          `${name}\u00a0: apt devrait modifier ${list}, figé sur le poste par quelqu’un d’autre. Libérez-le (apt-mark unhold) ou indiquez-le dans une spécification.`,
        ),
      )
    case 'apt-missing':
      return terminal(
        say(
          `${name}: the PC has no apt-get. Is it really Debian? Correct its os in the spec, or reinstall it.`,
          `${name}\u00a0: le poste n’a pas apt-get. Est-ce bien un Debian\u00a0? Corrigez son os dans la spécification ou réinstallez-le.`,
        ),
      )
    case 'unsatisfiable': {
      const found = explainApt(name, output)
      return found.reason.code === 'apt-failed'
        ? { class: 'terminal', reason: { ...found.reason, code: 'unsatisfiable' } }
        : found
    }
    case 'update-failed': {
      const found = explainApt(name, output)
      return found.reason.code === 'apt-failed'
        ? { class: 'retry', reason: { ...found.reason, code: 'repository-unreachable' } }
        : found
    }
    default:
      return explainApt(name, output)
  }
}
