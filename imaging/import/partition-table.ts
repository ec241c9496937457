import { open } from 'node:fs/promises'
import { runProgram } from '../program.ts'
import { type Result, refuse, right } from '../refusal.ts'
import { parseSfdiskDump, type TableEntry, tableEntry, tableId } from '../sfdisk-dump.ts'
import type { DiskImage } from './disk-image.ts'

export type PartitionTable = {
  readonly kind: 'gpt' | 'mbr'
  /** As in the manifest: GPT's disk GUID in upper case, or the MBR's disk signature, 8 hex digits. */
  readonly id: string
  readonly sectorBytes: number
  /** In the order of the disk. An extended partition is left out, what is in it is not. */
  readonly partitions: readonly TablePartition[]
  /** The first 440 bytes, if not all zero. */
  readonly bootCode?: Buffer
}

export type TablePartition = TableEntry

export const bootCodeBytes = 440
const protectiveType = 'ee'
const extendedTypes: ReadonlySet<string> = new Set(['05', '0f', '85'])

/** GPT or MBR, as sfdisk reads it. */
export const readPartitionTable = async (image: DiskImage): Promise<Result<PartitionTable>> => {
  const ran = await runProgram('sfdisk', ['--json', image.path])
  if (!ran.ok) return ran
  if (ran.value.exitCode !== 0) {
    return refuse(
      'no-partition-table',
      'The disk has no partition table. If it is a single partition, import it with --partition NAME=FILE.',
      'Le disque n’a pas de table de partitions. S’il s’agit d’une seule partition, importez-la avec --partition NOM=FICHIER.',
      ran.value.stderr,
    )
  }
  const table = parseSfdiskDump(ran.value.stdout.toString())
  if (table === undefined || (table.label !== 'gpt' && table.label !== 'dos')) {
    return refuse(
      'partition-table-unknown',
      `The disk has a partition table of a kind that PCs do not start from (${table?.label}).`,
      `Le disque a une table de partitions d’un type sur lequel les PC ne démarrent pas (${table?.label}).`,
    )
  }
  const kind = table.label === 'gpt' ? 'gpt' : 'mbr'
  const sectorBytes = table.sectorsize ?? 512
  const partitions = (table.partitions ?? [])
    .map((entry) => tableEntry(entry, kind, sectorBytes))
    .filter(({ type }) => !extendedTypes.has(type))
    .sort((a, b) => a.startBytes - b.startBytes)
  const fault = faultOf(partitions, image.sizeBytes)
  if (fault !== undefined) return fault
  const bootCode = await readBootCode(image.path)
  const id = tableId(kind, table.id ?? '')
  return right({ kind, id, sectorBytes, partitions, ...(bootCode === undefined ? {} : { bootCode }) })
}

const faultOf = (partitions: readonly TablePartition[], sizeBytes: number) => {
  if (partitions.length === 0) {
    return refuse('no-partitions', 'The disk has no partitions.', 'Le disque n’a aucune partition.')
  }
  // What stands before a GPT for programs that know none: the GPT itself could not be read.
  if (partitions.some(({ type }) => type === protectiveType)) {
    return refuse(
      'disk-image-cut',
      'The disk’s partition table (GPT) is damaged, or the disk image was cut. Copy it again, or repair it: sgdisk --verify',
      'La table de partitions (GPT) du disque est endommagée, ou l’image disque est tronquée. Recopiez-la, ou réparez-la : sgdisk --verify',
    )
  }
  let end = 0
  for (const one of partitions) {
    if (one.startBytes < end) {
      return refuse(
        'partitions-overlap',
        `Partition ${one.number} overlaps the one before it: the partition table is damaged.`,
        `La partition ${one.number} chevauche la précédente\u00a0: la table de partitions est endommagée.`,
      )
    }
    end = one.startBytes + one.sizeBytes
    if (end > sizeBytes) {
      return refuse(
        'disk-image-cut',
        `Partition ${one.number} ends beyond the end of the disk image: the file was cut. Copy it again.`,
        `La partition ${one.number} dépasse la fin de l’image disque\u00a0: le fichier est tronqué. Recopiez-le.`,
      )
    }
  }
  return undefined
}

const readBootCode = async (path: string): Promise<Buffer | undefined> => {
  const file = await open(path, 'r')
  try {
    const code = Buffer.alloc(bootCodeBytes)
    await file.read(code, 0, bootCodeBytes, 0)
    return code.every((byte) => byte === 0) ? undefined : code
  } finally {
    await file.close()
  }
}
