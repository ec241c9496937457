/**
 * Who is on this wire, by MAC. A PC that has its address from somebody else's DHCP server tells us nothing of it: when the kernel's table
 * does not know it, every address of the lycée's network is sent one empty datagram, so that the kernel asks for all of them.
 */
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../reconciler/ports.ts'

export type Neighbourhood = {
  /** The kernel's neighbour table as JSON (`ip -j neigh`). */
  table(signal: AbortSignal): Promise<string>
  /** Makes the kernel ask for every address of `subnet` (`10.25.11.0/24`). False: it was done just before, or the network is not here. */
  call(subnet: string, signal: AbortSignal): Promise<boolean>
}

/** Of one network, however many PCs are missing. */
const callEveryMs = 60_000
/** The kernel asks three times, a second apart; who is there answers the first. */
const answerMs = 1_000
/** A /22. Whoever has larger networks gives the PCs addresses, or the lycée a domain. */
const mostAddresses = 1_024
/** Nobody serves it: the discard protocol of RFC 863. */
const discardPort = 9

export function createNeighbourhood(clock: Pick<Clock, 'now'>): Neighbourhood {
  const calledAt = new Map<string, number>()
  const underway = new Map<string, Promise<boolean>>()
  const call = async (subnet: string): Promise<boolean> => {
    const addresses = addressesOf(subnet)
    if (addresses.length === 0 || !isHere(addresses)) return false
    await sendToAll(addresses)
    await wait(answerMs)
    return true
  }
  return {
    table: kernelTable,
    call: (subnet) => {
      const running = underway.get(subnet)
      if (running !== undefined) return running
      const now = clock.now()
      const last = calledAt.get(subnet)
      // Both ways: a clock that was set back must not silence us.
      if (last !== undefined && Math.abs(now - last) < callEveryMs) return Promise.resolve(false)
      calledAt.set(subnet, now)
      const called = call(subnet).finally(() => underway.delete(subnet))
      underway.set(subnet, called)
      return called
    },
  }
}

const kernelTable: Neighbourhood['table'] = (signal) =>
  new Promise((resolve) => {
    execFile('ip', ['-j', 'neigh', 'show'], { timeout: 5000, signal, maxBuffer: 16 << 20 }, (error, stdout) =>
      resolve(error === null ? stdout : '[]'),
    )
  })

/** The hosts of an IPv4 network, without its own address and its broadcast address. Empty: not IPv4, or too large to be asked one by one. */
export function addressesOf(subnet: string): readonly string[] {
  const [network = '', prefix = ''] = subnet.split('/')
  const length = Number(prefix)
  const size = 2 ** (32 - length)
  if (!isIPv4(network) || !/^\d+$/.test(prefix) || length > 30 || size > mostAddresses) return []
  const given = network.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
  const first = given - (given % size)
  return Array.from({ length: size - 2 }, (_, index) => dotted(first + index + 1))
}

const dotted = (address: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256).join('.')

/** Through a router nobody's MAC is learnt. */
function isHere(addresses: readonly string[]): boolean {
  const all = new Set(addresses)
  return Object.values(networkInterfaces()).some((addressesHere) =>
    addressesHere?.some(({ address, internal }) => !internal && all.has(address)),
  )
}

/** Whom the datagram does not reach is not there, or not now: what counts is what the kernel learns by it. */
async function sendToAll(addresses: readonly string[]): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('error', () => undefined)
  try {
    for (const address of addresses)
      await new Promise<void>((resolve) => socket.send('', discardPort, address, () => resolve()))
  } finally {
    socket.close()
  }
}
