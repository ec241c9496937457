/**
 * A PC's mainboard: the process that is there while the PC is plugged in, in the network namespace that has its card. It
 * starts and ends the operating system, and while that is off it listens for the magic packet, silent otherwise: an
 * off PC has no address, answers no ARP, refuses no connection.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { existsSync, writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type BoardOptions, isMagicPacket, type Order, type PowerCause, type Report } from './board.ts'

const REBOOT = 3
const IPV6 = '/proc/sys/net/ipv6/conf/all/disable_ipv6'
const POWER_ON = fileURLToPath(new URL('pc/power-on', import.meta.url))
const options: BoardOptions = JSON.parse(process.argv[2] ?? '')

let listeners: readonly Socket[] = []
let system: ChildProcess | undefined
let systemPid: number | undefined
let cutting = false

const report = (line: Report): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The card alone: up, no address, and the one route that hands broadcasts to a socket without answering anything. */
function standBy(): void {
  ip('address', 'flush', 'dev', 'eth0')
  ip('link', 'set', 'eth0', 'up')
  for (const scope of ['all', 'eth0']) writeFileSync(`/proc/sys/net/ipv4/conf/${scope}/rp_filter`, '0')
  ip('route', 'replace', 'broadcast', options.broadcast, 'dev', 'eth0', 'table', 'local', 'scope', 'link')
  listeners = options.wakePorts.map((port) => {
    const socket = createSocket('udp4')
    socket.on('message', (payload) => {
      if (system === undefined && isMagicPacket(payload, options.mac)) start('magic-packet')
    })
    socket.bind(port, '0.0.0.0')
    return socket
  })
}

function leaveStandBy(): void {
  for (const socket of listeners) socket.close()
  listeners = []
  ip('link', 'set', 'eth0', 'down')
  ip('address', 'flush', 'dev', 'eth0')
}

function start(cause: PowerCause): void {
  leaveStandBy()
  const bootId = randomUUID()
  // Its own clock since boot, where the kernel has that: uptime and boot time are then the PC's, not the host's.
  const clock = existsSync('/proc/self/ns/time') ? ['--time', `--boottime=-${Math.floor(uptime())}`] : []
  const started = spawn(
    'unshare',
    [
      ...['--mount', '--uts', '--ipc', '--pid', ...clock, '--fork', '--kill-child=KILL', '--'],
      ...['/bin/sh', POWER_ON, options.disk, bootId],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  system = started
  systemPid = undefined
  report({ kind: 'state', state: 'starting', cause })
  for (const stream of [started.stdout, started.stderr])
    createInterface({ input: stream }).on('line', (line) => heard(line, bootId))
  started.on('close', (code) => ended(code))
}

function heard(line: string, bootId: string): void {
  const pid = /^lab: pid (\d+)$/.exec(line)?.[1]
  if (pid !== undefined) {
    systemPid = Number(pid)
    report({ kind: 'system', pid: systemPid, bootId })
  } else if (line === 'lab: ready') report({ kind: 'state', state: 'on', cause: 'boot' })
  else if (line === 'lab: stopping') report({ kind: 'state', state: 'stopping', cause: 'shutdown' })
  else report({ kind: 'console', line })
}

function ended(code: number | null): void {
  // Whatever connections are left are those of a machine that no longer exists: they must not say goodbye later on.
  execFileSync('ss', ['-K', '-tan'], { stdio: 'ignore' })
  system = undefined
  const wasCut = cutting
  cutting = false
  if (code === REBOOT && !wasCut) {
    report({ kind: 'state', state: 'off', cause: 'reboot' })
    start('reboot')
    return
  }
  standBy()
  report({ kind: 'state', state: 'off', cause: wasCut ? 'cut' : code === 0 ? 'shutdown' : 'crash' })
}

function obey(order: Order): void {
  switch (order) {
    case 'mains':
      // Without IPv6 there are no duplicate-address probes to wait for. A kernel without it has nothing to switch off.
      if (existsSync(IPV6)) writeFileSync(IPV6, '1')
      standBy()
      report({ kind: 'state', state: 'off', cause: 'mains' })
      break
    case 'press':
      if (system === undefined) start('button')
      else if (systemPid !== undefined) process.kill(systemPid, 'SIGUSR2')
      break
    case 'cut':
      if (system === undefined) report({ kind: 'state', state: 'off', cause: 'cut' })
      else cut(system)
  }
}

function cut(running: ChildProcess): void {
  cutting = true
  // First the wire, so that no dying process can send a last word; then everything at once.
  ip('link', 'set', 'eth0', 'down')
  running.kill('SIGKILL')
}

const orders = createInterface({ input: process.stdin })
orders.on('line', (line) => obey(JSON.parse(line)))
// The lab is gone: so is the mains.
orders.on('close', () => process.exit(0))

report({ kind: 'board', pid: process.pid })
