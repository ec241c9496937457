/** What a site server does for PCs that start, alone: our dnsmasq and boot routes, with answers that the test gives. Runs on the wire. */
import { createServer } from 'node:http'
import type { BootDecision } from '../../../providers/netboot/boot-answer.ts'
import { startNetboot } from '../../../providers/netboot/netboot.ts'
import { bootRoutes } from '../../../providers/netboot/routes.ts'
import type { BootSiteOptions, Heard, Order } from './boot-site.ts'

const options: BootSiteOptions = JSON.parse(process.argv[2] ?? '')
const say = (heard: Heard): void => {
  process.send?.(heard)
}

let decision: BootDecision = { kind: 'local' }
const boot = bootRoutes({
  server: options.server,
  locale: 'en',
  bootFolder: options.bootFolder,
  kernelOptions: options.kernelOptions,
  answer: () => decision,
  tell: (event) => say({ from: 'http', event }),
})
const http = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://site')
  boot.route(request, response, url).then(
    (mine) => {
      if (!mine) response.writeHead(404, { 'content-length': 0 }).end()
    },
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
const netboot =
  options.server.netboot === 'off'
    ? undefined
    : startNetboot({
        wanted: {
          server: { ...options.server, netboot: options.server.netboot },
          machines: options.machines,
        },
        bootFolder: options.bootFolder,
        stateFolder: options.stateFolder,
        answer: () => decision,
        tell: (event) => {
          if (event.kind !== 'failed') boot.hear(event)
          say({ from: 'dnsmasq', event })
        },
      })

process.on('message', (order: Order) => {
  switch (order.kind) {
    case 'answer':
      decision = order.decision
      say({ from: 'site', kind: 'answering' })
      break
    case 'stop-http':
      http.close(() => say({ from: 'site', kind: 'http-stopped' }))
      http.closeAllConnections()
      break
    case 'stop':
      http.closeAllConnections()
      http.close()
      Promise.resolve(netboot?.stop()).then(() => process.exit(0))
  }
})
process.on('disconnect', () => process.exit(0))
http.listen(options.server.port, options.server.address, () => say({ from: 'site', kind: 'listening' }))
