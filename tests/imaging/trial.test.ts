/** The trial boot around QEMU: what it is told, and what of its PC counts as a login. The PC is a stand-in for the program itself. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../cli/clock.ts'
import { createKeyPair } from '../../cli/management-key.ts'
import { findAccelerator } from '../../providers/imaging/trial/accelerator.ts'
import { isPrivateKey, sshAnswers, sshLogsIn } from '../../providers/imaging/trial/login-check.ts'
import { type Trial, tryImage } from '../../providers/imaging/trial/trial.ts'
import { trialArguments } from '../../providers/imaging/trial/trial-pc.ts'
import { until } from '../lab/until.ts'
import { temporaryFolder } from './made-image.ts'
import { deadPort } from './served.ts'

const ssh2 = fileURLToPath(new URL('../../node_modules/ssh2', import.meta.url))
const key = createKeyPair('jeanne')
const other = createKeyPair('paul')
const host = createKeyPair('host')
const tcg = { kind: 'tcg', arguments: [], processors: 1 } as const

/** Puts a program in QEMU's place; `port` is where the PC's port 22 is to be found. */
async function standIn(t: ExecutionContext, program: string | undefined): Promise<string> {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'bin'))
  const head = `#!${process.execPath}
const port = Number(/hostfwd=tcp:127\\.0\\.0\\.1:(\\d+)-:22/.exec(process.argv.join(' '))[1])
require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(process.pid))
setInterval(() => {}, 60000)
`
  if (program !== undefined)
    await writeFile(join(folder, 'bin/qemu-system-x86_64'), head + program, { mode: 0o755 })
  const before = process.env['PATH']
  process.env['PATH'] = join(folder, 'bin')
  t.teardown(() => {
    process.env['PATH'] = before
  })
  return folder
}

/** An SSH server that lets root in with one key. */
const sshServer = `
const { Server, utils } = require(${JSON.stringify(ssh2)})
const allowed = utils.parseKey(${JSON.stringify(key.public)})
new Server({ hostKeys: [${JSON.stringify(host.private)}] }, (client) => {
  client.on('error', () => {})
  client.on('authentication', (given) => {
    const right = given.method === 'publickey' && given.username === 'root' && allowed.getPublicSSH().equals(given.key.data)
    if (right && (!given.signature || allowed.verify(given.blob, given.signature, given.hashAlgo))) given.accept()
    else given.reject(['publickey'])
  })
}).listen(port, '127.0.0.1')
`

const trial = (folder: string, more: Partial<Trial> = {}): Trial => ({
  disk: join(folder, 'disk.raw'),
  folder,
  attached: 'nvme',
  firmware: 'bios',
  accelerator: tcg,
  timeoutMs: 60_000,
  clock: systemClock,
  signal: new AbortController().signal,
  ...more,
})

test.serial('a login prompt on the serial line passes, and the PC is dead afterwards', async (t) => {
  const folder = await standIn(t, "process.stdout.write('\\x1b[2JDebian 12\\r\\n\\r\\nedu-01 login: ')")
  const end = await tryImage(trial(folder))
  t.like(end, { ok: true, value: { passed: true, by: 'serial' } })
  if (end.ok) t.regex(end.value.lastWords, /^Debian 12\nedu-01 login:/)
  await assertDead(t, folder)
})

test.serial('a prompt inside a line is none: a boot menu may say “login: ” too', async (t) => {
  const folder = await standIn(t, "process.stdout.write('Waiting for login: service\\n')")
  t.like(await tryImage(trial(folder, { timeoutMs: 1_500 })), { ok: true, value: { passed: false } })
})

test.serial('with a key nothing else passes than a login of root with it', async (t) => {
  const program = `process.stdout.write('edu-01 login: ')\n${sshServer}`
  const folder = await standIn(t, program)
  t.like(await tryImage(trial(folder, { sshKey: key.private })), {
    ok: true,
    value: { passed: true, by: 'ssh' },
  })
  t.like(await tryImage(trial(folder, { sshKey: other.private, timeoutMs: 2_000 })), {
    ok: true,
    value: { passed: false },
  })
})

test.serial('without a key an SSH server that names itself passes', async (t) => {
  const folder = await standIn(t, sshServer)
  t.like(await tryImage(trial(folder)), { ok: true, value: { passed: true, by: 'ssh' } })
})

test.serial('a QEMU that ends at once does not pass, and what it complained of is told', async (t) => {
  const folder = await standIn(t, "process.stderr.write('qemu: no such device\\n', () => process.exit(1))")
  const end = await tryImage(trial(folder))
  t.like(end, { ok: true, value: { passed: false, lastWords: 'qemu: no such device' } })
})

test.serial('an abort ends the PC too', async (t) => {
  const folder = await standIn(t, '')
  const stop = new AbortController()
  const tried = tryImage(trial(folder, { signal: stop.signal }))
  await until('PC', () => readFile(join(folder, 'pid'), 'utf8').catch(() => undefined))
  stop.abort(new Error('enough'))
  await t.throwsAsync(tried, { message: 'enough' })
  await assertDead(t, folder)
})

test.serial('without QEMU it is refused with the package to install, and no program breaks', async (t) => {
  const folder = await standIn(t, undefined)
  const end = await tryImage(trial(folder))
  t.like(end, { ok: false, code: 'program-missing' })
  t.is((await findAccelerator(process.execPath)).kind, 'tcg')
})

async function assertDead(t: ExecutionContext, folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
}

test('each kind of disk is one that a PC has, with a card that its system knows', (t) => {
  const words = (attached: Trial['attached']): string =>
    trialArguments({
      disk: '/x/a,b.raw',
      attached,
      firmware: 'bios',
      variables: '/x/variables.fd',
      port: 2222,
      accelerator: tcg,
      memoryMib: 1024,
    }).join(' ')
  t.regex(words('sata'), /-device ide-hd,bus=ide\.0,drive=disk,bootindex=1$/)
  t.regex(words('nvme'), /-device nvme,serial=trial,drive=disk,bootindex=1$/)
  t.regex(words('virtio'), /-device virtio-blk-pci,drive=disk,bootindex=1$/)
  t.regex(words('nvme'), /-device e1000e,netdev=wire,romfile=/)
  t.regex(words('virtio'), /-device virtio-net-pci,netdev=wire,romfile=/)
  t.regex(words('nvme'), /hostfwd=tcp:127\.0\.0\.1:2222-:22/)
  t.true(words('nvme').includes('"filename":"/x/a,b.raw"'), 'a comma in the path is no new option')
})

test('a key that the library cannot use is told before anything is started', (t) => {
  t.true(isPrivateKey(key.private))
  t.false(isPrivateKey(key.public))
  t.false(isPrivateKey('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'))
})

test('a port at which nobody listens, or another service does, is no login', async (t) => {
  const port = await deadPort()
  t.false(await sshAnswers(port))
  t.false(await sshLogsIn(port, key.private))
  const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => web.listen(port, '127.0.0.1', resolve))
  t.teardown(() => web.close())
  t.false(await sshAnswers(port))
  t.false(await sshLogsIn(port, key.private))
})
