/** What one lycée's PCs find at its site server's address: HTTP for boot files, images, the imager and the reset page; netboot beside it. */
import { join } from 'node:path'
import type { Route } from '../../providers/imaging/route.ts'
import type { BootDecision } from '../../providers/netboot/boot-answer.ts'
import { type NetbootEvent, startNetboot, type WantedNetboot } from '../../providers/netboot/netboot.ts'
import { bootRoutes } from '../../providers/netboot/routes.ts'
import type { MachineId, SiteId } from '../../reconciler/model/ids.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { DesiredMachine, SiteServer } from '../../specs/desired.ts'
import type { Locale } from '../../specs/text.ts'
import { startSiteHttp } from './http-server.ts'

export type LyceeServices = {
  /** The server as it is served: another one needs other services. */
  readonly server: SiteServer
  /** Other machines, the same server. */
  follow(machines: ReadonlyMap<MachineId, DesiredMachine>): void
  stop(): Promise<void>
}

export type LyceeParts = {
  readonly site: SiteId
  readonly server: SiteServer
  readonly machines: ReadonlyMap<MachineId, DesiredMachine>
  readonly locale: Locale
  readonly clock: Clock
  readonly bootFolder: string
  /** For this lycée's own files: leases, configuration. */
  readonly stateFolder: string
  readonly kernelOptions: readonly string[]
  /** All but those of netboot, which are made here. */
  readonly routes: readonly Route[]
  readonly bootAnswer: (mac: string) => Promise<BootDecision>
  readonly trouble: (reason: Reason) => void
}

export const startLycee = (parts: LyceeParts): LyceeServices => {
  const { server, locale, bootFolder, kernelOptions, clock, trouble } = parts
  const boot = bootRoutes({ server, locale, bootFolder, kernelOptions, answer: parts.bootAnswer })
  const http = startSiteHttp({
    address: server.address,
    port: server.port,
    routes: [boot.route, ...parts.routes],
    clock,
    trouble,
  })
  const hear = (event: NetbootEvent): void => {
    if (event.kind === 'failed') trouble(event.reason)
    else boot.hear(event)
  }
  const netboot =
    server.netboot === 'off'
      ? undefined
      : startNetboot({
          wanted: wantedNetboot(server, server.netboot, parts.machines),
          bootFolder,
          stateFolder: join(parts.stateFolder, parts.site),
          answer: parts.bootAnswer,
          tell: hear,
        })
  return {
    server,
    follow: (machines) => {
      if (server.netboot !== 'off') netboot?.change(wantedNetboot(server, server.netboot, machines))
    },
    stop: async () => {
      await Promise.all([netboot?.stop(), http.stop()])
    },
  }
}

const wantedNetboot = (
  server: SiteServer,
  netboot: 'proxy' | 'dhcp',
  machines: ReadonlyMap<MachineId, DesiredMachine>,
): WantedNetboot => ({
  server: { ...server, netboot },
  machines: [...machines.values()].map(({ name, mac, address }) => ({
    name,
    mac,
    ...(address === undefined ? {} : { address }),
  })),
})
