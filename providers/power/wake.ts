/** Wake-on-LAN: the magic packet of node-wol, sent over a socket of our own. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv4, isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMagicPacket } from 'node-wol'
import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

export type WakeResult =
  | { readonly kind: 'sent'; readonly packets: number }
  | { readonly kind: 'failed'; readonly reason: Reason }

export type WakeOptions = {
  /** One packet may be lost, and a network card that has just gone to sleep may miss the first. */
  readonly packets?: number
  readonly intervalMs?: number
  readonly signal?: AbortSignal
}

/**
 * Sends magic packets for `mac` (six hexadecimal bytes, with `:`, `-` or nothing between) to a broadcast address and UDP port.
 * `sent` means that they left this machine: nobody answers a magic packet.
 */
export async function wake(
  mac: string,
  to: { readonly broadcast: string; readonly port: number },
  options: WakeOptions = {},
): Promise<WakeResult> {
  const digits = macDigits(mac)
  if (digits === undefined) return { kind: 'failed', reason: badMac(mac) }
  const family = isIPv4(to.broadcast) ? 'udp4' : isIPv6(to.broadcast) ? 'udp6' : undefined
  if (family === undefined || !Number.isInteger(to.port) || to.port < 1 || to.port > 65535) {
    return { kind: 'failed', reason: badBroadcast(`${to.broadcast}:${to.port}`) }
  }
  const packet = createMagicPacket(digits)
  const socket = createSocket(family)
  try {
    await bound(socket)
    if (family === 'udp4') socket.setBroadcast(true)
    const count = options.packets ?? 3
    for (let sent = 0; sent < count; sent++) {
      if (sent > 0) await pause(options.intervalMs ?? 100, options.signal)
      if (options.signal?.aborted === true) return { kind: 'sent', packets: sent }
      await send(socket, packet, to)
    }
    return { kind: 'sent', packets: count }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { kind: 'failed', reason: notSent(mac, `${to.broadcast}:${to.port}`, error.message) }
  } finally {
    await closed(socket)
  }
}

/** Twelve digits of one unicast address; a MAC whose separators are mixed was mistyped. */
export function macDigits(mac: string): string | undefined {
  const match = /^[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.exec(mac)
  const digits = mac.replaceAll(/[:-]/g, '').toLowerCase()
  if (match === null || digits === '000000000000') return undefined
  // The lowest bit of the first byte marks a group address: no network card has one.
  return Number.parseInt(digits.slice(0, 2), 16) % 2 === 0 ? digits : undefined
}

const bound = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, () => {
      socket.off('error', reject)
      resolve()
    })
  })

const send = (
  socket: Socket,
  packet: Buffer,
  to: { readonly broadcast: string; readonly port: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(packet, to.port, to.broadcast, (error) => (error === null ? resolve() : reject(error)))
  })

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()))

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error
  }
}

const badMac = (mac: string): Reason => ({
  code: 'bad-mac',
  message: say(
    `"${mac}" is not the MAC address of a network card: write six hexadecimal bytes, as in 52:54:00:25:02:01.`,
    `«\u00a0${mac}\u00a0» n’est pas l’adresse MAC d’une carte réseau\u00a0: écrivez six octets hexadécimaux, comme 52:54:00:25:02:01.`,
  ),
})

const badBroadcast = (to: string): Reason => ({
  code: 'bad-broadcast',
  message: say(
    `Magic packets cannot be sent to ${to}: correct the lycée's broadcast address and port.`,
    `Les paquets magiques ne peuvent pas être envoyés à ${to}\u00a0: corrigez l’adresse de diffusion et le port du lycée.`,
  ),
})

const notSent = (mac: string, to: string, detail: string): Reason => ({
  code: 'wake-not-sent',
  message: say(
    `The magic packet for ${mac} could not be sent to ${to}. Check this server's network, and that ${to} is the broadcast address of one of its subnets (or 255.255.255.255).`,
    `Le paquet magique pour ${mac} n’a pas pu être envoyé à ${to}. Vérifiez le réseau de ce serveur et que ${to} est l’adresse de diffusion d’un de ses sous-réseaux (ou 255.255.255.255).`,
  ),
  detail,
})
