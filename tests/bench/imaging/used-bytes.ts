/**
 * The used bytes of a partition on a device, read, written, scribbled upon and compared by the plainest means: one request after another,
 * none of the engine's code. What a disk can do at all, and whether a restored one is right.
 */
import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { createSlots } from '../../../imager/engine/slots.ts'
import { type UsedMap, usedIn } from '../../../imaging/used-map.ts'
import type { Random } from '../../../reconciler/ports.ts'

const mebibyte = 2 ** 20

type Extent = { readonly fromByte: number; readonly bytes: number }

/** Used bytes in the order of the disk, no more than a MiB each, on whole MiB's borders. */
function* requests(map: UsedMap): Generator<Extent> {
  for (let at = 0; at < map.sizeBytes; at += mebibyte) yield* usedIn(map, at, mebibyte)
}

/** Milliseconds that one sequential read (write: and flush) of all used bytes takes, past the page cache. */
export function passOver(device: string, map: UsedMap, use: 'read' | 'write'): number {
  // Page borders, which O_DIRECT asks for.
  const buffer = new Uint8Array(createSlots([{ count: 1, bytes: mebibyte }]).memory)
  for (let at = 0; at < buffer.length; at += 1) buffer[at] = Math.random() * 256
  const fd = openSync(device, constants.O_RDWR | constants.O_DIRECT)
  try {
    const started = performance.now()
    for (const { fromByte, bytes } of requests(map)) {
      const moved =
        use === 'read' ? readSync(fd, buffer, 0, bytes, fromByte) : writeSync(fd, buffer, 0, bytes, fromByte)
      if (moved !== bytes) throw new Error(`${device}: ${moved} of ${bytes} bytes at ${fromByte}`)
    }
    if (use === 'write') fsyncSync(fd)
    return performance.now() - started
  } finally {
    closeSync(fd)
  }
}

export type Scribbled = {
  readonly runs: readonly Extent[]
  readonly bytes: number
  /** Of the image: those that now differ. */
  readonly chunks: ReadonlySet<number>
}

const shortest = 4096
const longest = 4 * mebibyte

/**
 * Overwrites a share of the used bytes with noise, in runs of 4 KiB to 4 MiB at random places, as many of 4 to 8 KiB as of 2 to 4 MiB: as
 * files are. Only used bytes change.
 */
export function scribble(
  device: string,
  { map, chunkBytes }: { readonly map: UsedMap; readonly chunkBytes: number },
  share: number,
  random: Random,
): Scribbled {
  const wanted = map.usedBytes * share
  const runs: Extent[] = []
  const chunks = new Set<number>()
  let bytes = 0
  const noise = Buffer.allocUnsafe(longest)
  for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE(Math.floor(random() * 2 ** 32), at)
  const fd = openSync(device, 'r+')
  try {
    while (bytes < wanted) {
      const length = Math.min(shortest * 2 ** (random() * Math.log2(longest / shortest)), wanted - bytes)
      const from = Math.floor((random() * map.sizeBytes) / shortest) * shortest
      for (const run of usedIn(map, from, Math.ceil(length / shortest) * shortest)) {
        if (runs.some((other) => overlap(run, other))) continue
        writeSync(fd, noise, 0, run.bytes, run.fromByte)
        runs.push(run)
        bytes += run.bytes
        const last = Math.floor((run.fromByte + run.bytes - 1) / chunkBytes)
        for (let index = Math.floor(run.fromByte / chunkBytes); index <= last; index += 1) chunks.add(index)
      }
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return { runs, bytes, chunks }
}

const overlap = (a: Extent, b: Extent): boolean =>
  a.fromByte < b.fromByte + b.bytes && b.fromByte < a.fromByte + a.bytes

/** Of a disk that was restored, what was scribbled upon and one MiB in sixteen must be the image's. */
export function mustBeEqual(device: string, file: string, map: UsedMap, runs: readonly Extent[]): void {
  const sample = [...requests(map)].filter(({ fromByte }) => Math.floor(fromByte / mebibyte) % 16 === 0)
  const one = openSync(device, 'r')
  const other = openSync(file, 'r')
  const [a, b] = [Buffer.alloc(longest), Buffer.alloc(longest)]
  try {
    for (const { fromByte, bytes } of [...runs, ...sample]) {
      readSync(one, a, 0, bytes, fromByte)
      readSync(other, b, 0, bytes, fromByte)
      if (a.compare(b, 0, bytes, 0, bytes) !== 0)
        throw new Error(`${device} is wrong from byte ${fromByte} on`)
    }
  } finally {
    closeSync(one)
    closeSync(other)
  }
}
