import { open } from 'node:fs/promises'
import { type Result, right } from '../refusal.ts'
import { createUsedMap, type Extent, type UsedMap } from '../used-map.ts'
import { dirty, unreadable } from './refusals.ts'
import { readVolume, type Volume } from './volume.ts'

/**
 * The parts of a FAT file system, from its first sector ("Microsoft Extensible Firmware Initiative FAT32 File System Specification",
 * 1.03): reserved sectors, the copies of the table, the root folder (FAT12 and FAT16), then clusters from number 2 on.
 */
type Geometry = {
  readonly bits: 12 | 16 | 32
  readonly fatFromByte: number
  readonly fatBytes: number
  readonly dataFromByte: number
  readonly clusterBytes: number
  readonly clusters: number
}

/** Used clusters of FAT12, FAT16 and FAT32, and all that lies before them. */
export const readVfatMap = async (volume: Volume): Promise<Result<UsedMap>> => {
  const file = await open(volume.path, 'r')
  try {
    const boot = await readVolume(file, volume, 0, 512)
    const geometry = readGeometry(boot, volume.sizeBytes)
    if (geometry === undefined) return unreadable('vfat', '')
    const fat = await readVolume(file, volume, geometry.fatFromByte, geometry.fatBytes)
    if (isDirty(boot, fat, geometry)) return dirty('vfat', '')
    return right(createUsedMap(volume.sizeBytes, usedOf(fat, geometry)))
  } finally {
    await file.close()
  }
}

/** Undefined: no FAT, or larger than where it is. */
const readGeometry = (boot: Buffer, sizeBytes: number): Geometry | undefined => {
  const sectorBytes = boot.readUInt16LE(11)
  const clusterSectors = boot.readUInt8(13)
  const reserved = boot.readUInt16LE(14)
  const fats = boot.readUInt8(16)
  const smallFatSectors = boot.readUInt16LE(22)
  const fatSectors = smallFatSectors || boot.readUInt32LE(36)
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32)
  if (boot.readUInt16LE(510) !== 0xaa55 || ![512, 1024, 2048, 4096].includes(sectorBytes)) return undefined
  if (!Number.isInteger(Math.log2(clusterSectors)) || reserved === 0 || fats === 0 || fatSectors === 0)
    return undefined
  const rootSectors = Math.ceil((boot.readUInt16LE(17) * 32) / sectorBytes)
  const dataSector = reserved + fats * fatSectors + rootSectors
  const clusters = Math.floor((sectors - dataSector) / clusterSectors)
  if (clusters < 1 || sectors * sectorBytes > sizeBytes) return undefined
  // The specification lets the number of clusters alone decide. Linux, Windows, GRUB and UEFI's own driver read FAT32 wherever the old field
  // for the table's size is zero, and `mkfs.vfat -F 32` makes such file systems with too few clusters.
  const bits = smallFatSectors === 0 ? 32 : clusters < 4085 ? 12 : 16
  const fatBytes = fatSectors * sectorBytes
  if (Math.ceil(((clusters + 2) * bits) / 8) > fatBytes) return undefined
  return {
    bits,
    fatFromByte: reserved * sectorBytes,
    fatBytes,
    dataFromByte: dataSector * sectorBytes,
    clusterBytes: clusterSectors * sectorBytes,
    clusters,
  }
}

/** Windows clears a bit in the table's second entry while the volume is in use, Linux sets one in the boot sector. */
const isDirty = (boot: Buffer, fat: Buffer, { bits }: Geometry): boolean => {
  const state = boot.readUInt8(bits === 32 ? 0x41 : 0x25)
  if ((state & 1) === 1) return true
  switch (bits) {
    case 12:
      return false
    case 16:
      return (fat.readUInt16LE(2) & 0x8000) === 0
    case 32:
      return (fat.readUInt32LE(4) & 0x0800_0000) === 0
  }
}

const isFree = (fat: Buffer, cluster: number, bits: Geometry['bits']): boolean => {
  switch (bits) {
    case 12: {
      const pair = fat.readUInt16LE(cluster + (cluster >> 1))
      return ((cluster & 1) === 1 ? pair >> 4 : pair & 0xfff) === 0
    }
    case 16:
      return fat.readUInt16LE(cluster * 2) === 0
    case 32:
      return (fat.readUInt32LE(cluster * 4) & 0x0fff_ffff) === 0
  }
}

function* usedOf(fat: Buffer, { bits, dataFromByte, clusterBytes, clusters }: Geometry): Generator<Extent> {
  yield { fromByte: 0, bytes: dataFromByte }
  for (let index = 0; index < clusters; index += 1) {
    if (!isFree(fat, index + 2, bits))
      yield { fromByte: dataFromByte + index * clusterBytes, bytes: clusterBytes }
  }
}
