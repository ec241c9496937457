/**
 * A disk, a partition or a file, read and written past the page cache where that is possible: what is read back is then what the
 * device has, a write error belongs to its write, and a ramdisk's little memory holds no copy of the disk.
 */
import { type BigIntStats, close, constants, fdatasync, fstat, open, read, write } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createSlots } from './slots.ts'

export interface Device {
  readonly path: string
  /** Positions, lengths and buffers that are multiples of this need no copy. */
  readonly alignBytes: number
  /** Fills the whole buffer. Throws `DiskFault`. */
  read(buffer: Uint8Array, position: number): Promise<void>
  write(buffer: Uint8Array, position: number): Promise<void>
  /** After this, what was written survives a power cut. */
  sync(): Promise<void>
  close(): Promise<void>
}

export type OpenDevice = (path: string, use: 'read' | 'write') => Promise<Device>

/** A disk that does not do as it is told. It travels up to the operation's edge as an exception, and is a value from there on. */
export class DiskFault extends Error {
  readonly reason: 'disk-unreadable' | 'disk-unwritable' | 'disk-slow'
  readonly path: string
  /** In bytes from the beginning of the device; undefined: not at a place. */
  readonly position: number | undefined

  constructor(reason: DiskFault['reason'], path: string, position: number | undefined, cause: string) {
    super(`${path}${position === undefined ? '' : ` @ ${position}`}: ${cause}`)
    this.reason = reason
    this.path = path
    this.position = position
  }
}

const openFile = promisify(open)
const closeFile = promisify(close)
const syncFile = promisify(fdatasync)
const statFile = promisify<number, { bigint: true }, BigIntStats>(fstat)

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

/** Kernels and disks know 512 and 4096. */
const sectors = [512, 4096] as const
const bounceBytes = 64 * 1024

export const openDevice: OpenDevice = async (path, use) => {
  const fault = use === 'read' ? 'disk-unreadable' : 'disk-unwritable'
  try {
    const { fd, alignBytes } = await openDirectly(path, use)
    return deviceOver(path, fd, alignBytes)
  } catch (error) {
    throw new DiskFault(fault, path, undefined, codeOf(error))
  }
}

/** With O_DIRECT where the device takes it; a file system without it (an old tmpfs) is a test's or a benchmark's. */
const openDirectly = async (
  path: string,
  use: 'read' | 'write',
): Promise<{ fd: number; alignBytes: number }> => {
  const flags = (use === 'read' ? constants.O_RDONLY : constants.O_RDWR) | (await exclusive(path, use))
  try {
    const fd = await openFile(path, flags | constants.O_DIRECT)
    const alignBytes = await sectorOf(fd)
    if (alignBytes !== undefined) return { fd, alignBytes }
    await closeFile(fd)
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error
  }
  return { fd: await openFile(path, flags), alignBytes: 1 }
}

/** A partition that is mounted, or otherwise taken, refuses an exclusive opening: nothing that is in use is ever written. */
const exclusive = async (path: string, use: 'read' | 'write'): Promise<number> => {
  if (use === 'read') return 0
  const node = await blockNode(path)
  return node !== undefined && (await textOf(`${node}/partition`)) !== undefined ? constants.O_EXCL : 0
}

/** Undefined: it refuses both, or is a file that ends inside a sector. */
const sectorOf = async (fd: number): Promise<number | undefined> => {
  const { size, mode } = await statFile(fd, { bigint: true })
  const isFile = (Number(mode) & constants.S_IFMT) === constants.S_IFREG
  const { memory } = createSlots([{ count: 1, bytes: 4096 }])
  for (const sector of sectors) {
    if (isFile && size % BigInt(sector) !== 0n) continue
    try {
      await readInto(fd, new Uint8Array(memory, 0, sector), 0)
      return sector
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error
    }
  }
  return undefined
}

const readInto = (fd: number, buffer: Uint8Array, position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, position, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    )
  })

const writeFrom = (fd: number, buffer: Uint8Array, position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    write(fd, buffer, 0, buffer.length, position, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    )
  })

