import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { connect, defaultConnectLimits, type Endpoint, readHostKey } from '../../providers/ssh/connection.ts'
import type { Command, Executed } from '../../providers/ssh/exec.ts'
import type { HostKeyPins } from '../../providers/ssh/host-key.ts'
import { createPool, defaultPoolLimits, type Pool } from '../../providers/ssh/pool.ts'
import type { Unreached } from '../../providers/ssh/reach.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import { keygen, startMute, startProxy, startSshd, waitFor } from './sshd.ts'

const machine = 'victor-hugo/b204-01' as MachineId
const never = new AbortController().signal

function memoryPins(first?: string): HostKeyPins & { readonly pinned: string[] } {
  const pinned: string[] = first === undefined ? [] : [first]
  return {
    pinned,
    get: async () => pinned[0],
    pin: async (_machine, fingerprint) => void pinned.push(fingerprint),
  }
}

const endpoint = (port: number, more: Partial<Endpoint> = {}): Endpoint => ({
  machine,
  host: '127.0.0.1',
  port,
  user: 'root',
  firstContact: 'refuse',
  ...more,
})

const command = (line: string, more: Partial<Command> = {}): Command => ({
  line,
  timeoutMs: 30_000,
  keepBytes: 64 << 10,
  ...more,
})

async function withSshd(
  t: ExecutionContext,
  hostKeys: Parameters<typeof startSshd>[0] = ['ed25519'],
): Promise<Awaited<ReturnType<typeof startSshd>>> {
  const sshd = await startSshd(hostKeys)
  t.teardown(() => sshd.remove())
  return sshd
}

function pool(t: ExecutionContext, privateKey: string, pins: HostKeyPins, limits = defaultPoolLimits): Pool {
  const made = createPool({ privateKey, pins }, limits)
  t.teardown(() => made.close())
  return made
}

function refusedWith(t: ExecutionContext, result: Executed | Unreached): Unreached {
  if (result.kind !== 'unreached') throw t.fail(`reached: ${JSON.stringify(result)}`)
  return result
}

test('an unknown host key is refused with the fingerprint that ssh-keygen prints, and nothing is run', async (t) => {
  const sshd = await withSshd(t)
  const pins = memoryPins()
  const trace = join(sshd.folder, 'ran')
  const result = await pool(t, sshd.privateKey, pins).run(
    endpoint(sshd.port),
    command(`touch ${trace}`),
    never,
  )
  const { reach, class: failure, reason } = refusedWith(t, result)
  t.deepEqual([reach, failure, reason.code], ['silent', 'terminal', 'host-key-unknown'])
  t.is(reason.detail, sshd.fingerprint('ed25519'))
  t.true(reason.message.fr.includes(sshd.fingerprint('ed25519')))
  t.deepEqual(pins.pinned, [])
  t.false(existsSync(trace))
})

test('the host key can be read without logging in, for a person to confirm', async (t) => {
  const sshd = await withSshd(t)
  const seen = await readHostKey(endpoint(sshd.port), defaultConnectLimits, never)
  t.deepEqual(seen, { kind: 'host-key', fingerprint: sshd.fingerprint('ed25519') })
})

test('with firstContact pin the first key is pinned, and only that one is accepted afterwards', async (t) => {
  const sshd = await withSshd(t)
  const pins = memoryPins()
  const to = endpoint(sshd.port, { firstContact: 'pin' })
  const first = await pool(t, sshd.privateKey, pins).run(to, command('echo hello'), never)
  t.is(first.kind === 'exited' ? first.stdout : first.kind, 'hello\n')
  t.deepEqual(pins.pinned, [sshd.fingerprint('ed25519')])

  const other = await withSshd(t)
  const second = await pool(t, other.privateKey, pins).run(
    endpoint(other.port, { firstContact: 'pin' }),
    command('true'),
    never,
  )
  t.is(refusedWith(t, second).reason.code, 'host-key-changed')
  t.is(pins.pinned.length, 1)
})

