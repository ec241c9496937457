/** The facet `packages` on Debian: read from dpkg and apt, changed by apt in one transaction. */
import { readFileSync } from 'node:fs'
import type { Change, PackageChange } from '../../reconciler/model/change.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { ApplyRequest, FacetDriver, Reading, Sections, Step, StepOutput } from '../ssh/facet-driver.ts'
import { quote } from '../ssh/quote.ts'
import { explainApt, explainRefusal } from './apt-failure.ts'
import { dpkgFormat, parseCandidates, parseInstalled } from './installed.ts'

const transaction = readFileSync(new URL('./transaction.sh', import.meta.url), 'utf8')

export const packagesDriver: FacetDriver = {
  name: 'packages',
  makes: (change) => change.facet === 'packages',
  probes({ machine }) {
    const names = aptNames(machine)
    const candidates = names.length === 0 ? ':' : `apt-cache policy -- ${names.map(quote).join(' ')}`
    return [
      { name: 'native', sh: 'dpkg --print-architecture' },
      { name: 'installed', sh: `dpkg-query -W -f '${dpkgFormat}'` },
      { name: 'candidates', sh: candidates },
    ]
  },
  read: readPackages,
  steps(request) {
    const changes = request.changes.filter(isPackageChange)
    const strange = changes.find((change) => !aptName.test(change.source) || !aptWord.test(change.to ?? '-'))
    if (strange !== undefined) return { kind: 'impossible', reason: notAptName(strange) }
    return changes.length === 0 ? [] : [transactionStep(request, changes)]
  },
}

/** Debian Policy 5.6.1, with `:arch`; the version's alphabet of 5.6.12. What else is written cannot be a package, and must not reach apt's command line. */
const aptName = /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$/
const aptWord = /^[A-Za-z0-9.+:~-]+$/

const isPackageChange = (change: Change): change is PackageChange => change.facet === 'packages'

function aptNames(machine: DesiredMachine): readonly string[] {
  return [...machine.profile.packages.values()].flatMap((wanted) =>
    wanted.source?.kind === 'apt' && aptName.test(wanted.source.name) ? [wanted.source.name] : [],
  )
}

function readPackages(sections: Sections, { machine }: { readonly machine: DesiredMachine }): Reading {
  const native = sections.get('native')?.text.trim() ?? ''
  const list = sections.get('installed')
  if (list === undefined || list.exitCode !== 0 || native === '') {
    return { facts: {}, errors: [unreadable(machine.id, list?.text ?? '')] }
  }
  const { packages, strange } = parseInstalled(list.text, native)
  const candidates = parseCandidates(sections.get('candidates')?.text ?? '')
  return {
    facts: { packages: { ...packages, candidates } },
    errors: strange.length === 0 ? [] : [unreadable(machine.id, strange.slice(0, 5).join('\n'))],
  }
}

function transactionStep(request: ApplyRequest, changes: readonly PackageChange[]): Step {
  const lines = changes
    .map((change, index) => `${index} ${change.source} ${wish(change)} ${mark(change)}\n`)
    .join('')
  const absent = [...request.machine.profile.packages.values()].flatMap((wanted) =>
    wanted.want.kind === 'absent' && wanted.source?.kind === 'apt' ? [wanted.source.name] : [],
  )
  return {
    kind: 'run',
    changes,
    sh: transaction,
    files: [
      { name: 'changes', bytes: Buffer.from(lines) },
      { name: 'absent', bytes: Buffer.from(absent.map((name) => `${name}\n`).join('')) },
    ],
    results: (output) => transactionResults(changes, output),
  }
}

function wish(change: PackageChange): string {
  if (change.operation === 'hold' || change.operation === 'unhold') return 'mark -'
  switch (change.to) {
    case null:
      return 'absent -'
    case 'present':
    case 'latest':
      return `${change.to} -`
    default:
      return `version ${change.to}`
  }
}

const mark = (change: PackageChange): string =>
  change.hold === undefined ? '-' : change.hold ? 'hold' : 'unhold'

/** One result for each change, from the lines that transaction.sh leaves. Without a line the transaction itself broke down. */
export function transactionResults(
  changes: readonly PackageChange[],
  output: StepOutput,
): readonly StepResult[] {
  const lines = new Map(
    (output.files.get('result') ?? '').split('\n').map((line) => {
      const [index = '', code = '', ...words] = line.trim().split(/\s+/)
      return [index, { code, words }] as const
    }),
  )
  const durationMs = Math.round(output.durationMs / changes.length)
  return changes.map((change, index): StepResult => {
    const line = lines.get(String(index))
    const own = output.files.get(`change-${index}.log`) ?? output.output
    const base = { change, output: own, durationMs }
    if (line?.code === 'ok') return { ...base, ok: true, exitCode: 0 }
    const failure =
      line === undefined
        ? explainApt(change.source, output.output)
        : explainRefusal(change.source, change.to, line.code, line.words, own)
    return {
      ...base,
      ok: false,
      ...(output.exitCode === null ? {} : { exitCode: output.exitCode }),
      ...failure,
    }
  })
}

const notAptName = (change: PackageChange): Reason => ({
  code: 'not-a-package-name',
  message: say(
    `"${change.source}" at version "${change.to}" is not something that apt can be asked for. Correct the package's spec.`,
    `«\u00a0${change.source}\u00a0» en version «\u00a0${change.to}\u00a0» n’est pas une demande possible à apt. Corrigez la spécification du paquet.`,
  ),
})

const unreadable = (machine: string, detail: string): Reason => ({
  code: 'packages-unreadable',
  message: say(
    `The installed packages of ${machine} could not be read: dpkg's database (/var/lib/dpkg) is missing or damaged. Run "dpkg --audit" on the PC.`,
    `Les paquets installés sur ${machine} n’ont pas pu être lus\u00a0: la base de dpkg (/var/lib/dpkg) est absente ou endommagée. Lancez «\u00a0dpkg --audit\u00a0» sur le poste.`,
  ),
  detail: detail.slice(-2000),
})
