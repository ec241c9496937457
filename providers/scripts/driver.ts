/** The facet `scripts`: checks are run at every look, bodies when the plan says so. */
import { readFileSync } from 'node:fs'
import type { Change, ScriptChange } from '../../reconciler/model/change.ts'
import type { SecretName } from '../../reconciler/model/ids.ts'
import type { ObservedScript } from '../../reconciler/model/observed.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { WantedScript } from '../../specs/desired.ts'
import type {
  ApplyRequest,
  Declined,
  FacetDriver,
  ObserveRequest,
  Probe,
  Reading,
  Sections,
  Step,
  StepFile,
  StepOutput,
} from '../ssh/facet-driver.ts'
import { quote, writeFile } from '../ssh/quote.ts'
import { parseCheck, parseRecords } from './record.ts'
import {
  checkProblem,
  recordsUnreadable,
  scriptFailure,
  scriptGone,
  secretWithNul,
} from './script-reasons.ts'

const shellFile = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const body = shellFile('./body.sh')
const check = shellFile('./check.sh')
const apply = shellFile('./apply.sh')

/** A look at 15,000 PCs is repeated all day: one check may take this long, whatever the script itself may. */
const checkLimitMs = 20_000
/** Counted from the start of the look: the checks that do not fit in are asked the next time. */
const checksLimitMs = 80_000

export const scriptsDriver: FacetDriver = {
  name: 'scripts',
  makes: (change) => change.facet === 'scripts',
  probes({ machine }) {
    const scripts = [...machine.profile.scripts.values()]
    if (scripts.length === 0) return []
    return [recordsProbe(scripts), ...scripts.flatMap((script) => checkProbe(script))]
  },
  read: readScripts,
  steps(request) {
    const steps: Step[] = []
    for (const change of request.changes.filter(isScriptChange)) {
      const step = scriptStep(request, change)
      if (step.kind !== 'run') return step
      steps.push(step)
    }
    return steps
  },
}

const isScriptChange = (change: Change): change is ScriptChange => change.facet === 'scripts'

/** Only names that can be a file's: a script's name is a DNS label. */
const recordsProbe = (scripts: readonly WantedScript[]): Probe => ({
  name: 'records',
  sh: `for name in ${scripts.map((script) => quote(script.name)).join(' ')}; do
[ ! -f "$P_STATE/scripts/$name" ] || sed "s/^/$name /" "$P_STATE/scripts/$name"
done`,
})

function checkProbe(script: WantedScript): readonly Probe[] {
  if (script.trigger.kind !== 'check') return []
  const lines = [
    body,
    `C_MS=${Math.min(script.timeoutMs, checkLimitMs)}`,
    `C_BUDGET_MS=${checksLimitMs}`,
    `check_body() {\n${writeFile('"$1"', Buffer.from(script.trigger.body))}\n}`,
    interpreted(script),
    check,
  ]
  return [{ name: `check/${script.name}`, sh: lines.join('\n') }]
}

/** `interpreted BODY MILLISECONDS OUTPUT` */
const interpreted = (script: WantedScript): string =>
  `interpreted() {\nrun_body "$1" "$2" "$3" ${quote(script.runAs ?? '')} ${script.interpreter.map(quote).join(' ')}\n}`

function readScripts(sections: Sections, { machine }: ObserveRequest): Reading {
  const wanted = [...machine.profile.scripts.values()]
  if (wanted.length === 0) return { facts: { scripts: new Map() }, errors: [] }
  const records = sections.get('records')
  if (records === undefined || records.exitCode !== 0) {
    return { facts: {}, errors: [recordsUnreadable(machine.id, records?.text ?? '')] }
  }
  const known = parseRecords(records.text)
  const scripts = new Map<WantedScript['name'], ObservedScript>()
  const errors: Reason[] = []
  for (const script of wanted) {
    const recorded = known.get(script.name) ?? {}
    if (script.trigger.kind !== 'check') {
      scripts.set(script.name, recorded)
      continue
    }
    const answer = parseCheck(sections.get(`check/${script.name}`)?.text ?? '')
    if (answer.kind === 'exited') {
      const { exitCode, output } = answer
      scripts.set(script.name, { ...recorded, check: { digest: script.digest, exitCode, output } })
    } else {
      // No answer is not a no: nothing is applied on the strength of a check that did not end.
      scripts.set(script.name, recorded)
      errors.push(checkProblem(machine.id, script, answer.kind))
    }
  }
  return { facts: { scripts }, errors }
}

function scriptStep(request: ApplyRequest, change: ScriptChange): Step | Declined {
  const script = request.machine.profile.scripts.get(change.item)
  if (script === undefined || script.digest !== change.to) {
    return { kind: 'outdated', reason: scriptGone(request.machine.id, change.item) }
  }
  const secrets: StepFile[] = []
  for (const name of script.secrets) {
    const bytes = request.secrets.get(name)
    if (bytes === undefined) continue
    if (bytes.includes(0)) return { kind: 'impossible', reason: secretWithNul(change.item, name) }
    secrets.push({ name: secretVariable(name), bytes, secret: true })
  }
  const checkBody = script.trigger.kind === 'check' ? script.trigger.body : ''
  return {
    kind: 'run',
    changes: [change],
    sh: [
      body,
      interpreted(script),
      `S_NAME=${quote(script.name)}`,
      `S_DIGEST=${quote(script.digest)}`,
      `S_TRIGGER=${script.trigger.kind}`,
      `S_MS=${Math.floor(script.timeoutMs)}`,
      apply,
    ].join('\n'),
    files: [
      { name: 'apply', bytes: Buffer.from(script.apply) },
      { name: 'check', bytes: Buffer.from(checkBody) },
      ...secrets,
    ],
    results: (output) => [scriptResult(change, script, output)],
  }
}

/**
 * `PROVISEUR_SECRET_<NAME>`, the name in capitals with `_` for whatever a variable's name cannot hold. What follows an `@` tells
 * contents of one secret apart while a rollout replaces them (specs/composite.ts), and is none of the script's business.
 */
export const secretVariable = (name: SecretName): string =>
  `PROVISEUR_SECRET_${name
    .replace(/@.*$/, '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')}`

function scriptResult(change: ScriptChange, script: WantedScript, output: StepOutput): StepResult {
  const [code = '', exit = ''] = (output.files.get('result') ?? '').trim().split(' ')
  const base = { change, output: output.output, durationMs: output.durationMs }
  if (code === 'ok' || code === 'already') return { ...base, ok: true, exitCode: 0 }
  const exitCode = exit === '' ? (output.exitCode ?? 1) : Number(exit)
  return { ...base, ok: false, exitCode, ...scriptFailure(script, code, exitCode, output.output) }
}