test('a changed host key is refused before the login and nothing is run', async (t) => {
  const sshd = await withSshd(t)
  const wrong = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  const trace = join(sshd.folder, 'ran')
  const result = await pool(t, sshd.privateKey, memoryPins(wrong)).run(
    endpoint(sshd.port),
    command(`touch ${trace}`),
    never,
  )
  const { reach, class: failure, reason } = refusedWith(t, result)
  t.deepEqual([reach, failure, reason.code], ['silent', 'terminal', 'host-key-changed'])
  t.true(reason.message.en.includes(wrong))
  t.false(existsSync(trace))
})

test('the spec pins any of the host keys, not only the kind that is negotiated first', async (t) => {
  const sshd = await withSshd(t, ['ed25519', 'ecdsa', 'rsa'])
  for (const kind of ['ed25519', 'ecdsa', 'rsa'] as const) {
    const result = await pool(t, sshd.privateKey, memoryPins()).run(
      endpoint(sshd.port, { hostKey: `${sshd.fingerprint(kind)}=` }),
      command('echo hello'),
      never,
    )
    t.is(result.kind === 'exited' ? result.stdout : JSON.stringify(result), 'hello\n', kind)
  }
})

test('the spec goes before the pin', async (t) => {
  const sshd = await withSshd(t)
  const to = endpoint(sshd.port, { hostKey: 'SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB' })
  const pins = memoryPins(sshd.fingerprint('ed25519'))
  const result = await pool(t, sshd.privateKey, pins).run(to, command('true'), never)
  t.is(refusedWith(t, result).reason.code, 'host-key-changed')
})

test('a login that the machine refuses says so', async (t) => {
  const sshd = await withSshd(t)
  keygen(join(sshd.folder, 'stranger'), 'ed25519')
  const stranger = readFileSync(join(sshd.folder, 'stranger'), 'utf8')
  const result = await pool(t, stranger, memoryPins(sshd.fingerprint('ed25519'))).run(
    endpoint(sshd.port),
    command('true'),
    never,
  )
  const { reach, reason } = refusedWith(t, result)
  t.deepEqual([reach, reason.code], ['silent', 'login-refused'])
})

test('many commands, also at once, share one TCP connection', async (t) => {
  const sshd = await withSshd(t)
  const proxy = await startProxy(sshd.port)
  t.teardown(() => proxy.close())
  const shared = pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519')))
  const to = endpoint(proxy.port)
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => shared.run(to, command(`echo ${index}`), never)),
  )
  t.deepEqual(
    results.map((result) => (result.kind === 'exited' ? result.stdout : result.kind)),
    Array.from({ length: 20 }, (_, index) => `${index}\n`),
  )
  await shared.run(to, command('true'), never)
  t.is(proxy.connections(), 1)
})

test('an idle connection is closed, and the next command opens another', async (t) => {
  const sshd = await withSshd(t)
  const proxy = await startProxy(sshd.port)
  t.teardown(() => proxy.close())
  const limits = { ...defaultPoolLimits, idleMs: 50 }
  const shared = pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519')), limits)
  await shared.run(endpoint(proxy.port), command('true'), never)
  await waitFor(() => proxy.open() === 0, 'the idle connection to close')
  const again = await shared.run(endpoint(proxy.port), command('true'), never)
  t.is(again.kind, 'exited')
  t.is(proxy.connections(), 2)
})

test('no more machines are worked on at once than the pool allows', async (t) => {
  const sshd = await withSshd(t)
  const proxy = await startProxy(sshd.port)
  t.teardown(() => proxy.close())
  const limits = { ...defaultPoolLimits, concurrency: 2, idleMs: 0 }
  const bounded = pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519')), limits)
  const log = join(sshd.folder, 'log')
  // Nobody ends before there were two: the most must be reached.
  const work = `echo start >> ${log}; while [ "$(grep -c start ${log})" -lt 2 ]; do sleep 0.05; done; echo end >> ${log}`
  await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      bounded.run(
        endpoint(proxy.port, { machine: `victor-hugo/pc-${index}` as MachineId }),
        command(work),
        never,
      ),
    ),
  )
  let atOnce = 0
  let most = 0
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
    atOnce += line === 'start' ? 1 : -1
    most = Math.max(most, atOnce)
  }
  t.is(most, 2)
})

