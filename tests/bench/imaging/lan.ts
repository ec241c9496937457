/** A lycée's network on this machine: PCs and a site server, each a network namespace, on one bridge; the server's link is shaped. */
import { must, run } from '../../lab/command.ts'

export type Lan = AsyncDisposable & {
  readonly serverAddress: string
  /** What a command line begins with to run on the server, or on the PC of this number. */
  readonly onServer: readonly string[]
  onPc(index: number): readonly string[]
  /** From the server to all PCs together. */
  shape(megabits: number): Promise<void>
}

const subnet = '10.77.0'

export async function createLan(pcs: number): Promise<Lan> {
  const prefix = `pvb${process.pid}`
  const bridge = `${prefix}-sw`
  const server = `${prefix}-srv`
  const pc = (index: number): string => `${prefix}-pc${index}`
  const members = [server, ...Array.from({ length: pcs }, (_, index) => pc(index))]
  const ip = (...words: readonly string[]): Promise<string> => must('ip', words)

  const dispose = async (): Promise<void> => {
    // The bridge and all cables are in the namespaces, and go with them. One that was never made is no trouble.
    for (const name of [bridge, ...members]) await run('ip', ['netns', 'delete', name])
  }
  try {
    await ip('netns', 'add', bridge)
    await ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge')
    await ip('-n', bridge, 'link', 'set', 'br0', 'up')
    for (const [index, name] of members.entries()) {
      const port = `port${index}`
      await ip('netns', 'add', name)
      await ip('-n', bridge, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      await ip('-n', bridge, 'link', 'set', port, 'master', 'br0', 'up')
      await ip('-n', name, 'address', 'add', `${subnet}.${index + 1}/24`, 'dev', 'eth0')
      await ip('-n', name, 'link', 'set', 'eth0', 'up')
      await ip('-n', name, 'link', 'set', 'lo', 'up')
    }
  } catch (error) {
    await dispose()
    throw error
  }
  const inside = (name: string): readonly string[] => ['ip', 'netns', 'exec', name]
  return {
    serverAddress: `${subnet}.1`,
    onServer: inside(server),
    onPc: (index) => inside(pc(index)),
    shape: async (megabits) => {
      // Large enough for what the card would send in one go, 64 KiB, and for some milliseconds.
      const burst = Math.max(128, megabits / 2)
      const rate = ['rate', `${megabits}mbit`, 'burst', `${burst}kb`, 'latency', '30ms']
      await must('tc', ['-n', server, 'qdisc', 'replace', 'dev', 'eth0', 'root', 'tbf', ...rate])
    },
    [Symbol.asyncDispose]: dispose,
  }
}
