/** Collects output up to a size, keeping its head and its tail: what was printed first and what was printed last tell most. */
export type Capped = {
  push(chunk: Uint8Array): void
  /** What was kept; where bytes were dropped a line says how many. */
  text(): string
  droppedBytes(): number
}

/** `limitBytes` in all: one half for the head, one for the tail. */
export function capped(limitBytes: number): Capped {
  const headLimit = Math.floor(limitBytes / 2)
  const tailLimit = limitBytes - headLimit
  const head: Buffer[] = []
  const tail: Buffer[] = []
  let headSize = 0
  let tailSize = 0
  let dropped = 0

  function trim(): void {
    while (tailSize > tailLimit) {
      const first = tail[0]
      if (first === undefined) return
      const excess = tailSize - tailLimit
      const cut = Math.min(excess, first.length)
      if (cut === first.length) tail.shift()
      else tail[0] = first.subarray(cut)
      tailSize -= cut
      dropped += cut
    }
  }

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk)
      const room = Math.min(headLimit - headSize, bytes.length)
      if (room > 0) {
        head.push(bytes.subarray(0, room))
        headSize += room
      }
      if (room === bytes.length) return
      tail.push(bytes.subarray(room))
      tailSize += bytes.length - room
      trim()
    },
    text() {
      if (dropped === 0) return Buffer.concat([...head, ...tail]).toString('utf8')
      return `${Buffer.concat(head).toString('utf8')}\n[… ${dropped} bytes …]\n${Buffer.concat(tail).toString('utf8')}`
    },
    droppedBytes: () => dropped,
  }
}
