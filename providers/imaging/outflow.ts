/** Writes to a client at the pace at which it reads, within the site's bandwidth, and notices when it goes away. */
import type { ServerResponse } from 'node:http'
import type { Bandwidth } from './bandwidth.ts'

export type Outflow = {
  /** Aborts when the client is gone, or has read nothing for `stallMs`. */
  readonly gone: AbortSignal
  /** False: the client is gone, there is nobody to write for. */
  write(bytes: Uint8Array): Promise<boolean>
}

/** A piece of this size at a time is bought from the bandwidth, so that transfers share it evenly. */
const pieceBytes = 256 * 1024

export function createOutflow(response: ServerResponse, bandwidth: Bandwidth, stallMs: number): Outflow {
  const leaving = new AbortController()
  if (response.destroyed) leaving.abort()
  response.once('close', () => leaving.abort())
  response.on('error', () => leaving.abort())
  const gone = leaving.signal

  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const stall = setTimeout(() => response.destroy(), stallMs)
      const end = () => {
        clearTimeout(stall)
        response.off('drain', end)
        gone.removeEventListener('abort', end)
        resolve()
      }
      response.once('drain', end)
      gone.addEventListener('abort', end, { once: true })
    })

  return {
    gone,
    async write(bytes) {
      for (let from = 0; from < bytes.length; from += pieceBytes) {
        if (gone.aborted) return false
        const piece = bytes.subarray(from, from + pieceBytes)
        await bandwidth.take(piece.length, gone)
        if (gone.aborted) return false
        if (!response.write(piece)) await drained()
      }
      return !gone.aborted
    },
  }
}
