/**
 * The ground a lab stands on: one process with mount, network, IPC and process namespaces of its own. All else that belongs to
 * the lab lives inside them. When that process ends, the kernel ends all others in there, and with the last of them go the
 * mounts, the bridge and its cables: nothing has to be cleaned up one by one, whatever way the lab ended.
 *
 * It reads its standard input and ends when that does; so it also ends with us, however we died.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type CommandOptions, must, type Result, run } from './command.ts'

/** Where the ground keeps its files: a folder that every Debian has, covered by a tmpfs inside the namespaces only. */
export const GROUND = '/mnt'

export type Ground = {
  /** Of the process that holds the namespaces, as the host counts. */
  readonly pid: number
  /** The words to put before a command so that it runs on the ground. */
  readonly enter: readonly [string, ...string[]]
  readonly run: (args: readonly string[], options?: CommandOptions) => Promise<Result>
  readonly must: (args: readonly string[], options?: CommandOptions) => Promise<string>
  /** The host's name of a file on the ground. */
  readonly path: (name: string) => string
  /** Ends everything on it. */
  readonly dispose: () => Promise<void>
}

const SCRIPT = `
set -eu
mount -t tmpfs -o mode=0755 lab ${GROUND}
mkdir ${GROUND}/base ${GROUND}/disks ${GROUND}/repository
mount --bind "$1" ${GROUND}/base
mount -o remount,bind,ro ${GROUND}/base
ip link set lo up
exec 3<&0
cat <&3 >/dev/null &
echo ready
wait $!
`

/** `base` is the shared root file system; it is seen read-only as `GROUND/base`. */
export async function layGround(base: string): Promise<Ground> {
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
      ...['--', '/bin/sh', '-c', SCRIPT, 'lab', base],
    ],
    // Its own session: Ctrl-C at a terminal reaches us first, and we end it in order.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  )
  const pid = await ready(child)
  const enter = [
    'nsenter',
    `--mount=/proc/${pid}/ns/mnt`,
    `--net=/proc/${pid}/ns/net`,
    `--ipc=/proc/${pid}/ns/ipc`,
    // unshare itself stays outside of the process namespace that it made; its child is the first inside.
    `--pid=/proc/${pid}/ns/pid_for_children`,
    '--',
  ] as const
  const [command, ...prefix] = enter
  return {
    pid,
    enter,
    run: (args, options) => run(command, [...prefix, ...args], options),
    must: (args, options) => must(command, [...prefix, ...args], options),
    path: (name) => `/proc/${pid}/root${GROUND}/${name}`,
    dispose: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.stdin?.end()
      await ended
    },
  }
}

async function ready(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.stdout?.setEncoding('utf8').once('data', () => {
    if (child.pid !== undefined) resolve(child.pid)
  })
  child.once('error', reject)
  child.once('close', () => reject(new Error(`the lab's namespaces cannot be made: ${said.trim()}`)))
  return promise
}
