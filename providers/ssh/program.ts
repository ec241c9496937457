/**
 * Puts fragments together into one program for `sh`, to be given on its standard input: nothing of it shows in process lists, and
 * its size is not bound by the length of a command line. Everything is inside functions, and the last line calls them: a
 * program that was cut off on the way does nothing.
 */
import { readFileSync } from 'node:fs'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Text } from '../../reconciler/model/reason.ts'
import type { Locale } from '../../specs/text.ts'
import type { FacetDriver, Probe, RestartStep, Step } from './facet-driver.ts'
import { quote, writeFile } from './quote.ts'

const shellFile = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

const prelude = shellFile('./prelude.sh')
const limits = shellFile('./limits.sh')
const start = shellFile('./start.sh')
const run = shellFile('./run.sh')

/** Where the PC keeps its record, and what need not outlive a restart. Tests have them elsewhere. */
export type RecordPaths = { readonly state: string; readonly run: string }

export const defaultRecordPaths: RecordPaths = { state: '/var/lib/proviseur', run: '/run/proviseur' }

/** What the account's login shell is told: become root if need be, and read the program from standard input. */
export const shellCommand = (user: string): string =>
  user === 'root' ? 'exec sh -s' : 'exec sudo -n -- sh -s'

/**
 * The fragments of all drivers, each in a subshell, each in its own frame named `<driver>/<probe>`. A little after `timeoutMs` it ends itself on
 * the PC: sshd does not stop the commands of a client that has left.
 */
export function observationProgram(
  probes: readonly { readonly driver: string; readonly probe: Probe }[],
  boundary: string,
  paths: RecordPaths,
  timeoutMs: number,
): string {
  const calls = probes.map(({ driver, probe }) => {
    const name = frameName(`${driver}/${probe.name}`)
    return [
      `printf '%s begin %s\\n' "$P_MARK" ${name}`,
      `(\n${probe.sh}\n)`,
      `printf '\\n%s end %s %s\\n' "$P_MARK" ${name} $?`,
    ].join('\n')
  })
  return [
    prelude,
    limits,
    parameters({ P_MARK: boundary, P_STATE: paths.state, P_RUN: paths.run }),
    `main() {\numask 077\nP_STARTED=$(uptime_ms)
watch_self ${Math.ceil(timeoutMs) + 5000} </dev/null >/dev/null 2>&1 &
p_watch=$!
${calls.join('\n')}
kill $p_watch
}`,
    'main </dev/null\nexit 0\n',
  ].join('\n')
}

export type ActionProgram = {
  readonly action: Action
  readonly steps: readonly Step[]
  readonly restart?: RestartStep
  /** Prints who is at work on the PC, a name a line. */
  readonly occupants: string
  /** Time that the action may still take, by our clock; the PC counts it on its own. */
  readonly leftMs: number
  readonly locale: Locale
}

/** The program that starts an action on the PC or joins it. */
export function actionProgram(input: ActionProgram, boundary: string, paths: RecordPaths): string {
  const { action } = input
  const secrets = input.steps.flatMap((step, index) =>
    step.files.filter((file) => file.secret === true).map((file) => ({ index, file })),
  )
  return [
    prelude,
    start,
    parameters({
      P_MARK: boundary,
      P_STATE: paths.state,
      P_RUN: paths.run,
      P_ID: actionName(action.id),
      P_EPOCH: String(action.fence.epoch),
      P_GENERATION: String(action.fence.generation),
      P_CONTENT: action.content,
      P_TOTAL: String(input.steps.length),
      P_LIMIT_MS: limitOf(input),
    }),
    `occupants() {\n:\n${input.occupants}\n}`,
    `check_expectations() {\n:\n${expectations(action)}\n}`,
    `write_payload() {\n${payload(input, paths)}\n}`,
    `write_secrets() {`,
    ':',
    ...secrets.map(({ index, file }) =>
      [
        `mkdir -p "$1"/${index} || return 1`,
        writeFile(`"$1"/${index}/${frameName(file.name)}`, file.bytes),
      ].join('\n'),
    ),
    '}',
    'main </dev/null\nexit 0\n',
  ].join('\n')
}

