/** Puts the imager together: the flow, on this PC, with its screen and its site server. */
import type { Done, Job, Progress } from '../../imaging/protocol.ts'
import { type Locale, say } from '../../specs/text.ts'
import { environmentBlock } from './boot-menu.ts'
import { cachePaths, put } from './cache-partition.ts'
import { createDeskClient, type DeskClient } from './desk-client.ts'
import type { Disk } from './disks.ts'
import { type FlowPorts, type Order, runFlow } from './flow.ts'
import { readHardware } from './hardware.ts'
import { parseKernelOptions } from './kernel-options.ts'
import { drawNonce, helloOf, type Look, look } from './look.ts'
import { withMounted } from './mounted.ts'
import { failedWork, type Pc, type Report } from './pc.ts'
import { done, failed } from './result.ts'
import { createScreen, type Output, type Screen } from './screen.ts'
import { performOrder } from './work.ts'

export type AgentParts = {
  /** Where /sys and /proc are. */
  readonly root: string
  /** The kernel's command line. */
  readonly commandLine: string
  readonly parkKey: string
  readonly siteKey: string
  readonly version: string
  readonly locale: Locale
  readonly bootFiles: string
  readonly mayWriteFirmware: boolean
  disks(): Promise<readonly Disk[]>
  readonly output: Output
  now(): number
  setClock(nowMs: number): Promise<void>
  pause(ms: number): Promise<void>
  readonly signal: AbortSignal
}

/** Returns when there is nothing more to do but to leave: how. */
export async function runAgent(parts: AgentParts): Promise<'reboot' | 'poweroff'> {
  const options = parseKernelOptions(parts.commandLine)
  const screen = createScreen(parts.output, options.locale ?? parts.locale)
  const hardware = await readHardware(parts.root, options.bootMac)
  const client = options.server === undefined ? undefined : createDeskClient(options.server)
  const nonce = drawNonce()
  const pc: Pc = {
    hardware,
    options,
    parkKey: parts.parkKey,
    bootFiles: parts.bootFiles,
    mayWriteFirmware: parts.mayWriteFirmware,
    now: parts.now,
  }
  let seen: { readonly look: Look; readonly own: boolean } | undefined
  /** Until an order was carried out, nothing changes. */
  const lookOnce = async (own: boolean): Promise<Look> => {
    if (seen === undefined || (own && !seen.own)) {
      seen = { look: await look(hardware, await parts.disks(), own), own }
    }
    return seen.look
  }
  const ports: FlowPorts = {
    siteKey: parts.siteKey,
    look: async (own) => {
      const found = await lookOnce(own)
      const { fence, job, ready = false } = found.cache?.record ?? {}
      return {
        hello: helloOf(found, nonce, parts.version),
        ready,
        ...(fence === undefined ? {} : { fence }),
        ...(job === undefined ? {} : { stored: job }),
      }
    },
    hello: async (hello, timeoutMs) =>
      client === undefined
        ? failed('server-silent', 'proviseur.server=')
        : client.hello(hello, AbortSignal.any([parts.signal, AbortSignal.timeout(timeoutMs)])),
    done: (job, report, local) => tellDone(client, job, report, local, parts.signal),
    perform: async (order) => {
      const reporting = createReport(screen, client, order)
      try {
        return await performOrder(order, {
          pc,
          seen: await lookOnce(true),
          report: reporting.report,
          signal: parts.signal,
        })
      } catch (error) {
        // A fault of ours: the PC is not left without a word, nor the site server.
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
        return failedWork(failed('program-error', detail))
      } finally {
        reporting.stop()
        seen = undefined
      }
    },
    letStart: async () => {
      const { cache } = await lookOnce(true)
      if (cache === undefined) return
      const written = await withMounted(cache.range, 'ext4', (folder) =>
        put(folder, cachePaths.environment, environmentBlock({ fresh: '1' })),
      )
      if (!written.ok) screen.failed(written)
    },
    setClock: parts.setClock,
    now: parts.now,
    pause: parts.pause,
    show: {
      locale: screen.setLocale,
      title: screen.setTitle,
      say: screen.say,
      failed: screen.failed,
      note: (note) => screen.say(say(note, note)),
    },
  }
  try {
    await runFlow(options, ports)
    return options.after
  } finally {
    client?.close()
  }
}

/** A minute. */
const doneTries = 12

/** A PC that carries out its own order without a network has nobody to tell. */
const tellDone = (
  client: DeskClient | undefined,
  job: Job,
  report: Done,
  local: boolean,
  signal: AbortSignal,
) =>
  client === undefined
    ? Promise.resolve(done(undefined))
    : client.done(job, report, local ? 1 : doneTries, signal)

/** The site server takes a PC for gone that says nothing for a minute; some steps have nothing to count for longer. */
const heartbeatMs = 10_000
const sendEveryMs = 1_000

const nothingYet = {
  phase: 'layout',
  read: 0,
  matched: 0,
  fetched: 0,
  written: 0,
  total: 0,
  rate: 0,
} as const

function createReport(
  screen: Screen,
  client: DeskClient | undefined,
  { job, local }: Order,
): { readonly report: Report; stop(): void } {
  let last: Omit<Progress, 'job'> = nothingYet
  let sentAt = 0
  let sending = false
  const send = (): void => {
    // What a PC does by itself is under no order that the site server waits for.
    if (client === undefined || local || sending) return
    sending = true
    sentAt = performance.now()
    client.progress(job, { job: job.id, ...last }).finally(() => {
      sending = false
    })
  }
  const take = (next: Omit<Progress, 'job'>, always: boolean): void => {
    last = next
    screen.progress(next)
    if (always || performance.now() - sentAt >= sendEveryMs) send()
  }
  const heartbeat = setInterval(send, heartbeatMs)
  return {
    report: {
      progress: (progress) => take(progress, progress.phase !== last.phase),
      phase: (phase, partition) => {
        const { partition: _, leftMs: __, ...figures } = last
        take({ ...figures, phase, rate: 0, ...(partition === undefined ? {} : { partition }) }, true)
      },
    },
    stop: () => clearInterval(heartbeat),
  }
}
