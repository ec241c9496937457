import { runProgram } from '../program.ts'
import { type Result, refuse, right } from '../refusal.ts'
import { createUsedMap, type Extent, type UsedMap } from '../used-map.ts'
import { dirty, unreadable } from './refusals.ts'
import { type Volume, withOwnFile } from './volume.ts'

/** Number of the file `$Bitmap`: one bit a cluster, lowest bit first. */
const bitmapInode = '6'

/** Used clusters of NTFS as its `$Bitmap` has them, read by ntfs-3g's tools, and the copy of the boot sector in the last sector. */
export const readNtfsMap = (volume: Volume, scratch: string): Promise<Result<UsedMap>> =>
  withOwnFile(volume, scratch, async (path) => {
    // A volume that Windows marked for a check is refused by the tool itself.
    const info = await runProgram('ntfsinfo', ['-m', path])
    if (!info.ok) return info
    const text = info.value.stdout.toString()
    const said = info.value.stderr + text
    if (/scheduled for check|Volume Flags:.*DIRTY/u.test(said)) return dirty('ntfs', info.value.stderr)
    const number = (name: string): number => Number(new RegExp(`${name}: (\\d+)`, 'u').exec(text)?.[1])
    const clusterBytes = number('Cluster Size')
    const clusters = number('Volume Size in Clusters')
    const sectorBytes = number('Sector Size')
    if (info.value.exitCode !== 0 || !(clusterBytes > 0) || !(clusters > 0)) return unreadable('ntfs', said)
    const hibernated = await runProgram('ntfscat', ['-q', path, 'hiberfil.sys'], { mostBytes: 4096 })
    if (!hibernated.ok) return hibernated
    if (/^(hibr|wake)/iu.test(hibernated.value.stdout.toString('latin1', 0, 4))) return hibernating
    const bitmap = await runProgram('ntfscat', ['-q', '-i', bitmapInode, path])
    if (!bitmap.ok) return bitmap
    const bits = bitmap.value.stdout
    if (bitmap.value.exitCode !== 0 || bits.length * 8 < clusters)
      return unreadable('ntfs', bitmap.value.stderr)
    const backup: Extent = { fromByte: volume.sizeBytes - sectorBytes, bytes: sectorBytes }
    // What the bitmap does not cover at the end is less than a cluster: the copy of the boot sector is in there.
    const tail: Extent = { fromByte: clusters * clusterBytes, bytes: clusterBytes }
    return right(
      createUsedMap(volume.sizeBytes, [...usedClusters(bits, clusters, clusterBytes), tail, backup]),
    )
  })

/** Runs of set bits, a byte at a time where a whole byte is alike. */
function* usedClusters(bits: Buffer, clusters: number, clusterBytes: number): Generator<Extent> {
  let begin: number | undefined
  for (let cluster = 0; cluster < clusters; ) {
    const byte = bits[cluster >> 3] ?? 0
    const whole = (cluster & 7) === 0 && cluster + 8 <= clusters && (byte === 0 || byte === 0xff)
    const used = whole ? byte === 0xff : ((byte >> (cluster & 7)) & 1) === 1
    if (used && begin === undefined) begin = cluster
    if (!used && begin !== undefined) {
      yield { fromByte: begin * clusterBytes, bytes: (cluster - begin) * clusterBytes }
      begin = undefined
    }
    cluster += whole ? 8 : 1
  }
  if (begin !== undefined) yield { fromByte: begin * clusterBytes, bytes: (clusters - begin) * clusterBytes }
}

const hibernating = refuse(
  'file-system-hibernated',
  'This Windows is hibernated (or was shut down with fast startup): its disk is not at rest. Start it, turn fast startup off (powercfg /h off), shut it down, and try again.',
  'Ce Windows est en veille prolongée (ou a été arrêté avec le démarrage rapide)\u00a0: son disque n’est pas au repos. Démarrez-le, désactivez le démarrage rapide (powercfg /h off), arrêtez-le, puis recommencez.',
)