const deviceOver = (path: string, fd: number, alignBytes: number): Device => {
  const bounce = new Uint8Array(createSlots([{ count: 1, bytes: bounceBytes }]).memory)
  // One bounce buffer, and a sector that two unaligned writes share must not be read by one while the other writes it.
  let bouncing: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = bouncing.then(work, work)
    bouncing = mine
    return mine
  }
  const isAligned = (buffer: Uint8Array, position: number): boolean =>
    position % alignBytes === 0 && buffer.byteOffset % alignBytes === 0 && buffer.length % alignBytes === 0

  /** Bytes read, fewer than asked for at the end only. */
  const readAll = async (buffer: Uint8Array, position: number): Promise<number> => {
    let done = 0
    while (done < buffer.length) {
      const got = await readInto(fd, buffer.subarray(done), position + done)
      done += got
      // Past the cache, a short read that is no whole sector can only be the end.
      if (got === 0 || done % alignBytes !== 0) break
    }
    return done
  }
  const writeAll = async (buffer: Uint8Array, position: number): Promise<void> => {
    let done = 0
    while (done < buffer.length) {
      const put = await writeFrom(fd, buffer.subarray(done), position + done)
      if (put === 0) throw new Error('nothing was written')
      done += put
    }
  }
  const bounced = async (
    buffer: Uint8Array,
    position: number,
    each: (window: Uint8Array, at: number, part: Uint8Array, inWindow: number) => Promise<void>,
  ): Promise<void> => {
    for (let done = 0; done < buffer.length; ) {
      const from = position + done
      const at = Math.floor(from / alignBytes) * alignBytes
      const inWindow = from - at
      const bytes = Math.min(buffer.length - done, bounceBytes - inWindow)
      const windowBytes = Math.ceil((inWindow + bytes) / alignBytes) * alignBytes
      await each(bounce.subarray(0, windowBytes), at, buffer.subarray(done, done + bytes), inWindow)
      done += bytes
    }
  }
  const readWindow = async (window: Uint8Array, at: number, neededBytes: number): Promise<void> => {
    if ((await readAll(window, at)) < neededBytes) throw new Error('the device ends here')
  }

  return {
    path,
    alignBytes,
    read: async (buffer, position) => {
      try {
        if (isAligned(buffer, position)) return await readWindow(buffer, position, buffer.length)
        await inTurn(() =>
          bounced(buffer, position, async (window, at, part, inWindow) => {
            await readWindow(window, at, inWindow + part.length)
            part.set(window.subarray(inWindow, inWindow + part.length))
          }),
        )
      } catch (error) {
        throw new DiskFault('disk-unreadable', path, position, codeOf(error))
      }
    },
    write: async (buffer, position) => {
      try {
        if (isAligned(buffer, position)) return await writeAll(buffer, position)
        await inTurn(() =>
          bounced(buffer, position, async (window, at, part, inWindow) => {
            await readWindow(window, at, inWindow + part.length)
            window.set(part, inWindow)
            await writeAll(window, at)
          }),
        )
      } catch (error) {
        throw new DiskFault('disk-unwritable', path, position, codeOf(error))
      }
    },
    sync: async () => {
      try {
        await syncFile(fd)
      } catch (error) {
        throw new DiskFault('disk-unwritable', path, undefined, codeOf(error))
      }
    },
    close: () => closeFile(fd),
  }
}

/** Size of a block device or a file. */
export const deviceSize = async (path: string): Promise<number> => {
  const node = await blockNode(path)
  if (node === undefined) {
    const fd = await openFile(path, constants.O_RDONLY)
    try {
      return Number((await statFile(fd, { bigint: true })).size)
    } finally {
      await closeFile(fd)
    }
  }
  const text = await textOf(`${node}/size`)
  if (text === undefined) throw new DiskFault('disk-unreadable', path, undefined, 'it has no size')
  // In the kernel's unit, 512 bytes whatever the sector.
  return Number(text) * 512
}

/** Its folder in /sys; undefined: no block device. */
const blockNode = async (path: string): Promise<string | undefined> => {
  // Not blocking: a device may be anything, a named pipe too.
  const fd = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { mode, rdev } = await statFile(fd, { bigint: true })
    if ((Number(mode) & constants.S_IFMT) !== constants.S_IFBLK) return undefined
    // As makedev(3) packs them.
    const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
    const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)
    return `/sys/dev/block/${major}:${minor & 0xffffffffn}`
  } finally {
    await closeFile(fd)
  }
}

const textOf = async (file: string): Promise<string | undefined> => {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
