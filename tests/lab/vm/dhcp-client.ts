/**
 * A PC's firmware as DHCP sees it: asks as each kind of client does, and prints for each kind what it would start. For kinds of firmware that
 * QEMU has not (a BIOS whose boot ROM is not iPXE). RFC 2131, PXE 2.1: discover by broadcast, then, where a boot server answers without a
 * file, a request to its port 4011.
 */
import { createSocket, type Socket } from 'node:dgram'

export type Kind = {
  readonly name: string
  readonly architecture: number
  readonly vendor: string
  readonly user?: string
}
export type Offer = {
  /** Whether it gives an address. */
  readonly address: boolean
  readonly file: string
  readonly vendor: string
  readonly server: string
  readonly item: Buffer | undefined
}

const COOKIE = Buffer.from([99, 130, 83, 99])
const MAC = Buffer.from([0x52, 0x54, 0, 0xd6, 0, 0x63])
const DISCOVER = 1
const REQUEST = 3
const FIRST_MS = 6_000
const MORE_MS = 400

const [address = '', broadcast = '', kinds = '[]']: readonly (string | undefined)[] = process.argv.slice(2)

function message(type: number, kind: Kind, transaction: number, item?: Buffer): Buffer {
  const head = Buffer.alloc(236)
  head.set([1, 1, 6, 0])
  head.writeUInt32BE(transaction, 4)
  // Answer by broadcast: this machine has another address than the one it asks for.
  head.writeUInt16BE(0x8000, 10)
  // Who asks a boot server has its address already.
  if (type === REQUEST) head.set(address.split('.').map(Number), 12)
  MAC.copy(head, 28)
  const option = (code: number, value: Buffer | string): Buffer =>
    Buffer.concat([Buffer.from([code, value.length]), Buffer.from(value)])
  return Buffer.concat([
    ...[head, COOKIE, option(53, Buffer.from([type])), option(60, kind.vendor)],
    ...[option(93, Buffer.from([0, kind.architecture])), option(94, Buffer.from([1, 2, 1]))],
    option(97, Buffer.alloc(17)),
    option(55, Buffer.from([1, 3, 6, 43, 54, 60, 66, 67])),
    ...(kind.user === undefined ? [] : [option(77, kind.user)]),
    // PXE 2.1, 2.4.5: the chosen item of the boot menu, in layer 0.
    ...(item === undefined ? [] : [option(43, Buffer.from([71, 4, ...item, 0, 0, 255]))]),
    Buffer.from([255]),
  ])
}

/** Code, length, value; 0 pads and 255 ends. */
function readOptions(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const options = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length && bytes[at] !== 255; ) {
    const length = bytes[at + 1] ?? 0
    if (bytes[at] !== 0) options.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length))
    at += bytes[at] === 0 ? 1 : 2 + length
  }
  return options
}

function readOffer(packet: Buffer): Offer {
  const options = readOptions(packet.subarray(240))
  const text = (bytes: Buffer | undefined): string => (bytes?.toString('latin1') ?? '').replace(/\0.*$/s, '')
  return {
    address: packet.readUInt32BE(16) !== 0,
    file: text(options.get(67)) || text(packet.subarray(108, 236)),
    vendor: text(options.get(60)),
    server: [...(options.get(54) ?? [])].join('.'),
    // The type of the menu's first item.
    item: readOptions(options.get(43) ?? Buffer.alloc(0))
      .get(9)
      ?.subarray(0, 2),
  }
}

/** All answers until a while after the first: a DHCP server tries for seconds whether an address is free. */
function ask(socket: Socket, packet: Buffer, port: number, address: string): Promise<readonly Offer[]> {
  const offers: Offer[] = []
  const { promise, resolve } = Promise.withResolvers<readonly Offer[]>()
  const end = (): void => {
    socket.off('message', hear)
    resolve(offers)
  }
  let timer = setTimeout(end, FIRST_MS)
  const hear = (answer: Buffer): void => {
    if (answer[0] !== 2 || !answer.subarray(4, 8).equals(packet.subarray(4, 8))) return
    offers.push(readOffer(answer))
    clearTimeout(timer)
    timer = setTimeout(end, MORE_MS)
  }
  socket.on('message', hear)
  socket.send(packet, port, address)
  return promise
}

const socket = createSocket('udp4')
await new Promise<void>((resolve) => socket.bind(68, '0.0.0.0', resolve))
socket.setBroadcast(true)
let transaction = 0x70000000
const parsed: readonly Kind[] = JSON.parse(kinds)
for (const kind of parsed) {
  const offers = await ask(socket, message(DISCOVER, kind, transaction++), 67, broadcast)
  const boot = offers.find(({ vendor, file }) => vendor !== '' || file !== '')
  const asked =
    boot !== undefined && boot.file === ''
      ? (await ask(socket, message(REQUEST, kind, transaction++, boot.item), 4011, boot.server))[0]
      : undefined
  const answer = {
    kind: kind.name,
    file: asked?.file ?? boot?.file ?? '',
    vendor: boot?.vendor ?? '',
    offers,
  }
  console.log(`offer ${JSON.stringify(answer)}`)
}
console.log('done')
socket.close()
