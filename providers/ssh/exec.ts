/** Runs one command over a connection: streams what it prints, keeps a bounded part of it, ends in time. */
import type { ClientChannel } from 'ssh2'
import { capped } from './capped.ts'
import type { Connection } from './connection.ts'

export type Command = {
  /** A line for the login shell of the account. */
  readonly line: string
  readonly stdin?: Uint8Array
  readonly timeoutMs: number
  /** What is kept of each stream: its head and its tail. `onStdout` sees all of it. */
  readonly keepBytes: number
  readonly onStdout?: (chunk: Uint8Array) => void
}

export type Executed = {
  /** `lost`: the connection broke; `timeout`, `aborted`: we left, and the command may go on there. */
  readonly kind: 'exited' | 'timeout' | 'aborted' | 'lost' | 'not-started'
  /** Null unless `exited`, and then also if a signal ended it. */
  readonly exitCode: number | null
  readonly signal?: string
  readonly stdout: string
  readonly stderr: string
  readonly droppedBytes: number
}

/** Beyond this, Node's timers fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** `not-started`: the connection could not open another channel; nothing was run, and another connection may be tried. */
export async function execute(
  connection: Connection,
  command: Command,
  signal: AbortSignal,
): Promise<Executed> {
  const stdout = capped(command.keepBytes)
  const stderr = capped(command.keepBytes)
  const finished = (kind: Executed['kind'], exitCode: number | null = null, killed?: string): Executed => ({
    kind,
    exitCode,
    ...(killed === undefined ? {} : { signal: killed }),
    stdout: stdout.text(),
    stderr: stderr.text(),
    droppedBytes: stdout.droppedBytes() + stderr.droppedBytes(),
  })
  if (signal.aborted) return finished('aborted')
  const channel = await openChannel(connection, command)
  if (channel === undefined) return finished('not-started')

  return new Promise((resolve) => {
    const settle = (result: Executed) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      resolve(result)
    }
    const leave = (kind: 'timeout' | 'aborted') => {
      settle(finished(kind))
      channel.close()
    }
    const abort = () => leave('aborted')
    const timer = setTimeout(() => leave('timeout'), Math.min(command.timeoutMs, longestTimerMs))
    signal.addEventListener('abort', abort, { once: true })

    channel.on('data', (chunk: Buffer) => {
      stdout.push(chunk)
      command.onStdout?.(chunk)
    })
    channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A command that does not read all of its input closes it early: its exit code tells the story.
    channel.on('error', () => channel.close())
    // The arguments are those of 'exit', which may have been emitted before anybody could listen.
    channel.on('close', (code?: number | null, killed?: string) => {
      settle(code === undefined ? finished('lost') : finished('exited', code, killed))
    })
    channel.end(command.stdin === undefined ? undefined : Buffer.from(command.stdin))
  })
}

function openChannel(connection: Connection, command: Command): Promise<ClientChannel | undefined> {
  return new Promise((resolve) => {
    const settle = (channel: ClientChannel | undefined) => {
      forget()
      resolve(channel)
    }
    const forget = connection.onClose(() => resolve(undefined))
    if (!connection.isOpen()) return
    try {
      connection.client.exec(command.line, (error, channel) =>
        settle(error === undefined ? channel : undefined),
      )
    } catch (error) {
      // ssh2 throws "Not connected" when the socket ended and its close event is still to come.
      if (!(error instanceof Error) || error.message !== 'Not connected') throw error
      settle(undefined)
    }
  })
}
