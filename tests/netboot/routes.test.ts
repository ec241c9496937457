import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type BootEvent, bootRoutes } from '../../providers/netboot/routes.ts'
import type { Mac } from '../../specs/ids.ts'
import { until } from '../lab/until.ts'

const KERNEL = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))

const RAMDISK_BYTES = 1024 * 1024

async function site(t: ExecutionContext, idleMs = 60_000, mac?: string) {
  const bootFolder = await mkdtemp(join(tmpdir(), 'boot-'))
  await writeFile(join(bootFolder, 'vmlinuz'), KERNEL)
  await writeFile(join(bootFolder, 'initrd'), Buffer.alloc(RAMDISK_BYTES))
  await writeFile(join(bootFolder, 'empty'), '')
  await writeFile(join(bootFolder, 'shimx64.efi'), 'shim')
  const asked: string[] = []
  const events: BootEvent[] = []
  const boot = bootRoutes({
    ...{ server: { address: '127.0.0.1', port: 8080 }, locale: 'en', bootFolder, idleMs },
    answer: (mac) => {
      asked.push(mac)
      return { kind: mac.endsWith('01') ? 'imager' : 'local' }
    },
    tell: (event) => events.push(event),
    macOf: async () => mac as Mac | undefined,
  })
  const server = createServer(async (request, response) => {
    const mine = await boot.route(request, response, new URL(request.url ?? '', 'http://site'))
    if (!mine) response.writeHead(404).end('somebody else')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await rm(bootFolder, { recursive: true })
  })
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' }, ...init })
  return { get, port, asked, events, boot }
}

