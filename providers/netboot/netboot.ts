/**
 * Netboot of one lycée as a service: dnsmasq with the right configuration and boot programs, begun again whenever it ends or what is wanted
 * changes, for as long as the site server runs. What stands in its way (a port in use, boot files not built yet, an address that is
 * not there yet) is told once, and tried again: PCs start from their disks meanwhile.
 */
import { mkdir } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Mac } from '../../specs/ids.ts'
import type { BootAnswer } from './boot-answer.ts'
import { prepareBootRoot } from './boot-root.ts'
import { startDnsmasq } from './dnsmasq.ts'
import { type DnsmasqOptions, dnsmasqConfig } from './dnsmasq-config.ts'
import type { DnsmasqEvent } from './dnsmasq-log.ts'
import { hideBootPrograms } from './local-start.ts'
import { addressNotHere } from './netboot-reasons.ts'

export type NetbootEvent =
  | DnsmasqEvent
  /** PCs are not served; the next attempt is in `retryMs`. Told again only if the reason changes. */
  | { readonly kind: 'failed'; readonly reason: Reason; readonly retryMs: number }

export type WantedNetboot = Pick<DnsmasqOptions, 'server' | 'machines'>

export type NetbootOptions = {
  readonly wanted: WantedNetboot
  /** Boot files, as `proviseur imager build` made them. */
  readonly bootFolder: string
  /** Ours: configuration, leases, process number. */
  readonly stateFolder: string
  readonly answer: BootAnswer
  readonly tell: (event: NetbootEvent) => void
  /** The program; another one in tests. */
  readonly program?: string
  readonly retryMs?: { readonly first: number; readonly most: number }
}

export type Netboot = {
  /** From now on this is wanted. dnsmasq starts again only if that changes its configuration. */
  readonly change: (wanted: WantedNetboot) => void
  /** Resolves when dnsmasq is gone. */
  readonly stop: () => Promise<void>
}

/** A run that lasted this long was sound: what ends it afterwards is a new trouble. */
const SOUND_MS = 60_000

export function startNetboot(options: NetbootOptions): Netboot {
  const retry = options.retryMs ?? { first: 1_000, most: 60_000 }
  const stopping = new AbortController()
  let wanted = options.wanted
  let renewed = new AbortController()

  const serve = async (): Promise<void> => {
    let retryMs = retry.first
    let told: string | undefined
    while (!stopping.signal.aborted) {
      renewed = new AbortController()
      const startedAt = performance.now()
      const reason = await runOnce(options, wanted, AbortSignal.any([stopping.signal, renewed.signal]))
      if (reason === undefined) continue
      if (performance.now() - startedAt > SOUND_MS) {
        retryMs = retry.first
        told = undefined
      }
      if (told !== reason.code) options.tell({ kind: 'failed', reason, retryMs })
      told = reason.code
      await pause(retryMs, AbortSignal.any([stopping.signal, renewed.signal]))
      retryMs = Math.min(retryMs * 2, retry.most)
    }
  }
  const served = serve()
  return {
    change: (next) => {
      const same = JSON.stringify(next) === JSON.stringify(wanted)
      wanted = next
      if (!same) renewed.abort()
    },
    stop: async () => {
      stopping.abort()
      await served
    },
  }
}

/** One run, until it ends by itself (with why) or is told to end (undefined). */
async function runOnce(
  options: NetbootOptions,
  { server, machines }: WantedNetboot,
  signal: AbortSignal,
): Promise<Reason | undefined> {
  const link = linkOf(server.address)
  if (link === undefined) return addressNotHere(server.address)
  const root = await prepareBootRoot(options.bootFolder, server)
  if (!root.ok) return root.reason
  try {
    await mkdir(options.stateFolder, { recursive: true })
    const files = {
      tftpRoot: root.folder,
      leaseFile: join(options.stateFolder, 'leases'),
      pidFile: join(options.stateFolder, 'dnsmasq.pid'),
    }
    const dnsmasq = await startDnsmasq({
      config: dnsmasqConfig({ server, machines, link, ...files }),
      configFile: join(options.stateFolder, 'dnsmasq.conf'),
      pidFile: files.pidFile,
      tftpRoot: files.tftpRoot,
      interface: link.interface,
      program: options.program ?? 'dnsmasq',
      hear: (event) => {
        if (event.kind === 'asked') void prepareFor(options, root.folder, event.mac)
        options.tell(event)
      },
    })
    const stop = (): void => {
      dnsmasq.stop()
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const reason = await dnsmasq.ended
    signal.removeEventListener('abort', stop)
    return signal.aborted ? undefined : reason
  } finally {
    await root.dispose()
  }
}

/** A PC has just asked for an address: what it may fetch next depends on what it shall start. */
async function prepareFor(options: NetbootOptions, tftpRoot: string, mac: Mac): Promise<void> {
  try {
    const decision = await options.answer(mac)
    await hideBootPrograms(tftpRoot, mac, decision.kind === 'local')
  } catch (error) {
    // The PC gets its boot program, and asks again over HTTP.
    options.tell({
      kind: 'trouble',
      line: `${mac}: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}

/** The interface that has this address. */
function linkOf(address: string): DnsmasqOptions['link'] | undefined {
  for (const [name, addresses = []] of Object.entries(networkInterfaces()))
    for (const each of addresses)
      if (each.family === 'IPv4' && each.address === address)
        return { interface: name, netmask: each.netmask }
  return undefined
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error
  }
}
