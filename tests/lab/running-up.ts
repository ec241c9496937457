/** A running `proviseur up --json`, as its lines tell it: what a program that watches it would know. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS } from './until.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
const KEPT_ON_FAILURE = 60

/** One line of `up --json`: fields are those of the kind. */
export type UpEvent = {
  readonly at: string
  readonly kind: string
  readonly machine?: string
  readonly [field: string]: unknown
}

export type Match = (event: UpEvent) => boolean

export type Up = {
  readonly pid: number
  readonly running: boolean
  readonly events: readonly UpEvent[]
  /** Standard output and standard error, as they were printed. */
  readonly output: () => string
  /** The first event from number `from` on that matches; waits for it. */
  readonly next: (what: string, match: Match, from?: number, timeoutMs?: number) => Promise<UpEvent>
  /** Resolves when `look` says yes; it is asked at each line. */
  readonly when: (what: string, look: () => boolean, timeoutMs?: number) => Promise<void>
  /** The last decision on a machine under the newest revision, by the machine's name or id. */
  readonly decided: (machine: string) => UpEvent | undefined
  /** Resolves when the machine is decided so. */
  readonly reaches: (machine: string, match: Match, timeoutMs?: number) => Promise<UpEvent>
  /** By what it said so far, all machines of this revision are converged. */
  readonly isConvergedAt: (revision: string) => boolean
  /** Resolves when all machines of this revision are converged. */
  readonly converged: (revision: string, timeoutMs?: number) => Promise<void>
  /** As Ctrl-C does; resolves with the exit code. */
  readonly stop: () => Promise<number | null>
  /** `kill -9`; resolves when it is gone. */
  readonly kill: () => Promise<void>
}

export const isConverged: Match = (event) => event['decision'] === 'converged'

/** How a program is started: here, or in a lab's network. */
export type Starter = (program: readonly string[], options: SpawnOptions) => ChildProcess

const here: Starter = ([command = '', ...args], options) => spawn(command, args, options)

/** Starts `proviseur up` with these arguments, in English. */
export function startUp(
  args: readonly string[],
  start: Starter = here,
  env: Readonly<Record<string, string>> = {},
): Up {
  const child = start(
    [
      // Should the test's process be killed, the kernel ends this one too.
      ...['setpriv', '--pdeathsig', 'KILL', '--', process.execPath, '--disable-warning=ExperimentalWarning'],
      ...[MAIN, 'up', ...args, '--json', '--lang', 'en'],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '/root',
        USER: 'technician',
        LC_ALL: 'C.UTF-8',
        XDG_CACHE_HOME: CACHE,
        ...env,
      },
    },
  )
  if (child.stdout === null || child.stderr === null) throw new Error('up has no output')
  const events: UpEvent[] = []
  const lines: string[] = []
  const decisions = new Map<string, UpEvent>()
  const watchers = new Set<() => void>()
  let revision: UpEvent | undefined
  let ended = false

  const hear = (line: string): void => {
    lines.push(line)
    const event: UpEvent = JSON.parse(line)
    events.push(event)
    if (event.kind === 'revision') {
      revision = event
      decisions.clear()
    }
    if (event.kind === 'decided' && event.machine !== undefined) decisions.set(event.machine, event)
    // Until it was decided on again, what was decided before an action's end is of the past.
    if (event.kind === 'ended') decisions.delete(String(event['machine']))
  }
  const tellAll = (): void => {
    for (const watcher of [...watchers]) watcher()
  }
  const stdout = createInterface({ input: child.stdout })
  stdout.on('line', (line) => {
    // What a killed process had written of its last line is none.
    if (/^\{"at".*\}$/.test(line)) hear(line)
    else lines.push(line)
    tellAll()
  })
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
  const closed = once(child, 'close').then(() => {
    ended = true
    tellAll()
  })

  const when = (what: string, look: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer)
        watchers.delete(check)
        end()
      }
      const fail = (why: string): void =>
        settle(() => reject(new Error(`${why}: ${what}\n${lines.slice(-KEPT_ON_FAILURE).join('\n')}`)))
      const check = (): void => {
        if (look()) settle(resolve)
        else if (ended) fail('up ended before')
      }
      const timer = setTimeout(() => fail(`not within ${timeoutMs} ms`), timeoutMs)
      watchers.add(check)
      check()
    })

  const isConvergedAt = (wanted: string): boolean =>
    revision?.['revision'] === wanted &&
    decisions.size === revision['machines'] &&
    [...decisions.values()].every(isConverged)

  const decided = (machine: string): UpEvent | undefined =>
    [...decisions].find(([id]) => id === machine || id.endsWith(`/${machine}`))?.[1]

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (!ended) child.kill(signal)
    await closed
    return child.exitCode
  }

  return {
    pid: child.pid ?? -1,
    get running() {
      return !ended
    },
    events,
    output: () => lines.join('\n'),
    when,
    isConvergedAt,
    next: async (what, match, from = 0, timeoutMs) => {
      const find = (): UpEvent | undefined => events.slice(from).find(match)
      await when(what, () => find() !== undefined, timeoutMs)
      const found = find()
      if (found === undefined) throw new Error(`there was ${what}, and now there is not`)
      return found
    },
    decided,
    reaches: async (machine, match, timeoutMs) => {
      let found: UpEvent | undefined
      await when(
        `the decision on ${machine}`,
        () => {
          const decision = decided(machine)
          if (decision !== undefined && match(decision)) found = decision
          return found !== undefined
        },
        timeoutMs,
      )
      if (found === undefined) throw new Error(`no decision on ${machine}`)
      return found
    },
    converged: async (wanted, timeoutMs) => {
      const refusal = (): UpEvent | undefined =>
        events.find((event) => event.kind === 'revision-refused' && event['revision'] === wanted)
      const settled = (): boolean => isConvergedAt(wanted) || refusal() !== undefined
      await when(`all machines converged at ${wanted}`, settled, timeoutMs)
      if (!isConvergedAt(wanted)) throw new Error(`${wanted} was refused: ${JSON.stringify(refusal())}`)
    },
    stop: () => end('SIGINT'),
    kill: async () => {
      await end('SIGKILL')
    },
  }
}
