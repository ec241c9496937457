import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { macDigits, wake } from '../../providers/power/wake.ts'

/** A network card's ear: UDP packets that arrive on the loopback interface, broadcast ones included. */
async function ear(t: ExecutionContext) {
  const socket = createSocket('udp4')
  const packets: Buffer[] = []
  const waiting: (() => void)[] = []
  socket.on('message', (packet) => {
    packets.push(packet)
    for (const check of waiting) check()
  })
  await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve))
  t.teardown(() => socket.close())
  return {
    port: (socket.address() as AddressInfo).port,
    packets,
    heard: (count: number) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (packets.length >= count) resolve()
        }
        waiting.push(check)
        check()
      }),
  }
}

const magicPacket = (mac: string): Buffer =>
  Buffer.concat([
    Buffer.alloc(6, 0xff),
    ...Array.from({ length: 16 }, () => Buffer.from(mac.replaceAll(':', ''), 'hex')),
  ])

test('magic packets go out over the wire, three times', async (t) => {
  const { port, packets, heard } = await ear(t)
  const sent = await wake('52:54:00:25:02:01', { broadcast: '127.0.0.1', port }, { intervalMs: 1 })
  t.deepEqual(sent, { kind: 'sent', packets: 3 })
  await heard(3)
  t.deepEqual(
    packets,
    Array.from({ length: 3 }, () => magicPacket('52:54:00:25:02:01')),
  )
})

test('a broadcast address may be sent to', async (t) => {
  const { port, packets, heard } = await ear(t)
  const to = { broadcast: '127.255.255.255', port }
  t.deepEqual(await wake('52-54-00-25-02-0A', to, { packets: 1 }), { kind: 'sent', packets: 1 })
  await heard(1)
  t.deepEqual(packets, [magicPacket('52:54:00:25:02:0a')])
})

for (const mac of [
  '',
  '52:54:00:25:02',
  '52:54:00:25:02:0g',
  '52:54-00:25:02:01',
  '01:00:5e:00:00:01',
  '00:00:00:00:00:00',
  '5254.0025.0201',
]) {
  test(`“${mac}” is no card’s MAC, and nothing is sent`, async (t) => {
    const { port, packets } = await ear(t)
    const result = await wake(mac, { broadcast: '127.0.0.1', port })
    t.is(result.kind === 'failed' ? result.reason.code : result.kind, 'bad-mac')
    t.is(packets.length, 0)
  })
}

test('an address that nothing can be broadcast to is a reason', async (t) => {
  const mac = '52:54:00:25:02:01'
  for (const to of [
    { broadcast: 'lycée', port: 9 },
    { broadcast: '10.0.0.255', port: 0 },
    { broadcast: '10.0.0.255', port: 70_000 },
  ]) {
    const result = await wake(mac, to)
    t.is(result.kind === 'failed' ? result.reason.code : result.kind, 'bad-broadcast')
  }
})

test('stopping cuts the repetition short', async (t) => {
  const { port } = await ear(t)
  const abort = new AbortController()
  abort.abort()
  const options = { packets: 3, intervalMs: 60_000, signal: abort.signal }
  t.deepEqual(await wake('52:54:00:25:02:01', { broadcast: '127.0.0.1', port }, options), {
    kind: 'sent',
    packets: 0,
  })
})

test('any way to write a MAC gives the same digits', (t) => {
  const byte = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(
      fc.tuple(byte, byte, byte, byte, byte, byte),
      fc.constantFrom(':', '-', ''),
      fc.boolean(),
      (bytes, separator, upper) => {
        const unicast = [bytes[0] & 0xfe, ...bytes.slice(1)]
        const hex = unicast.map((one) => one.toString(16).padStart(2, '0'))
        const written = upper ? hex.join(separator).toUpperCase() : hex.join(separator)
        const expected = unicast.every((one) => one === 0) ? undefined : hex.join('')
        if (macDigits(written) !== expected) throw new Error(written)
      },
    ),
    { verbose: true },
  )
  t.pass()
})