test('each boot program is answered in its own language, by MAC and firmware', async (t) => {
  const { get, asked, events } = await site(t)
  t.regex(await (await get('/boot/ipxe?mac=52:54:00:00:00:01&platform=pcbios')).text(), /^#!ipxe\nkernel /)
  t.regex(await (await get('/boot/ipxe?mac=52-54-00-00-00-02&platform=efi')).text(), /^#!ipxe\n:local/)
  t.regex(await (await get('/boot/grub/efi/52:54:00:00:00:01')).text(), /if linux \(http,/)
  t.notRegex(await (await get('/boot/grub/pc/52:54:00:00:00:0A')).text(), /linux/)
  t.deepEqual(asked, ['52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:01', '52:54:00:00:00:0a'])
  t.deepEqual(
    events.map((event) => event.kind === 'answered' && `${event.firmware} ${event.decision.kind}`),
    ['bios imager', 'uefi local', 'uefi imager', 'bios local'],
  )
})

test('who asks without a sound MAC gets no answer, and nobody is asked for one', async (t) => {
  const { get, asked } = await site(t)
  for (const path of [
    '/boot/ipxe',
    '/boot/ipxe?mac=x',
    '/boot/grub/efi/..',
    '/boot/grub/arm/52:54:00:00:00:01',
  ])
    t.is((await get(path)).status, 404, path)
  t.deepEqual(asked, [])
})

test('files come with their size in a header spelt as GRUB reads it, whole or in part', async (t) => {
  const { get, port } = await site(t)
  const whole = await get('/boot/files/vmlinuz')
  t.deepEqual(Buffer.from(await whole.arrayBuffer()), KERNEL)
  const part = await get('/boot/files/vmlinuz', { headers: { range: 'bytes=10-19' } })
  t.is(part.status, 206)
  t.is(part.headers.get('content-range'), 'bytes 10-19/1000')
  t.deepEqual(Buffer.from(await part.arrayBuffer()), KERNEL.subarray(10, 20))
  t.is((await get('/boot/files/vmlinuz', { headers: { range: 'bytes=1000-' } })).status, 416)
  t.is((await (await get('/boot/files/empty')).arrayBuffer()).byteLength, 0)
  const head = await raw(port, 'HEAD /boot/files/vmlinuz HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n')
  t.regex(head, /^HTTP\/1.1 200 [\s\S]*\r\nContent-Length: 1000\r\n[\s\S]*\r\n\r\n$/)
})

test("shim's second slash leads to the file as well", async (t) => {
  const { get } = await site(t)
  t.is((await get('/boot/files//vmlinuz')).status, 200)
})

test('no path leads out of the boot folder', async (t) => {
  const { port, events } = await site(t)
  for (const name of ['..%2f..%2fetc%2fpasswd', '.hidden', '%2e%2e', '../../etc/passwd', 'sub/vmlinuz']) {
    const answer = await raw(
      port,
      `GET /boot/files/${name} HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n`,
    )
    t.regex(answer, /^HTTP\/1.1 404 /, name)
  }
  t.true(events.every((event) => event.kind === 'file-missing'))
})

test('a refusal has a body: UEFI waits for ever for one that has none', async (t) => {
  const { get } = await site(t)
  for (const path of ['/boot/files/missing', '/grub/x86_64-efi/fs.lst']) {
    const answer = await get(path)
    t.is(answer.status, 404)
    t.not(await answer.text(), '')
  }
  t.is((await get('/boot/files/vmlinuz', { method: 'POST' })).status, 405)
})

test('by UEFI HTTP boot a PC that shall start from its disk finds no program, another does', async (t) => {
  const local = await site(t, 60_000, '52:54:00:00:00:02')
  t.is((await local.get('/boot/files/shimx64.efi', { method: 'HEAD' })).status, 404)
  t.is((await local.get('/boot/files/vmlinuz')).status, 200)
  const imager = await site(t, 60_000, '52:54:00:00:00:01')
  t.is(await (await imager.get('/boot/files/shimx64.efi')).text(), 'shim')
  const unknown = await site(t)
  t.is(await (await unknown.get('/boot/files/shimx64.efi')).text(), 'shim')
})

test('what is not about booting is left to the other routes', async (t) => {
  const { get } = await site(t)
  t.is(await (await get('/store/names')).text(), 'somebody else')
})

test('a connection that a boot program left open is reset, not closed', async (t) => {
  const { port } = await site(t, 20)
  const { ended } = await open(port, '/boot/files/vmlinuz')
  t.is(await ended, 'ECONNRESET')
})

test('a PC that is slow to take the end of a large file gets it all the same', async (t) => {
  const { port, events } = await site(t, 20)
  const slow = connect(port, '127.0.0.1')
  slow.pause()
  slow.write('GET /boot/files/initrd HTTP/1.1\r\nHost: site\r\n\r\n')
  // The kernel's buffers have taken all of it.
  await until('end of the answer', () => events.some((event) => event.kind === 'file' && event.whole))
  const later = await open(port, '/boot/files/vmlinuz')
  t.is(await later.ended, 'ECONNRESET', 'as long as a small answer needs, nobody asked again')
  let bytes = 0
  await new Promise<void>((resolve, reject) => {
    slow.on('error', reject)
    slow.on('data', (piece) => {
      bytes += piece.length
      if (bytes > RAMDISK_BYTES) resolve()
    })
    slow.resume()
  })
  slow.destroy()
  t.true(bytes > RAMDISK_BYTES)
})

test('a PC that starts anew finds nothing of its former boot: neither by TFTP nor by HTTP', async (t) => {
  const { port, boot, get } = await site(t)
  const former = await open(port, '/boot/files/vmlinuz')
  boot.hear({ kind: 'sent', name: 'shimx64.efi', address: '127.0.0.1' })
  t.is(await former.ended, 'ECONNRESET')
  const other = await open(port, '/boot/files/vmlinuz')
  t.is((await get('/boot/grub/efi/52:54:00:00:00:01')).status, 200)
  t.is(await other.ended, 'ECONNRESET')
})

/** Everything that comes until the server ends the connection. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(answer))
  })
}

/** A client that has its answer and stays; `ended` says how the connection ends. */
async function open(port: number, path: string): Promise<{ readonly ended: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    socket.on('end', () => resolve('closed'))
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: site\r\n\r\n`)
  let bytes = 0
  await new Promise<void>((resolve) =>
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (bytes >= KERNEL.length) resolve()
    }),
  )
  return { ended }
}
