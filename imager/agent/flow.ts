/**
 * What the imager does from its start to its end, as a chain of questions; each effect is behind a port.
 *
 * ```
 * netboot   hello ─┬─ wait ─▶ hello …          resume, reset, at-boot   hello, 5 s ─┬─ job ─▶ as on the left
 *                  ├─ local ─▶ leave                                              └─ else ─▶ the order in the cache ─▶ leave
 *                  └─ job ─▶ check ─▶ perform ─▶ done ─▶ leave
 * ```
 *
 * A failure is shown and reported; then the site server is asked again, after a pause. Leaving means a restart: the boot path decides
 * anew, and starts a system only if one is whole.
 */
import { parseJob } from '../../imaging/job-codec.ts'
import type { Answer, Done, Hello, Job, Tally } from '../../imaging/protocol.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import { checkJob, type Fence, type SignedJob } from './job-check.ts'
import type { KernelOptions } from './kernel-options.ts'
import { noTally } from './pc.ts'
import type { Failed, Result } from './result.ts'

export type Performed =
  | {
      readonly ok: true
      readonly report: Omit<Extract<Done, { kind: 'done' }>, 'kind' | 'job' | 'at'>
      /** What did not go well, but hinders nobody. */
      readonly notes: readonly string[]
    }
  | (Failed & { readonly tally: Tally })

/** What an order is carried out as: `local` without the site server having said so now. */
export type Order = {
  readonly signed: SignedJob
  readonly job: Job
  readonly local: boolean
  /** Reset of one system only. */
  readonly only?: string
}

export type FlowPorts = {
  /** The nonce stays that of this start. `own`: as in look.ts. */
  look(own: boolean): Promise<{
    readonly hello: Hello
    readonly fence?: Fence
    readonly stored?: SignedJob
    readonly ready: boolean
  }>
  /** `server-silent` also when nobody told where the site server is. */
  hello(hello: Hello, timeoutMs: number): Promise<Result<Answer>>
  /** Tries for a minute. `local`: once; no order of the site server's waits for it. */
  done(job: Job, report: Done, local: boolean): Promise<Result<void>>
  perform(order: Order): Promise<Performed>
  /** The system of this disk starts next, though the policy would have it checked first. */
  letStart(): Promise<void>
  setClock(nowMs: number): Promise<void>
  now(): number
  pause(ms: number): Promise<void>
  show: {
    locale(locale: Locale): void
    title(title: string): void
    say(text: Text): void
    failed(failure: Pick<Failed, 'reason' | 'detail'>): void
    note(note: string): void
  }
  readonly siteKey: string
}

/** A site server that restarts is back within this; then the PC is given back to its user. */
const patienceMs = 60_000
const askAgainMs = 3_000
const helloTimeoutMs = 10_000
/** With no network a reset must not wait for one. */
const localHelloTimeoutMs = 5_000
/** Long enough to be read; and no PC asks more often than this after a failure. */
const failurePauseMs = 30_000
const longestWaitMs = 60_000
/** Jobs that fail in one start of the imager, before the PC is given back to its own boot path. */
const mostFailures = 3

export async function runFlow(options: KernelOptions, ports: FlowPorts): Promise<void> {
  if (options.mode === 'netboot') return askAndDo(options, ports)
  const seen = await ports.look(true)
  const answer = await ports.hello(seen.hello, localHelloTimeoutMs)
  if (answer.ok) await ports.setClock(answer.value.now)
  if (answer.ok && answer.value.kind === 'job') {
    await takeJob(answer.value, seen, ports)
    return
  }
  if (seen.stored === undefined) {
    // Nothing to go by but the site server: this is a start over the network like any other.
    return askAndDo(options, ports)
  }
  const checked = checkJob(seen.stored, { siteKey: ports.siteKey, macs: seen.hello.macs })
  const order = checked.ok ? localOrder(seen.stored, checked.value, options) : checked
  const ended = 'ok' in order ? order : await carryOut(order, ports)
  if (ended.ok) return
  if (!('tally' in ended)) await showFailure(ended, ports)
  // Nothing was written, and a PC that checks itself at each start must not be kept from its user by a check that cannot be made.
  if ((await ports.look(true)).ready) await ports.letStart()
}

