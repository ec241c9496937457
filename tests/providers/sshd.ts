/** A real sshd on 127.0.0.1 with its own keys and configuration, and a TCP proxy in front of it that counts and cuts. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type HostKeyKind = 'ed25519' | 'rsa' | 'ecdsa'

export type Sshd = {
  readonly folder: string
  readonly port: number
  readonly privateKey: string
  /** As `ssh-keygen -l` prints it. */
  fingerprint(kind: HostKeyKind): string
  /** Kills the listener and every connection's process. */
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

export async function startSshd(hostKeys: readonly HostKeyKind[] = ['ed25519']): Promise<Sshd> {
  installSshd()
  const folder = mkdtempSync(join(tmpdir(), 'proviseur-sshd-'))
  for (const kind of hostKeys) keygen(join(folder, `host-${kind}`), kind)
  keygen(join(folder, 'user'), 'ed25519')
  const port = await freePort()
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeys.map((kind) => `HostKey ${folder}/host-${kind}`),
      `AuthorizedKeysFile ${folder}/user.pub`,
      'StrictModes no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'UsePAM no',
      'PidFile none',
      'MaxStartups 100',
      '',
    ].join('\n'),
  )
  let process: ChildProcess | undefined

  async function start(): Promise<void> {
    process = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' })
    await waitFor(() => canConnect(port), `sshd on port ${port}`)
  }

  async function stop(): Promise<void> {
    const running = process
    if (running?.pid === undefined) return
    process = undefined
    const ended = new Promise((resolve) => running.once('exit', resolve))
    for (const pid of [running.pid, ...descendants(running.pid)]) killSafely(pid)
    await ended
  }

  await start()
  return {
    folder,
    port,
    privateKey: readFileSync(join(folder, 'user'), 'utf8'),
    fingerprint: (kind) =>
      execFileSync('ssh-keygen', ['-lf', join(folder, `host-${kind}.pub`)], { encoding: 'utf8' }).split(
        ' ',
      )[1] ?? '',
    stop,
    start,
    async remove() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function installSshd(): void {
  if (!existsSync('/usr/sbin/sshd')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    execFileSync('apt-get', ['update', '-q'], { env, stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-qy', '--no-install-recommends', 'openssh-server'], {
      env,
      stdio: 'ignore',
    })
  }
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
}

export function keygen(file: string, kind: HostKeyKind): void {
  execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', '', '-f', file])
}

/** sshd's own children only: what an action detached (a session of its own, adopted by init) is not among them. */
function descendants(root: number): readonly number[] {
  const children = execFileSync('ps', ['-eo', 'pid=,ppid=,sid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const found: number[] = []
  for (const parents = [root]; parents.length > 0; ) {
    const parent = parents.pop()
    for (const [pid, ppid] of children) {
      if (pid === undefined || ppid !== parent) continue
      found.push(pid)
      parents.push(pid)
    }
  }
  return found.filter((pid) => commandOf(pid).startsWith('sshd'))
}

function commandOf(pid: number): string {
  return existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
}

function killSafely(pid: number): void {
  if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL')
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket()
    socket.once('error', () => resolve(false))
    socket.connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

/** Asks again until it is so; the test's own time limit is the only limit. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export type Proxy = {
  readonly port: number
  connections(): number
  open(): number
  /** Breaks every connection as a pulled cable does in the end. */
  cut(): void
  close(): Promise<void>
}

export async function startProxy(to: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((inner) => {
    connections++
    const outer = new Socket()
    outer.connect(to, '127.0.0.1')
    for (const [from, into] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => into.write(chunk))
      from.on('error', () => into.destroy())
      from.on('close', () => {
        sockets.delete(from)
        into.destroy()
      })
    }
  })
  const port = await listen(server)
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    connections: () => connections,
    open: () => sockets.size,
    cut,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A server that accepts and says nothing. */
export async function startMute(): Promise<Pick<Proxy, 'port' | 'close'>> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  const port = await listen(server)
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
