/**
 * Another machine on the lab's wire: a program in a network namespace of its own whose `eth0` is a cable to the bridge. What
 * reaches it has crossed the wire, and it can listen on ports that the site server has too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Ground } from '../ground.ts'

export type Neighbour = {
  /** What the program prints, line by line; both outputs. */
  readonly onLine: (hear: (line: string) => void) => void
  readonly stop: () => Promise<void>
}

const SCRIPT = `
set -eu
echo $$
read -r go
six=/proc/sys/net/ipv6/conf/all/disable_ipv6
if [ -z "$1" ] && [ -e $six ]; then echo 1 >$six; fi
if [ -n "$1" ] && [ -e $six ]; then ip -6 address add "$1" dev eth0 nodad; fi
shift
ip link set lo up
ip address add "$1" broadcast + dev eth0
ip link set eth0 up
shift
exec "$@"
`

/** `port`: the name of the cable's end in the bridge. `address`, `address6` with their prefix lengths. */
export async function settle(
  ground: Ground,
  port: string,
  address: string,
  program: readonly string[],
  address6 = '',
): Promise<Neighbour> {
  const [command, ...prefix] = ground.enter
  const child: ChildProcess = spawn(
    command,
    [...prefix, 'unshare', '--net', '--', '/bin/sh', '-c', SCRIPT, port, address6, address, ...program],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  if (child.stdout === null || child.stderr === null || child.stdin === null)
    throw new Error('a neighbour without wires')
  const lines: string[] = []
  const hearers = new Set<(line: string) => void>()
  const hear = (line: string): void => {
    lines.push(line)
    for (const hearer of hearers) hearer(line)
  }
  const ended = once(child, 'close')
  const output = createInterface({ input: child.stdout })
  createInterface({ input: child.stderr }).on('line', hear)
  const [pid]: string[] = await Promise.race([
    once(output, 'line'),
    ended.then(() => {
      throw new Error(`${port} did not start: ${lines.join('\n')}`)
    }),
  ])
  output.on('line', hear)
  await ground.must([
    ...['ip', 'link', 'add', port, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'netns', pid ?? ''],
  ])
  await ground.must(['ip', 'link', 'set', port, 'master', 'bridge', 'up'])
  child.stdin.write('go\n')
  return {
    onLine: (hearer) => {
      for (const line of lines) hearer(line)
      hearers.add(hearer)
    },
    stop: async () => {
      // The child is nsenter, which would leave its own behind: that one is told by the number it gave.
      await ground.run(['kill', '-KILL', pid ?? ''])
      await ended
    },
  }
}
