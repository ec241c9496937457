/**
 * The HTTP side of netboot: what boot programs ask for, answered from the boot folder and by the site server's decision.
 *
 * ```
 * GET /boot/ipxe?mac=…&platform=pcbios|efi     what this PC shall start, for iPXE
 * GET /boot/grub/<pc|efi>/<mac>                the same, for GRUB
 * GET /boot/files/<name>                       kernel, ramdisk and boot programs; HEAD and single ranges too. The first program of
 *                                              UEFI HTTP boot is not there for PCs that shall start from their disks.
 * GET /grub/grub.cfg                           GRUB's first script, where the signed GRUB looks for it after UEFI HTTP boot
 * ```
 *
 * GRUB has a TCP of its own: it takes the same source ports in the same order at each boot. A connection that a former boot of
 * the PC left here, half open or closed by us first (TIME_WAIT), would swallow its next one for minutes. So nothing that a boot
 * program opened is ever closed in the usual way from this side: the client closes first, or it gets a reset; and all that is left of a
 * PC's former boot is reset when the PC starts anew (`hear`).
 *
 * Header names are spelt as in the RFCs' examples because GRUB compares them letter by letter: with `content-length` it would not know the
 * kernel's size, and end with "out of memory".
 */
import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseByteRange } from '../../imaging/byte-range.ts'
import type { Firmware } from '../../imaging/manifest.ts'
import type { Mac } from '../../specs/ids.ts'
import {
  type BootAnswer,
  type BootDecision,
  grubAnswer,
  grubFirstScript,
  type ImagerOptions,
  ipxeAnswer,
} from './boot-answer.ts'
import { bootConnections, plainAddress } from './boot-connections.ts'
import { UEFI_PROGRAM } from './boot-programs.ts'
import type { DnsmasqEvent } from './dnsmasq-log.ts'
import { neighbourMac } from './local-start.ts'

export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>

export type BootEvent =
  | {
      readonly kind: 'answered'
      readonly mac: Mac
      readonly firmware: Firmware
      readonly decision: BootDecision
    }
  | {
      readonly kind: 'file'
      readonly name: string
      readonly address: string
      readonly sentBytes: number
      /** Whether all that was asked for went out. */
      readonly whole: boolean
    }
  | { readonly kind: 'file-missing'; readonly name: string; readonly address: string }

export type BootRoutesOptions = ImagerOptions & {
  /** Holds the files of boot-programs.ts. */
  readonly bootFolder: string
  readonly answer: BootAnswer
  readonly tell?: (event: BootEvent) => void
  /** Whose address this is; by the neighbour table unless said otherwise. */
  readonly macOf?: (address: string) => Promise<Mac | undefined>
  /** How long a boot program may keep a connection without using it. */
  readonly idleMs?: number
}

export type BootRoutes = {
  readonly route: Route
  /** Told of what dnsmasq does: a PC that fetched its first program starts anew, and what its former boot left open is reset. */
  readonly hear: (event: DnsmasqEvent) => void
}

const IDLE_MS = 3_000
const MAC_TEXT = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/

export function bootRoutes(options: BootRoutesOptions): BootRoutes {
  const connections = bootConnections(options.idleMs ?? IDLE_MS)
  const route: Route = async (request, response, url) => {
    const path = url.pathname
    if (!path.startsWith('/boot/') && !path.startsWith('/grub/')) return false
    connections.take(request.socket, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(request, response, 405)
      return true
    }
    // shim puts one slash more before the name of its second program.
    const name = /^\/boot\/files\/+([^/]+)$/.exec(path)?.[1]
    // Each of these is the first thing that a boot program wants: older connections are a former boot's.
    if (name === undefined || name === UEFI_PROGRAM)
      connections.forget(plainAddress(request.socket), request.socket)
    if (name === UEFI_PROGRAM && (await startsLocally(request, options))) refuse(request, response, 404)
    else if (name !== undefined) await sendFile(request, response, name, options)
    else {
      const text = await answerFor(request, url, options)
      if (text === undefined) refuse(request, response, 404)
      else sendText(request, response, text)
    }
    return true
  }
  return {
    route,
    hear: (event) => {
      // Not for iPXE: its ports are random, and its first HTTP connection may overtake dnsmasq's log.
      if (event.kind === 'sent' && event.name === UEFI_PROGRAM) connections.forget(event.address)
    },
  }
}

