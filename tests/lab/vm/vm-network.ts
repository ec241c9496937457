/**
 * The wire of the whole PCs: a bridge in a ground's network namespace, the site server's address on it, and a tap for each PC.
 * Nothing of it is on the host: what serves the PCs runs inside, through `spawn` (the site server, dnsmasq) or
 * `connect` (another machine, with a namespace and a cable of its own). All of it goes with the ground.
 *
 * `layVmNetwork()` makes a wire of its own; `layVmNetwork({ ground, network })` puts the taps into the bridge of a lab of light PCs, so
 * that both kinds are in one lycée: PC numbers must then not be used twice.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ground, layGround } from '../ground.ts'
import type { Network } from '../network.ts'
import { type Neighbour, settle } from './neighbour.ts'

export type VmNetwork = {
  readonly ground: Ground
  /** Of the site server, and its interface. */
  readonly serverAddress: string
  readonly serverInterface: string
  /** With the prefix: `10.214.0.0/24`. */
  readonly subnet: string
  readonly broadcast: string
  readonly pcAddress: (index: number) => string
  readonly pcMac: (index: number) => string
  /** Makes the tap of PC number `index`, in the bridge; returns its name. */
  readonly lay: (index: number) => Promise<string>
  /** Pulls or puts back the cable. */
  readonly plug: (index: number, plugged: boolean) => Promise<void>
  /**
   * Limits what flows towards PC number `index`, or (`server`) all that the site server sends; undefined: no limit any more.
   */
  readonly shape: (where: number | 'server', bitsPerSecond: number | undefined) => Promise<void>
  /** Starts a program beside the site server: in its network, process and mount namespaces. */
  readonly spawn: (program: readonly string[], options?: SpawnOptions) => ChildProcess
  /** Starts a program on another machine of the wire. */
  readonly connect: (name: string, address: string, program: readonly string[]) => Promise<Neighbour>
  /** The lycée's DHCP server that we may not change: addresses, router, and not a word about booting. Resolves when it serves. */
  readonly startDhcpServer: () => Promise<Neighbour>
  /** Calls back for each magic packet with this MAC that crosses the wire. */
  readonly onWake: (mac: string, wake: () => void) => void
  /** A folder for disks, on the host's disk; goes with the network. */
  readonly folder: string
  readonly dispose: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const RUNS = fileURLToPath(new URL('../../../.lab/vm/runs/', import.meta.url))
const LISTENER = fileURLToPath(new URL('magic-listener.ts', import.meta.url))
/** The last addresses of the subnet belong to the wire's own machines; the host's end of a light lab is .254. */
const DHCP_SERVER = 253
const SLEEPERS = 252
const ROUTER = 251
/**
 * A router that announces an IPv6 network without addresses of its own, as many boxes do. iPXE in QEMU's ROM (2019) waits 13 s for one at
 * each start; later versions 3 s.
 */
const ROUTER_PROGRAM = [
  ...[
    'dnsmasq',
    '--keep-in-foreground',
    '--log-facility=-',
    '--conf-file=/dev/null',
    '--port=0',
    '--user=root',
  ],
  ...['--interface=eth0', '--except-interface=lo', '--bind-interfaces', '--dhcp-leasefile=/dev/null'],
  ...['--enable-ra', '--dhcp-range=fd77::100,fd77::1ff,64,1h', '--ra-param=eth0,10,0'],
]

type Wire = Pick<Network, 'serverAddress' | 'subnet' | 'broadcast' | 'pcAddress' | 'pcMac' | 'plug'>