const limitOf = (input: ActionProgram): string => String(Math.max(0, Math.floor(input.leftMs)))

function payload(input: ActionProgram, paths: RecordPaths): string {
  const { action } = input
  const runner = [
    prelude,
    limits,
    parameters({
      P_STATE: paths.state,
      P_RUN: paths.run,
      P_ID: actionName(action.id),
      P_LIMIT_MS: limitOf(input),
      P_WARN_MS: String(action.warnMs ?? 0),
      P_WARNING: warning(action.warnMs ?? 0)[input.locale],
      P_TOTAL: String(input.steps.length),
    }),
    run,
  ].join('\n')
  const text = (file: string, content: string) => writeFile(file, Buffer.from(content))
  const lines = [text('"$1"/run.sh', runner)]
  for (const [index, step] of input.steps.entries()) {
    const header = parameters({ P_STATE: paths.state, P_RUN: paths.run })
    lines.push(
      text(
        `"$1"/steps/${index}.sh`,
        `${prelude}\n${limits}\n${header}\numask 022\ncd / || exit 1\n${step.sh}\n`,
      ),
    )
    lines.push(`mkdir -p "$1"/files/${index} || return 1`)
    for (const file of step.files) {
      if (file.secret !== true)
        lines.push(writeFile(`"$1"/files/${index}/${frameName(file.name)}`, file.bytes))
    }
  }
  if (input.restart !== undefined) {
    lines.push(text('"$1"/restart.sh', `${prelude}\n${input.restart.sh}\n`))
    // Much may have happened since the action started.
    if (action.expect.unoccupied) lines.push(text('"$1"/occupants.sh', `${prelude}\n${input.occupants}\n`))
  }
  return lines.join('\n')
}

/** One `expect` line for each package that the plan looked at, and one for nobody's being at work if need be. */
function expectations(action: Action): string {
  const packages = Object.entries(action.expect.packages).map(([name, version]) => {
    const change = action.changes.find((one) => one.facet === 'packages' && one.source === name)
    const wanted = change?.facet === 'packages' ? change.to : undefined
    const kind = wanted === undefined ? 'exact' : wanted === null ? 'absent' : kindOf(wanted)
    return `expect ${quote(name)} ${quote(version ?? '')} ${kind} ${quote(wanted ?? '')}`
  })
  return [...(action.expect.unoccupied ? ['expect_nobody'] : []), ...packages].join('\n')
}

/** `latest` cannot be judged without asking apt: any other version than the plan saw is looked at again. */
const kindOf = (wanted: string): string =>
  wanted === 'present' ? 'present' : wanted === 'latest' ? 'exact' : 'version'

const parameters = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join('\n')

/** Names of frames and files are ours; one that could leave its folder or break a frame is a bug. */
function frameName(name: string): string {
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(name) || name.split('/').includes('..')) {
    throw new RangeError(`not a frame name: ${JSON.stringify(name)}`)
  }
  return name
}

/** An action's id names a folder on the PC. */
function actionName(id: string): string {
  if (!/^[A-Za-z0-9:_-]{1,128}$/.test(id)) throw new RangeError(`not an action id: ${JSON.stringify(id)}`)
  return id
}

function warning(delayMs: number): Text {
  const minutes = Math.ceil(delayMs / 60_000)
  return {
    en: `This PC will be changed by the school's IT service in ${minutes} min. Please save your work.`,
    fr: `Ce poste va être mis à jour par le service informatique du lycée dans ${minutes} min. Veuillez enregistrer votre travail.`,
  }
}

export const allProbes = (
  drivers: readonly FacetDriver[],
  request: Parameters<FacetDriver['probes']>[0],
): readonly { readonly driver: string; readonly probe: Probe }[] =>
  drivers.flatMap((driver) => driver.probes(request).map((probe) => ({ driver: driver.name, probe })))