const localOrder = (signed: SignedJob, job: Job, { only }: KernelOptions): Order => ({
  signed,
  job,
  local: true,
  ...(only === undefined ? {} : { only }),
})

/** Returns when the PC is to be restarted. */
async function askAndDo(options: KernelOptions, ports: FlowPorts): Promise<void> {
  let heardAt = ports.now()
  let failures = 0
  for (;;) {
    const seen = await ports.look(false)
    ports.show.say(asking)
    const answer = await ports.hello(seen.hello, helloTimeoutMs)
    if (!answer.ok) {
      if (options.server === undefined || ports.now() - heardAt > patienceMs)
        return showFailure(answer, ports)
      await ports.pause(askAgainMs)
      continue
    }
    await ports.setClock(answer.value.now)
    heardAt = ports.now()
    switch (answer.value.kind) {
      case 'local':
        ports.show.say(answer.value.message ?? startingLocal)
        return
      case 'wait':
        ports.show.say(answer.value.message ?? waiting)
        await ports.pause(Math.min(Math.max(answer.value.afterMs, 1_000), longestWaitMs))
        break
      case 'job':
        if (await takeJob(answer.value, seen, ports)) return
        failures += 1
        if (failures >= mostFailures) return
        heardAt = ports.now()
        break
    }
  }
}

/** True: the job is done. False: it failed or was refused; that was shown and reported. */
async function takeJob(
  answer: Extract<Answer, { kind: 'job' }>,
  seen: Awaited<ReturnType<FlowPorts['look']>>,
  ports: FlowPorts,
): Promise<boolean> {
  const { job, signature } = answer
  const signed = { job, signature }
  const check = ({ hello, fence }: Awaited<ReturnType<FlowPorts['look']>>) =>
    checkJob(signed, {
      siteKey: ports.siteKey,
      macs: hello.macs,
      nonce: hello.nonce,
      ...(fence === undefined ? {} : { highest: fence }),
    })
  const first = check(seen)
  // An order for this PC by its site: its disk is managed here, and its record is now read to the last word.
  const checked = first.ok ? check(await ports.look(true)) : first
  if (!checked.ok) {
    ports.show.failed(checked)
    await reportRefusal(job, checked, ports)
    await ports.pause(failurePauseMs)
    return false
  }
  return (await carryOut({ signed, job: checked.value, local: false }, ports)).ok
}

/** Whoever gave the order is told why it was not taken, if it can be read at all: by its own token, so to nobody else. */
async function reportRefusal(job: string, { reason, detail }: Failed, ports: FlowPorts): Promise<void> {
  const parsed = parseJob(job)
  if (!parsed.ok) return
  const report = { job: parsed.value.id, at: ports.now(), kind: 'failed', reason, tally: noTally } as const
  await ports.done(parsed.value, detail === '' ? report : { ...report, detail }, false)
}

async function carryOut(order: Order, ports: FlowPorts): Promise<Performed> {
  const { job } = order
  ports.show.locale(job.locale)
  ports.show.title(job.machine)
  const performed = await ports.perform(order)
  const at = ports.now()
  if (performed.ok) {
    ports.show.say(finished)
    for (const note of performed.notes) ports.show.note(note)
    await ports.done(job, { job: job.id, at, kind: 'done', ...performed.report }, order.local)
    return performed
  }
  const { reason, detail, tally } = performed
  ports.show.failed(performed)
  const report = { job: job.id, at, kind: 'failed', reason, tally } as const
  await ports.done(job, detail === '' ? report : { ...report, detail: detail.slice(0, 4000) }, order.local)
  await ports.pause(failurePauseMs)
  return performed
}

async function showFailure(failure: Failed, ports: FlowPorts): Promise<void> {
  ports.show.failed(failure)
  await ports.pause(failurePauseMs)
}

const asking = say('Asking the site server …', 'Interrogation du serveur d’établissement…')
const waiting = say(
  'Waiting for instructions from the site server. Nothing is being changed on this PC.',
  'En attente des instructions du serveur d’établissement. Rien n’est modifié sur ce poste.',
)
const startingLocal = say('Starting this PC’s own system.', 'Démarrage du système de ce poste.')
const finished = say('Done. This PC restarts.', 'Terminé. Le poste redémarre.')
