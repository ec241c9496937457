/**
 * One process of a loop over a generated park: its first pass after the start, the actions that the pass decides on, and the pass
 * after them. The PCs obey at once, so that what is measured is the loop and its store. Arguments: the park's folder, the state
 * folder. Prints `LoopFigures` as JSON.
 */
import { join } from 'node:path'
import { systemClock } from '../../cli/clock.ts'
import { createFolderSource } from '../../cli/sources/folder.ts'
import { createLoop } from '../../reconciler/loop/loop.ts'
import type { Plan } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import type { Provider } from '../../reconciler/ports.ts'
import { openStore } from '../../reconciler/store/open.ts'
import type { Desired } from '../../specs/desired.ts'

export type LoopFigures = {
  readonly machines: number
  /** Reading the specs and compiling them, which the first pass would do otherwise. */
  readonly compileMs: number
  readonly firstPassMs: number
  readonly actions: number
  /** From the end of the first pass until the outcome of the last action was in the store. */
  readonly actionsMs: number
  readonly nextPassMs: number
  readonly nextPassCpuMs: number
  /** Of the process, start included, before that `plan()`. */
  readonly cpuMs: number
  readonly peakBytes: number
  /** One `plan()` of the same park from memory. */
  readonly planMs: number
}

const [park, state] = process.argv.slice(2)
if (park === undefined || state === undefined) throw new Error('loop-pass.ts PARK STATE')
const hourMs = 3_600_000
const { signal } = new AbortController()

const store = await openStore(`sqlite:${join(state, 'store.db')}`)
const source = createFolderSource(park, (error) => {
  throw error
})
const ended = Promise.withResolvers<void>()
let endedActions = 0
let wanted = Number.POSITIVE_INFINITY
const checkEnd = (): void => {
  if (endedActions >= wanted) ended.resolve()
}

/** A PC that is as it was, and does what it is told. */
const obedient: Provider = {
  observe: async (machine, _site, previous) => ({
    ...(previous ?? { reach: 'off', errors: [] }),
    machine: machine.id,
    observedAt: systemClock.now(),
    observer: 'bench',
  }),
  apply: async ({ changes }) => ({
    kind: 'complete',
    results: changes.map((change) => ({ change, ok: true, exitCode: 0, output: '', durationMs: 1 })),
    at: systemClock.now(),
  }),
}

const loop = createLoop({
  store,
  source,
  provider: obedient,
  clock: systemClock,
  random: Math.random,
  owner: 'bench',
  config: {
    passEveryMs: hourMs,
    observeEveryMs: 24 * hourMs,
    freshMs: 48 * hourMs,
    observeConcurrency: 32,
    actor: 'bench',
  },
  onProgress: ({ kind }) => {
    if (kind !== 'ended') return
    endedActions += 1
    checkEnd()
  },
})

const [read, compileMs] = await timed(() => source.read())
const [first, firstPassMs] = await timed(() => pass())
if (first.target.fence.generation !== 1) throw new Error('the park is not the one that was stored')
wanted = [...first.decisions.values()].filter(({ kind }) => kind === 'act').length
checkEnd()
const [, actionsMs] = await timed(untilEnded)
const cpuBefore = process.cpuUsage()
const [, nextPassMs] = await timed(() => pass())
const nextPassCpu = process.cpuUsage(cpuBefore)
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
if (read.desired === undefined) throw new Error('the generated park is broken')
const planMs = await planOnce(read.desired, first)
await store.close()
const figures: LoopFigures = {
  machines: first.decisions.size,
  compileMs,
  firstPassMs,
  actions: wanted,
  actionsMs,
  nextPassMs,
  nextPassCpuMs: (nextPassCpu.user + nextPassCpu.system) / 1_000,
  cpuMs: (userCPUTime + systemCPUTime) / 1_000,
  peakBytes: maxRSS * 1_024,
  planMs,
}
console.log(JSON.stringify(figures))
// What the second pass has started (looks at PCs that were changed) is of no interest any more.
process.exit(0)

async function pass(): Promise<Plan> {
  const made = await loop.pass(signal)
  if (made === undefined) throw new Error('the loop has no target')
  return made
}

/** The loop goes on as it does: what has ended is brought to the store with its next turn. */
async function untilEnded(): Promise<void> {
  const stopping = new AbortController()
  const running = loop.run(stopping.signal)
  await ended.promise
  stopping.abort()
  await running
}

async function planOnce(desired: Desired, { target, at: now }: Plan): Promise<number> {
  const inventory = await store.inventory()
  const history = await store.history()
  const [, tookMs] = await timed(async () =>
    plan({ desired, target, inventory, history, pauses: [], freshMs: 48 * hourMs, now }),
  )
  return tookMs
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const started = performance.now()
  const result = await work()
  return [result, performance.now() - started]
}
