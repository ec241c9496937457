/** One build at a time in one cache. `flock` gives way by itself when its holder dies; a lock file of ours would not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export type Lock = { readonly release: () => Promise<void> }

/** Waits for as long as another process holds it. */
export async function holdLock(path: string): Promise<Lock> {
  const child = spawn('flock', [path, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(([code]) => {
      throw new Error(`flock ${path}: exit ${code}`)
    }),
  ])
  return {
    release: async () => {
      child.stdin.end()
      await ended
    },
  }
}
