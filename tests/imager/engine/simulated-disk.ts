/**
 * A disk with a write cache, which the power can leave at any byte: what was not flushed is then there or not, sector by sector, as
 * the seed has it. It can also fail to read or write at a place, or give back other bytes than it was given.
 */
import { type Device, DiskFault, type OpenDevice } from '../../../imager/engine/device.ts'
import type { Random } from '../../../reconciler/ports.ts'

const sectorBytes = 512

export class PowerCut extends Error {}

export type SimulatedDisk = {
  readonly open: OpenDevice
  /** As a reader sees it now. */
  readonly bytes: Uint8Array
  /** Counts every byte written since it was made. */
  readonly written: number
  readonly read: number
  /** The power goes when so many bytes more have been written. */
  cutAfter(bytes: number): void
  /** Power comes back: unflushed sectors are decided, and the disk works again. */
  powerOn(random: Random): void
  /** Reads that touch this byte fail. */
  failReadAt(byte: number | undefined): void
  failWriteAt(byte: number | undefined): void
  /** This sector takes no writes, and says nothing. */
  deafAt(byte: number | undefined): void
  /** Requests from now on never end. */
  hang(): void
}

export const simulatedDisk = (content: Uint8Array): SimulatedDisk => {
  const now = Uint8Array.from(content)
  const durable = Uint8Array.from(content)
  const dirty = new Set<number>()
  let written = 0
  let read = 0
  let left = Number.POSITIVE_INFINITY
  let isOff = false
  let hangs = false
  let badRead: number | undefined
  let badWrite: number | undefined
  let deaf: number | undefined

  const touches = (place: number | undefined, position: number, bytes: number): boolean =>
    place !== undefined && position <= place && place < position + bytes
  const alive = async (): Promise<void> => {
    if (isOff) throw new PowerCut('the disk has no power')
    if (hangs) await new Promise(() => undefined)
    // As a real disk, it answers later.
    await new Promise((resolve) => setImmediate(resolve))
    if (isOff) throw new PowerCut('the disk has no power')
  }
  const device: Device = {
    path: 'simulated',
    alignBytes: 512,
    read: async (buffer, position) => {
      await alive()
      if (touches(badRead, position, buffer.length)) {
        throw new DiskFault('disk-unreadable', 'simulated', position, 'EIO')
      }
      if (position + buffer.length > now.length) throw new Error('a read beyond the disk')
      buffer.set(now.subarray(position, position + buffer.length))
      read += buffer.length
    },
    write: async (buffer, position) => {
      await alive()
      if (touches(badWrite, position, buffer.length)) {
        throw new DiskFault('disk-unwritable', 'simulated', position, 'EIO')
      }
      if (position + buffer.length > now.length) throw new Error('a write beyond the disk')
      for (let at = 0; at < buffer.length; at += sectorBytes) {
        const part = buffer.subarray(at, Math.min(buffer.length, at + sectorBytes))
        if (left < part.length) {
          isOff = true
          throw new PowerCut(`the power went at byte ${position + at}`)
        }
        left -= part.length
        written += part.length
        const sector = Math.floor((position + at) / sectorBytes)
        if (deaf !== undefined && sector === Math.floor(deaf / sectorBytes)) continue
        now.set(part, position + at)
        dirty.add(sector)
      }
    },
    sync: async () => {
      await alive()
      for (const sector of dirty) copySector(now, durable, sector)
      dirty.clear()
    },
    close: () => Promise.resolve(),
  }

  return {
    open: () => Promise.resolve(device),
    bytes: now,
    get written() {
      return written
    },
    get read() {
      return read
    },
    cutAfter: (bytes) => {
      left = bytes
    },
    powerOn: (random) => {
      for (const sector of dirty) {
        if (random() < 0.5) copySector(now, durable, sector)
        else copySector(durable, now, sector)
      }
      dirty.clear()
      isOff = false
      left = Number.POSITIVE_INFINITY
    },
    failReadAt: (byte) => {
      badRead = byte
    },
    failWriteAt: (byte) => {
      badWrite = byte
    },
    deafAt: (byte) => {
      deaf = byte
    },
    hang: () => {
      hangs = true
    },
  }
}

const copySector = (from: Uint8Array, to: Uint8Array, sector: number): void => {
  const at = sector * sectorBytes
  to.set(from.subarray(at, at + sectorBytes), at)
}
