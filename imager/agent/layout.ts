/**
 * Makes a planned partition table.
 *
 * New file systems are made first, at the places where their partitions will be; the table is written last, in one go. Whoever pulls the
 * plug before has the old table, after it the new one with everything in it: a partition that the table names is never half made.
 */

import type { Layout } from '../../imaging/protocol.ts'
import { attributeWords } from '../../imaging/sfdisk-dump.ts'
import { run, said } from './command.ts'
import { flush } from './disk-range.ts'
import { cacheLabel, type PlacedPartition, type PlannedTable } from './layout-plan.ts'
import { makeFileSystem } from './new-file-system.ts'
import type { DiskTable } from './partition-table.ts'
import { newFileSystem } from './partition-type.ts'
import { done, failed, type Result } from './result.ts'

export async function makeLayout(
  device: string,
  disk: DiskTable,
  planned: PlannedTable,
  layout: Layout,
): Promise<Result<void>> {
  for (const partition of planned.partitions) {
    if (!partition.isNew || partition.wanted.content === 'image') continue
    const made = await makeFileSystem(
      { device, offsetBytes: partition.startBytes, sizeBytes: partition.sizeBytes },
      {
        kind: newFileSystem(layout, partition.wanted),
        label: partition.wanted.content === 'cache' ? cacheLabel : partition.name,
      },
    )
    if (!made.ok) return made
  }
  const script = tableScript(planned, disk.sectorBytes)
  // Signatures are wiped on a disk without a table only: sfdisk wipes before it writes, and between the two there is no table.
  const wipe = disk.table === undefined ? 'always' : 'never'
  const args = ['--no-reread', '--no-tell-kernel', '--quiet', '--wipe', wipe, '--wipe-partitions', 'never']
  const written = await run('sfdisk', [...args, device], script)
  if (written.exitCode !== 0) {
    const unwritable = /Input\/output error|Read-only/i.test(written.stderr)
    return failed(unwritable ? 'disk-unwritable' : 'layout-failed', said('sfdisk', written))
  }
  await flush(device)
  return done(undefined)
}

/** sfdisk(8), “Input formats”. Absolute places in sectors: nothing is left for sfdisk to choose but identifiers that nobody gave. */
export function tableScript({ kind, id, partitions }: PlannedTable, sectorBytes: number): string {
  const head = [
    `label: ${kind === 'gpt' ? 'gpt' : 'dos'}`,
    ...(id === undefined ? [] : [`label-id: ${kind === 'gpt' ? id : `0x${id}`}`]),
    'unit: sectors',
    `sector-size: ${sectorBytes}`,
  ]
  const lines = partitions.map((partition) => tableLine(kind, partition, sectorBytes))
  return `${head.join('\n')}\n\n${lines.join('\n')}\n`
}

function tableLine(kind: 'gpt' | 'mbr', partition: PlacedPartition, sectorBytes: number): string {
  const { startBytes, sizeBytes, type, guid, attributes, name } = partition
  const fields = [
    `start=${startBytes / sectorBytes}`,
    `size=${sizeBytes / sectorBytes}`,
    `type=${type}`,
    ...(kind === 'gpt' ? [`name="${name}"`] : []),
    ...(kind === 'gpt' && guid !== undefined ? [`uuid=${guid}`] : []),
    ...(kind === 'gpt' && attributes !== undefined ? [`attrs="${attributeWords(attributes)}"`] : []),
    ...(kind === 'mbr' && attributes === '80' ? ['bootable'] : []),
  ]
  return fields.join(', ')
}
