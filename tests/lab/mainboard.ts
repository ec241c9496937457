/** The lab's side of a PC's mainboard: starts its process, gives it orders, remembers what it reports. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BoardOptions, Order, PowerCause, PowerState, Report } from './board.ts'
import type { Ground } from './ground.ts'

const BOARD_MS = 30_000
const CONSOLE_LINES = 200

export type Board = {
  readonly pid: number
  readonly state: PowerState
  readonly bootId: string | undefined
  readonly systemPid: number | undefined
  /** How often its operating system got up. */
  readonly boots: number
  readonly history: readonly { readonly state: PowerState; readonly cause: PowerCause }[]
  readonly console: readonly string[]
  readonly order: (order: Order) => void
  readonly until: (what: PowerState, reached: () => boolean, timeoutMs: number) => Promise<void>
}

export async function mountBoard(ground: Ground, options: BoardOptions): Promise<Board> {
  const [command, ...prefix] = ground.enter
  const firmware = fileURLToPath(new URL('firmware.ts', import.meta.url))
  const child: ChildProcess = spawn(
    command,
    [...prefix, 'unshare', '--net', '--', process.execPath, firmware, JSON.stringify(options)],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const history: { state: PowerState; cause: PowerCause }[] = []
  const consoleLines: string[] = []
  const watchers = new Set<() => void>()
  const board = {
    pid: 0,
    state: 'off' as PowerState,
    bootId: undefined as string | undefined,
    systemPid: undefined as number | undefined,
    boots: 0,
    dead: false,
  }
  const hear = (report: Report): void => {
    switch (report.kind) {
      case 'board':
        board.pid = report.pid
        break
      case 'system':
        board.systemPid = report.pid
        board.bootId = report.bootId
        break
      case 'state':
        board.state = report.state
        if (report.state === 'off') board.systemPid = undefined
        if (report.state === 'on') board.boots++
        history.push({ state: report.state, cause: report.cause })
        break
      case 'console':
        consoleLines.push(report.line)
        if (consoleLines.length > CONSOLE_LINES) consoleLines.shift()
    }
  }
  const tellAll = (): void => {
    for (const watcher of [...watchers]) watcher()
  }
  if (child.stdout === null || child.stderr === null) throw new Error('a board without wires')
  createInterface({ input: child.stdout }).on('line', (line) => {
    hear(JSON.parse(line))
    tellAll()
  })
  createInterface({ input: child.stderr }).on('line', (line) => consoleLines.push(`board: ${line}`))
  child.on('close', () => {
    board.dead = true
    board.state = 'off'
    board.systemPid = undefined
    tellAll()
  })
  // An order to a board that has gone is noticed by `until`.
  child.stdin?.on('error', () => tellAll())

  const until = (what: string, reached: () => boolean, timeoutMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (reached()) settle(resolve)
        else if (board.dead) settle(() => reject(new Error(`the board died\n${consoleLines.join('\n')}`)))
      }
      const settle = (end: () => void): void => {
        clearTimeout(timer)
        watchers.delete(check)
        end()
      }
      const timer = setTimeout(
        () =>
          settle(() =>
            reject(
              new Error(`not ${what} after ${timeoutMs} ms but ${board.state}\n${consoleLines.join('\n')}`),
            ),
          ),
        timeoutMs,
      )
      watchers.add(check)
      check()
    })
  await until('there', () => board.pid !== 0, BOARD_MS)
  return {
    get pid() {
      return board.pid
    },
    get state() {
      return board.state
    },
    get bootId() {
      return board.bootId
    },
    get systemPid() {
      return board.systemPid
    },
    get boots() {
      return board.boots
    },
    history,
    console: consoleLines,
    order: (order) => child.stdin?.write(`${JSON.stringify(order)}\n`),
    until,
  }
}
