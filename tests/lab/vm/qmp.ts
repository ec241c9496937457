/** QEMU's control socket (QMP): one JSON object a line; each command is answered by `return` or `error`, with its id. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { until } from '../until.ts'

export type Qmp = {
  /** Resolves with what the command returns; rejects if QEMU refuses it or is gone. */
  readonly execute: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
  readonly close: () => void
}

type Reply = {
  readonly id?: number
  readonly return?: unknown
  readonly error?: { readonly desc?: string }
}

export async function openQmp(path: string, timeoutMs: number): Promise<Qmp> {
  const socket = await until('control socket of QEMU', () => tryConnect(path), timeoutMs)
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let last = 0
  const lines = createInterface({ input: socket })
  lines.on('line', (line) => {
    const reply: Reply = JSON.parse(line)
    const asked = reply.id === undefined ? undefined : waiting.get(reply.id)
    // Greeting and events have no id.
    if (asked === undefined || reply.id === undefined) return
    waiting.delete(reply.id)
    if (reply.error === undefined) asked.resolve(reply.return)
    else asked.reject(new Error(`QEMU: ${reply.error.desc}`))
  })
  const gone = (): void => {
    for (const { reject } of waiting.values()) reject(new Error('QEMU is gone'))
    waiting.clear()
  }
  socket.on('close', gone)
  // A killed QEMU resets the connection; `close` follows.
  socket.on('error', gone)
  lines.on('error', gone)
  const execute: Qmp['execute'] = (command, args) => {
    if (socket.destroyed) return Promise.reject(new Error('QEMU is gone'))
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = ++last
    waiting.set(id, { resolve, reject })
    socket.write(
      `${JSON.stringify({ execute: command, id, ...(args === undefined ? {} : { arguments: args }) })}\n`,
    )
    return promise
  }
  await execute('qmp_capabilities')
  return { execute, close: () => socket.destroy() }
}

async function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return socket
  } catch {
    // Not there yet: `until` asks again.
    socket.destroy()
    return undefined
  }
}
