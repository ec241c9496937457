/** A site server's image store, served by a process of its own, so that its CPU time can be told from a PC's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cpuOfProcess } from '../process-cpu.ts'

export type StoreServer = AsyncDisposable & {
  readonly port: number
  cpuMs(): Promise<number>
}

/** A program of this folder. */
export const node = (script: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, script),
  ...args,
]

/** `inside`: what its command line begins with, to start it in a network of its own. */
export async function serveStore(
  folder: string,
  address = '127.0.0.1',
  inside: readonly string[] = [],
): Promise<StoreServer> {
  const [file = '', ...args] = [...inside, ...node('store-process.ts', folder, address)]
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => {
      throw new Error(`the store on ${address} did not come up`)
    }),
  ])
  const { port, pid } = JSON.parse(String(line))
  return {
    port,
    cpuMs: () => cpuOfProcess(pid),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      process.kill(pid, 'SIGTERM')
      await ended
    },
  }
}

/** The engine with Node's options of the ramdisk (imager/ramdisk/root/init). */
export const engine = (baseUrl: string, digest: string, device: string): readonly string[] => {
  const [program = '', ...rest] = node('equal-process.ts', baseUrl, digest, device)
  return [program, '--max-semi-space-size=1', ...rest]
}