test('output is streamed whole and kept in its head and tail', async (t) => {
  const sshd = await withSshd(t)
  let streamed = 0
  const result = await pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519'))).run(
    endpoint(sshd.port),
    command('echo first; head -c 3000000 /dev/zero | tr "\\0" x; echo; echo last', {
      keepBytes: 1000,
      onStdout: (chunk) => {
        streamed += chunk.length
      },
    }),
    never,
  )
  if (result.kind !== 'exited') throw t.fail(result.kind)
  t.is(streamed, 3_000_012)
  t.is(result.droppedBytes, 3_000_012 - 1000)
  t.true(result.stdout.startsWith('first\nxxx'))
  t.true(result.stdout.endsWith('xxx\nlast\n'))
  t.true(result.stdout.includes(`[… ${3_000_012 - 1000} bytes …]`))
})

test('exit code, error output and standard input arrive', async (t) => {
  const sshd = await withSshd(t)
  const result = await pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519'))).run(
    endpoint(sshd.port),
    command('cat >&2; exit 7', { stdin: Buffer.from('à l’écoute\0\n') }),
    never,
  )
  t.like(result, { kind: 'exited', exitCode: 7, stderr: 'à l’écoute\0\n' })
})

test('a command that takes too long is left, and the connection serves the next one', async (t) => {
  const sshd = await withSshd(t)
  const shared = pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519')))
  const to = endpoint(sshd.port)
  const late = await shared.run(to, command('exec sleep 20', { timeoutMs: 300 }), never)
  t.like(late, { kind: 'timeout', exitCode: null })
  t.like(await shared.run(to, command('echo after'), never), { kind: 'exited', stdout: 'after\n' })
})

test('a command is left at once when its signal aborts', async (t) => {
  const sshd = await withSshd(t)
  const shared = pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519')))
  const abort = new AbortController()
  const result = await shared.run(
    endpoint(sshd.port),
    command('echo ready; exec sleep 20', { onStdout: () => abort.abort() }),
    abort.signal,
  )
  t.like(result, { kind: 'aborted', stdout: 'ready\n' })
})

test('a connection that breaks in the middle of a command is lost, and the next command gets a new one', async (t) => {
  const sshd = await withSshd(t)
  const proxy = await startProxy(sshd.port)
  t.teardown(() => proxy.close())
  const shared = pool(t, sshd.privateKey, memoryPins(sshd.fingerprint('ed25519')))
  const cut = command('echo ready; exec sleep 20', { onStdout: () => proxy.cut() })
  t.like(await shared.run(endpoint(proxy.port), cut, never), { kind: 'lost', stdout: 'ready\n' })
  t.like(await shared.run(endpoint(proxy.port), command('true'), never), { kind: 'exited', exitCode: 0 })
})

test('a machine without sshd is silent, with a refused connection', async (t) => {
  const sshd = await withSshd(t)
  await sshd.stop()
  const result = await pool(t, sshd.privateKey, memoryPins()).run(endpoint(sshd.port), command('true'), never)
  const { reach, class: failure, reason } = refusedWith(t, result)
  t.deepEqual([reach, failure, reason.code], ['silent', 'wait', 'ssh-refused'])
})

test('a machine that accepts and says nothing is silent, with a stuck handshake', async (t) => {
  const sshd = await withSshd(t)
  const mute = await startMute()
  t.teardown(() => mute.close())
  const limits = { ...defaultPoolLimits, handshakeTimeoutMs: 200 }
  const result = await pool(t, sshd.privateKey, memoryPins(), limits).run(
    endpoint(mute.port),
    command('true'),
    never,
  )
  const { reach, reason } = refusedWith(t, result)
  t.deepEqual([reach, reason.code], ['silent', 'ssh-handshake-timeout'])
})

test('a connection can be given up before it is there', async (t) => {
  const mute = await startMute()
  t.teardown(() => mute.close())
  const abort = new AbortController()
  const connecting = connect(
    endpoint(mute.port),
    { privateKey: '', pins: memoryPins() },
    defaultConnectLimits,
    abort.signal,
  )
  abort.abort()
  const result = await connecting
  t.is(result.kind === 'unreached' ? result.reason.code : result.kind, 'abandoned')
})
