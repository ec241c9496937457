/**
 * The lab's wire: a bridge on the ground, one cable to each PC, and one to the host, so that Proviseur runs as anywhere and
 * reaches the PCs, by broadcast too. On the host there is exactly one interface more, `proviseur<N>`, with one address
 * of a subnet that nobody else there uses; it goes with the ground that holds its other end.
 */
import { randomInt } from 'node:crypto'
import { must, run } from './command.ts'
import type { Ground } from './ground.ts'

export type Network = {
  /** The name of the host's interface. */
  readonly hostInterface: string
  readonly hostAddress: string
  /** Of the lab's own services (the package repository): on the bridge, so that no firewall of the host is in between. */
  readonly serverAddress: string
  /** With the prefix: `10.213.7.0/24`. */
  readonly subnet: string
  readonly broadcast: string
  readonly pcAddress: (index: number) => string
  readonly pcMac: (index: number) => string
  /** Lays the cable between the bridge and `eth0` in the network namespace of `pid` (as the ground counts). */
  readonly lay: (index: number, pid: number) => Promise<void>
  readonly plug: (index: number, plugged: boolean) => Promise<void>
  readonly dispose: () => Promise<void>
}

export const PREFIX_LENGTH = 24
export const MAX_PCS = 200

/** Makes bridge and uplink; takes the first subnet 10.213.N.0/24, from a random one on, that this host does not know. */
export async function layNetwork(ground: Ground): Promise<Network> {
  const start = randomInt(256)
  for (let step = 0; step < 256; step++) {
    const n = (start + step) % 256
    if (await takeSubnet(ground, n)) return network(ground, n)
  }
  throw new Error('every subnet of 10.213.0.0/16 is in use on this machine')
}

/** Creating the interface is what reserves the number: the kernel refuses a second one of the same name. */
async function takeSubnet(ground: Ground, n: number): Promise<boolean> {
  const routes = await must('ip', ['-4', 'route', 'show', 'table', 'all', 'root', `10.213.${n}.0/24`])
  if (routes.trim() !== '') return false
  const host = `proviseur${n}`
  const made = await run('ip', [
    ...['link', 'add', host, 'type', 'veth'],
    ...['peer', 'name', 'uplink', 'netns', String(ground.pid)],
  ])
  if (made.exitCode !== 0) {
    if (/File exists/.test(made.stderr)) return false
    throw new Error(`no cable to the lab: ${made.stderr.trim()}`)
  }
  await ground.must(
    ['/bin/sh', '-e'],
    // Without IPv6 there are no duplicate-address probes to wait for, nor router solicitations.
    {
      input: `
off=/proc/sys/net/ipv6/conf/all/disable_ipv6
if [ -e $off ]; then echo 1 >$off; fi
ip link add bridge type bridge stp_state 0 forward_delay 0 mcast_snooping 0
ip address add 10.213.${n}.1/${PREFIX_LENGTH} broadcast + dev bridge
ip link set bridge up
ip link set uplink master bridge up
`,
    },
  )
  // Keeps the host's side silent; a kernel without IPv6 refuses, and is silent anyhow.
  await run('ip', ['link', 'set', host, 'addrgenmode', 'none'])
  await must('ip', ['address', 'add', `10.213.${n}.254/${PREFIX_LENGTH}`, 'broadcast', '+', 'dev', host])
  await must('ip', ['link', 'set', host, 'up'])
  return true
}

function network(ground: Ground, n: number): Network {
  const port = (index: number): string => `pc${index}`
  const pcMac = (index: number): string => `52:54:00:${hex(n)}:${hex(index >> 8)}:${hex(index & 255)}`
  return {
    hostInterface: `proviseur${n}`,
    hostAddress: `10.213.${n}.254`,
    serverAddress: `10.213.${n}.1`,
    subnet: `10.213.${n}.0/${PREFIX_LENGTH}`,
    broadcast: `10.213.${n}.255`,
    pcAddress: (index) => `10.213.${n}.${10 + index}`,
    pcMac,
    lay: async (index, pid) => {
      await ground.must([
        ...['ip', 'link', 'add', port(index), 'type', 'veth'],
        ...['peer', 'name', 'eth0', 'address', pcMac(index), 'netns', String(pid)],
      ])
      await ground.must(['ip', 'link', 'set', port(index), 'master', 'bridge', 'up'])
    },
    plug: async (index, plugged) => {
      await ground.must(['ip', 'link', 'set', port(index), plugged ? 'up' : 'down'])
    },
    dispose: async () => {
      // The kernel would remove it too, some time after the namespace's end; callers want it gone when we return.
      await run('ip', ['link', 'delete', `proviseur${n}`])
    },
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
