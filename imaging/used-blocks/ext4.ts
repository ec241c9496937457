import { runProgram } from '../program.ts'
import { type Result, refuse, right } from '../refusal.ts'
import { createUsedMap, type Extent, type UsedMap } from '../used-map.ts'
import { dirty, unreadable } from './refusals.ts'
import { type Volume, withOwnFile } from './volume.ts'

/**
 * Used blocks of ext2, ext3 and ext4, as e2fsprogs' own library reads the bitmaps: groups whose bitmap was never written count their
 * metadata as used. What dumpe2fs lists as free must add up to the number in the superblock, or the file system is not sound.
 */
export const readExt4Map = async (volume: Volume, scratch: string): Promise<Result<UsedMap>> => {
  const read = await readMap(volume, device(volume))
  const isTaken = !read.ok && volume.offsetBytes > 0 && /Unable to resolve/u.test(read.detail ?? '')
  return isTaken ? withOwnFile(volume, scratch, (path) => readMap(volume, path)) : read
}

const readMap = async (volume: Volume, path: string): Promise<Result<UsedMap>> => {
  const header = new Map<string, string>()
  const free: { from: number; end: number }[] = []
  let inGroups = false
  const ran = await runProgram('dumpe2fs', [path], {
    onLine: (line) => {
      if (line.startsWith('Group 0:')) inGroups = true
      if (inGroups) {
        const list = /^ {2}Free blocks: (.+)$/u.exec(line)?.[1]
        if (list !== undefined) for (const range of list.split(', ')) free.push(readRange(range))
      } else {
        const [, name, value] = /^([^:]+):\s*(.*)$/u.exec(line) ?? []
        if (name !== undefined && value !== undefined) header.set(name, value)
      }
    },
  })
  if (!ran.ok) return ran
  const number = (name: string): number => Number(header.get(name) ?? Number.NaN)
  const blockBytes = number('Block size')
  const blocks = number('Block count')
  if (ran.value.exitCode !== 0 || !(blockBytes >= 1024) || !(blocks > 0))
    return unreadable('ext4', ran.value.stderr)
  const features = (header.get('Filesystem features') ?? '').split(' ')
  if (features.includes('needs_recovery') || header.get('Filesystem state') !== 'clean') {
    return dirty('ext4', header.get('Filesystem state') ?? '')
  }
  const listed = free.reduce((sum, { from, end }) => sum + end - from, 0)
  if (listed !== number('Free blocks')) {
    return dirty('ext4', `${listed} blocks free by the bitmaps, ${number('Free blocks')} by the superblock`)
  }
  if (blocks * blockBytes > volume.sizeBytes) {
    return refuse(
      'file-system-cut',
      'The ext4 file system is larger than its partition: the disk image was cut.',
      'Le système de fichiers ext4 est plus grand que sa partition\u00a0: l’image disque a été tronquée.',
    )
  }
  return right(createUsedMap(volume.sizeBytes, usedBetween(free, blocks, blockBytes)))
}

/** e2fsprogs takes an offset in the name itself; but dumpe2fs 1.47.2 looks for whatever has a `=` in it as a tag (`LABEL=root`). */
const device = ({ path, offsetBytes }: Volume): string =>
  offsetBytes === 0 ? path : `${path}?offset=${offsetBytes}`

/** `259-8192` or `17`; the end is exclusive. */
const readRange = (range: string): { from: number; end: number } => {
  const [from = Number.NaN, last = from] = range.split('-').map(Number)
  return { from, end: last + 1 }
}

/** What lies before, between and after the free ranges, up to the end of the file system. */
function* usedBetween(
  free: readonly { from: number; end: number }[],
  blocks: number,
  blockBytes: number,
): Generator<Extent> {
  let at = 0
  for (const { from, end } of [...free].sort((a, b) => a.from - b.from)) {
    if (from > at) yield { fromByte: at * blockBytes, bytes: (from - at) * blockBytes }
    at = end
  }
  if (blocks > at) yield { fromByte: at * blockBytes, bytes: (blocks - at) * blockBytes }
}
