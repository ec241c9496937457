import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Store } from '../reconciler/store/store.ts'

/** Names this process in the store: `<host>:<process>:<random>`. */
export const newOwner = (): string => `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`

/**
 * Lets go at once of what processes of this host that no longer live had under way, so that a restart after `kill -9` goes on
 * without waiting for their claims to grow stale. Should such a process live after all (a container with the same host name),
 * nothing runs twice: both ask the PC for the same action, and the PC runs it once.
 */
export const releaseTheDead = async (store: Store): Promise<void> => {
  const owners = new Set((await store.openActions()).map((open) => open.owner))
  for (const owner of owners) if (!mayLive(owner)) await store.touchOwner(owner, 0)
}

/** False: it was a process of this host, and is no more. */
export const mayLive = (owner: string): boolean => {
  const [host, pid] = owner.split(':')
  return host !== hostname() || isAlive(Number(pid))
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process: it lives, and may not be signalled.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
