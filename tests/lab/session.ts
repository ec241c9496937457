import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type ClientChannel } from 'ssh2'
import type { Pc } from './pc.ts'

export type Session = {
  readonly user: string
  /** As `who` prints it: `pts/0`. */
  readonly terminal: string
  /** Types a line at the terminal. */
  readonly type: (line: string) => void
  /** All that the terminal has shown so far. */
  readonly screen: () => string
  /** Logs out; resolves when `who` no longer shows it. */
  readonly close: () => Promise<void>
}

export type SessionOptions = {
  readonly pc: Pc
  readonly user: string
  readonly privateKey: string
  readonly hostKeyFingerprint: string
}

const LOGIN_MS = 20_000

/** A real login with a terminal, by password for the pupils' and teachers' accounts, by the lab's key for root. */
export async function openSession({
  pc,
  user,
  privateKey,
  hostKeyFingerprint,
}: SessionOptions): Promise<Session> {
  const client = new Client()
  const ready = once(client, 'ready')
  client.connect({
    host: pc.ip,
    username: user,
    ...(user === 'root' ? { privateKey } : { password: user }),
    hostVerifier: (key: Buffer) =>
      `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` === hostKeyFingerprint,
    readyTimeout: LOGIN_MS,
  })
  await ready
  // The PC may be cut while somebody is logged in: then the session is over, which `close` sees.
  client.on('error', () => client.end())
  const shell = await openShell(client)
  let screen = ''
  shell.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
  shell.write('tty\n')
  const terminal = await until(async () => /\/dev\/(pts\/\d+)/.exec(screen)?.[1])
  const shown = async (): Promise<boolean> => {
    const { stdout } = await pc.execResult('who')
    return stdout.split('\n').some((line) => line.startsWith(`${user} `) && line.split(/\s+/)[1] === terminal)
  }
  await until(async () => ((await shown()) ? true : undefined))
  return {
    user,
    terminal,
    type: (line) => void shell.write(`${line}\n`),
    screen: () => screen,
    close: async () => {
      client.end()
      await until(async () => (pc.state !== 'on' || !(await shown()) ? true : undefined))
    },
  }
}

const openShell = (client: Client): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.shell({ term: 'xterm' }, (error, channel) => (error ? reject(error) : resolve(channel)))
  })

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const last = Date.now() + LOGIN_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > last) throw new Error('the login did not get where it should')
    await delay(30)
  }
}