/** UEFI HTTP boot: the firmware goes on to its next boot device when there is no such program (local-start.ts). */
async function startsLocally(request: IncomingMessage, options: BootRoutesOptions): Promise<boolean> {
  const mac = await (options.macOf ?? neighbourMac)(plainAddress(request.socket))
  if (mac === undefined) return false
  const decision = await options.answer(mac)
  if (decision.kind === 'local') options.tell?.({ kind: 'answered', mac, firmware: 'uefi', decision })
  return decision.kind === 'local'
}

async function answerFor(
  request: IncomingMessage,
  url: URL,
  options: BootRoutesOptions,
): Promise<string | undefined> {
  if (url.pathname === '/grub/grub.cfg') return grubFirstScript(options.server)
  const grub = /^\/boot\/grub\/(pc|efi)\/([^/]+)$/.exec(url.pathname)
  const platform = grub?.[1] ?? url.searchParams.get('platform')
  const mac = readMac(grub?.[2] ?? url.searchParams.get('mac') ?? '')
  const isIpxe = url.pathname === '/boot/ipxe'
  if (mac === undefined || (grub === null && !isIpxe)) return undefined
  const firmware: Firmware = platform === 'efi' ? 'uefi' : 'bios'
  const decision = await options.answer(mac)
  // UEFI's HTTP asks twice: first for the size alone.
  if (request.method === 'GET') options.tell?.({ kind: 'answered', mac, firmware, decision })
  return isIpxe ? ipxeAnswer(decision, mac, options) : grubAnswer(decision, mac, options)
}

function readMac(text: string): Mac | undefined {
  const mac = text.toLowerCase()
  return MAC_TEXT.test(mac) ? (mac.replaceAll('-', ':') as Mac) : undefined
}

function sendText(request: IncomingMessage, response: ServerResponse, text: string): void {
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function refuse(request: IncomingMessage, response: ServerResponse, status: 404 | 405 | 416): void {
  // EDK II's HTTP waits for ever for the body of a refusal that has none.
  const text = `${status}\n`
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text) })
  response.end(request.method === 'HEAD' ? undefined : text)
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  options: BootRoutesOptions,
): Promise<void> {
  const address = plainAddress(request.socket)
  const file = FILE_NAME.test(name) ? await openIfThere(join(options.bootFolder, name)) : undefined
  if (file === undefined) {
    options.tell?.({ kind: 'file-missing', name, address })
    refuse(request, response, 404)
    return
  }
  try {
    const { size } = await file.stat()
    const range = parseByteRange(request.headers.range, size)
    if (range.kind === 'unsatisfiable') {
      refuse(request, response, 416)
      return
    }
    const isPart = range.kind === 'part'
    const [start, end] = isPart ? [range.first, range.last] : [0, size - 1]
    response.writeHead(isPart ? 206 : 200, {
      // The type that RFC 7230's descendants and UEFI HTTP boot know for a program.
      'Content-Type': name.endsWith('.efi') ? 'application/efi' : 'application/octet-stream',
      'Content-Length': end - start + 1,
      'Accept-Ranges': 'bytes',
      ...(isPart ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
    })
    if (request.method === 'HEAD' || size === 0) {
      response.end()
      return
    }
    const sentBytes = await send(file, response, start, end)
    options.tell?.({ kind: 'file', name, address, sentBytes, whole: sentBytes === end - start + 1 })
  } finally {
    await file.close()
  }
}

async function send(file: FileHandle, response: ServerResponse, start: number, end: number): Promise<number> {
  const stream = file.createReadStream({ start, end, autoClose: false, highWaterMark: 1 << 18 })
  try {
    await pipeline(stream, response)
  } catch (error) {
    // A PC that was switched off or lost its cable: it will ask again.
    if (!isGone(error)) throw error
  }
  return Math.min(
    stream.bytesRead,
    response.writableFinished ? stream.bytesRead : stream.bytesRead - response.writableLength,
  )
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path)
    if ((await file.stat()).isFile()) return file
    await file.close()
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(String(error.code))
