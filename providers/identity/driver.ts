/** The facet `identity`: the machine's name, and the keys that may manage it. */
import { readFileSync } from 'node:fs'
import type { IdentityChange } from '../../reconciler/model/change.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'
import type {
  ApplyRequest,
  FacetDriver,
  ObserveRequest,
  Reading,
  Sections,
  Step,
  StepOutput,
} from '../ssh/facet-driver.ts'
import { quote } from '../ssh/quote.ts'
import { observedHostname, parseAuthorizedKeys } from './observed.ts'

const shellFile = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const hostname = shellFile('./hostname.sh')
const authorizedKeys = shellFile('./authorized-keys.sh')

export const identityDriver: FacetDriver = {
  name: 'identity',
  makes: (change) => change.facet === 'identity',
  probes: ({ machine }) => [
    { name: 'hostname', sh: 'cat /proc/sys/kernel/hostname; cat /etc/hostname 2>/dev/null; :' },
    {
      name: 'authorized-keys',
      sh: `home=$(getent passwd ${quote(machine.profile.ssh.user)} | cut -d : -f 6)
[ ! -e "$home/.ssh/authorized_keys" ] || cat "$home/.ssh/authorized_keys"`,
    },
  ],
  read: readIdentity,
  steps: (request) =>
    request.changes.flatMap((change) => (change.facet === 'identity' ? [identityStep(request, change)] : [])),
}

function readIdentity(sections: Sections, { machine }: ObserveRequest): Reading {
  const names = sections.get('hostname')
  const keys = sections.get('authorized-keys')
  if (names === undefined || keys === undefined || keys.exitCode !== 0) {
    return { facts: {}, errors: [unreadable(machine.id, `${names?.text ?? ''}\n${keys?.text ?? ''}`)] }
  }
  return {
    facts: {
      identity: {
        hostname: observedHostname(names.text, machine.name),
        authorizedKeys: parseAuthorizedKeys(keys.text),
      },
    },
    errors: [],
  }
}

function identityStep(request: ApplyRequest, change: IdentityChange): Step {
  const results = (output: StepOutput) => [identityResult(change, output)]
  switch (change.item) {
    case 'hostname':
      return {
        kind: 'run',
        changes: [change],
        sh: hostnameProgram(change.to, request.site.domain ?? '', '/etc'),
        files: [],
        results,
      }
    case 'authorized-keys':
      return {
        kind: 'run',
        changes: [change],
        sh: authorizedKeysProgram(request.machine.profile.ssh.user, ''),
        files: [{ name: 'keys', bytes: Buffer.from(change.to.map((key) => `${key.trim()}\n`).join('')) }],
        results,
      }
  }
}

/** `etc` is /etc; elsewhere, only the files there are written. */
export const hostnameProgram = (name: string, domain: string, etc: string): string =>
  `I_NAME=${quote(name)}\nI_DOMAIN=${quote(domain)}\nI_ETC=${quote(etc)}\n${hostname}`

/** `home` is empty for the account's own. */
export const authorizedKeysProgram = (user: string, home: string): string =>
  `I_USER=${quote(user)}\nI_HOME=${quote(home)}\n${authorizedKeys}`

function identityResult(change: IdentityChange, output: StepOutput): StepResult {
  const base = { change, output: output.output, durationMs: output.durationMs }
  if (output.exitCode === 0) return { ...base, ok: true, exitCode: 0 }
  return {
    ...base,
    ok: false,
    class: 'retry',
    ...(output.exitCode === null ? {} : { exitCode: output.exitCode }),
    reason: { code: `${change.item}-failed`, message: failure(change), detail: output.output.slice(-2000) },
  }
}

const failure = (change: IdentityChange): Text =>
  change.item === 'hostname'
    ? say(
        `The PC could not be named ${change.to}. What it said is below: often /etc is read-only or the disk is full.`,
        `Le poste n’a pas pu être renommé ${change.to}. Ce qu’il a affiché figure ci-dessous\u00a0: souvent, /etc est en lecture seule ou le disque est plein.`,
      )
    : say(
        'The public keys could not be added to authorized_keys on the PC. What it said is below: check the home folder of the managing account.',
        'Les clés publiques n’ont pas pu être ajoutées à authorized_keys sur le poste. Ce qu’il a affiché figure ci-dessous\u00a0: vérifiez le dossier personnel du compte de gestion.',
      )

const unreadable = (machine: string, detail: string): Reason => ({
  code: 'identity-unreadable',
  message: say(
    `The name or the authorized keys of ${machine} could not be read.`,
    `Le nom ou les clés autorisées de ${machine} n’ont pas pu être lus.`,
  ),
  detail: detail.trim().slice(-2000),
})
