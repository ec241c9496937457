/** The lab's side of a boot site: starts it on the wire, gives it orders, remembers what it heard. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { BootDecision } from '../../../providers/netboot/boot-answer.ts'
import type { NetbootEvent } from '../../../providers/netboot/netboot.ts'
import type { BootEvent } from '../../../providers/netboot/routes.ts'
import type { SiteServer } from '../../../specs/desired.ts'
import type { Mac } from '../../../specs/ids.ts'
import { until } from '../until.ts'
import type { VmNetwork } from './vm-network.ts'

export type BootSiteOptions = {
  readonly server: SiteServer
  readonly machines: readonly { readonly name: string; readonly mac: Mac; readonly address: string }[]
  readonly bootFolder: string
  readonly stateFolder: string
  readonly kernelOptions: readonly string[]
}

export type Order =
  | { readonly kind: 'answer'; readonly decision: BootDecision }
  | { readonly kind: 'stop-http' }
  | { readonly kind: 'stop' }

export type Heard =
  | { readonly from: 'http'; readonly event: BootEvent }
  | { readonly from: 'dnsmasq'; readonly event: NetbootEvent }
  | { readonly from: 'site'; readonly kind: 'listening' | 'answering' | 'http-stopped' }

export type BootSite = {
  readonly heard: readonly Heard[]
  readonly answer: (decision: BootDecision['kind']) => Promise<void>
  /** The site server's HTTP is gone, its dnsmasq lives. */
  readonly stopHttp: () => Promise<void>
  readonly stop: () => Promise<void>
}

const PROGRAM = fileURLToPath(new URL('boot-site-process.ts', import.meta.url))

/** Resolves when it serves DHCP, TFTP and HTTP. */
export async function startBootSite(
  network: VmNetwork,
  options: {
    readonly netboot: SiteServer['netboot']
    readonly bootFolder: string
    readonly port?: number
    readonly machines?: BootSiteOptions['machines']
  },
): Promise<BootSite> {
  const prefix = network.subnet.replace(/\d+\/\d+$/, '')
  const site: BootSiteOptions = {
    server: {
      address: network.serverAddress,
      port: options.port ?? 8080,
      netboot: options.netboot,
      ...(options.netboot === 'dhcp' ? { range: { from: `${prefix}150`, to: `${prefix}199` } } : {}),
    },
    machines: options.machines ?? [],
    bootFolder: options.bootFolder,
    stateFolder: `${network.folder}/site`,
    kernelOptions: ['console=ttyS0', 'panic=-1'],
  }
  const child = network.spawn(
    [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, JSON.stringify(site)],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  const heard: Heard[] = []
  child.on('message', (message: Heard) => heard.push(message))
  const closed = once(child, 'close')
  const order = (message: Order): void => {
    child.send(message)
  }
  const told = async (what: string, match: (each: Heard) => boolean): Promise<void> => {
    const failed = (): boolean =>
      child.exitCode !== null || heard.some((each) => each.from === 'dnsmasq' && each.event.kind === 'failed')
    await until(what, () => heard.some(match) || failed())
    if (failed()) throw new Error(`the boot site ended: ${JSON.stringify(heard.slice(-5))}`)
  }
  await told('listening boot site', (each) => each.from === 'site' && each.kind === 'listening')
  if (options.netboot !== 'off')
    await told('serving dnsmasq', (each) => each.from === 'dnsmasq' && each.event.kind === 'serving')
  return {
    heard,
    answer: async (kind) => {
      const before = heard.length
      order({ kind: 'answer', decision: { kind } })
      await until('new answer', () => heard.slice(before).some((each) => each.from === 'site'))
    },
    stopHttp: async () => {
      order({ kind: 'stop-http' })
      await told('end of the HTTP server', (each) => each.from === 'site' && each.kind === 'http-stopped')
    },
    stop: async () => {
      order({ kind: 'stop' })
      await closed
    },
  }
}