export async function layVmNetwork(on?: {
  readonly ground: Ground
  readonly network: Network
}): Promise<VmNetwork> {
  const folder = await runFolder()
  const ground = on?.ground ?? (await layGround(folder))
  const wire = on?.network ?? (await layWire(ground))
  const prefix = wire.subnet.replace(/\d+\/\d+$/, '')
  const wakers = new Map<string, Set<() => void>>()
  const connect = (name: string, address: string, program: readonly string[]): Promise<Neighbour> =>
    settle(ground, name, `${address}/24`, program)
  const sleepers = await connect('sleepers', `${prefix}${SLEEPERS}`, [process.execPath, LISTENER])
  await said(sleepers, /^listening$/, (line) => {
    for (const wake of wakers.get(/^woken (\S+)$/.exec(line)?.[1] ?? '') ?? []) wake()
  })
  await settle(ground, 'router', `${prefix}${ROUTER}/24`, ROUTER_PROGRAM, 'fd77::1/64')
  const start: VmNetwork['spawn'] = (program, options = {}) => {
    const [command, ...enter] = ground.enter
    return spawn(command, [...enter, ...program], options)
  }
  const dispose = async (): Promise<void> => {
    if (on === undefined) await ground.dispose()
    else await sleepers.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    ground,
    folder,
    serverAddress: wire.serverAddress,
    serverInterface: 'bridge',
    subnet: wire.subnet,
    broadcast: wire.broadcast,
    pcAddress: wire.pcAddress,
    pcMac: wire.pcMac,
    plug: wire.plug,
    lay: async (index) => {
      const tap = tapName(index)
      await ground.must(['ip', 'tuntap', 'add', tap, 'mode', 'tap'])
      await ground.must(['ip', 'link', 'set', tap, 'master', 'bridge', 'up'])
      return tap
    },
    shape: (where, bitsPerSecond) =>
      shape(ground, where === 'server' ? 'bridge' : tapName(where), bitsPerSecond),
    spawn: start,
    connect,
    startDhcpServer: async () => {
      const server = await connect('dhcp', `${prefix}${DHCP_SERVER}`, [
        ...[
          'dnsmasq',
          '--keep-in-foreground',
          '--log-facility=-',
          '--log-dhcp',
          '--conf-file=/dev/null',
          '--port=0',
        ],
        ...[
          '--user=root',
          '--interface=eth0',
          '--except-interface=lo',
          '--bind-interfaces',
          '--dhcp-authoritative',
        ],
        ...[
          `--dhcp-range=${prefix}150,${prefix}199,1h`,
          `--dhcp-option=option:router,${prefix}${DHCP_SERVER}`,
        ],
        `--dhcp-leasefile=${folder}/dhcp-server-leases`,
      ])
      await said(server, /DHCP, IP range/)
      return server
    },
    onWake: (mac, wake) => {
      const known = wakers.get(mac) ?? new Set()
      known.add(wake)
      wakers.set(mac, known)
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

const tapName = (index: number): string => `pc${index}`

/** A bridge in a namespace that has nothing else: its subnet is free by construction. */
async function layWire(ground: Ground): Promise<Wire> {
  const prefix = '10.214.0.'
  await ground.must(['/bin/sh', '-e'], {
    // Without IPv6 there are no router solicitations, nor multicast reports that look like a PC's traffic.
    input: `
off=/proc/sys/net/ipv6/conf/all/disable_ipv6
if [ -e $off ]; then echo 1 >$off; fi
ip link add bridge address 02:d6:00:00:00:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
ip address add ${prefix}1/24 broadcast + dev bridge
ip link set bridge up
`,
  })
  return {
    serverAddress: `${prefix}1`,
    subnet: `${prefix}0/24`,
    broadcast: `${prefix}255`,
    pcAddress: (index) => `${prefix}${10 + index}`,
    pcMac: (index) => `52:54:00:d6:00:${index.toString(16).padStart(2, '0')}`,
    plug: async (index, plugged) => {
      await ground.must(['ip', 'link', 'set', tapName(index), plugged ? 'up' : 'down'])
    },
  }
}

async function shape(ground: Ground, device: string, bitsPerSecond: number | undefined): Promise<void> {
  // Fails if there is no limit to take away, which is as well.
  await ground.run(['tc', 'qdisc', 'delete', 'dev', device, 'root'])
  if (bitsPerSecond === undefined) return
  // The bucket must hold what flows between two ticks of the kernel's clock (100 to 1000 a second), else the rate is not reached.
  const burstBytes = Math.max(65_536, Math.ceil(bitsPerSecond / 8 / 100))
  await ground.must([
    ...['tc', 'qdisc', 'add', 'dev', device, 'root', 'tbf', 'rate', `${bitsPerSecond}bit`],
    ...['burst', String(burstBytes), 'latency', '100ms'],
  ])
}

/** Resolves when the neighbour has printed such a line; further lines go to `hear`. */
async function said(neighbour: Neighbour, line: RegExp, hear?: (line: string) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  neighbour.onLine((text) => {
    if (line.test(text)) resolve()
    hear?.(text)
  })
  await promise
}

/** A folder for this process's disks. Those of processes that were killed, and could not clean up, go now. */
async function runFolder(): Promise<string> {
  await mkdir(RUNS, { recursive: true })
  for (const name of await readdir(RUNS)) {
    const owner = Number(/^(\d+)-/.exec(name)?.[1] ?? '0')
    if (!isAlive(owner)) await rm(join(RUNS, name), { recursive: true, force: true })
  }
  const folder = join(RUNS, `${process.pid}-${randomBytes(4).toString('hex')}`)
  await mkdir(folder)
  return folder
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return pid > 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
