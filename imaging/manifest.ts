/**
 * What an image is: the partitions of a disk, each as a list of chunks, and what is needed to make a disk with equal identifiers.
 * An image version *is* the SHA-256 of its manifest's canonical JSON; the signature stands beside it.
 *
 * Keeping disk and partition GUIDs keeps what refers to them valid without editing it (Windows' BCD, GRUB's UUIDs).
 */
import type { ChunkListDigest, ManifestDigest, UsedMapDigest } from './digest.ts'

export const manifestFormat = 'proviseur-image-1'

export type Manifest = {
  readonly format: typeof manifestFormat
  /** The image's name and version in the specs: `debian-edu`, `2026.09`. */
  readonly name: string
  readonly version: string
  /** RFC 3339, UTC, whole seconds. */
  readonly createdAt: string
  readonly createdFrom:
    | { readonly kind: 'import'; readonly source: string }
    | { readonly kind: 'capture'; readonly machine: string; readonly of?: ManifestDigest }
  readonly chunkBytes: number
  readonly firmware: readonly Firmware[]
  readonly disk: {
    readonly table: 'gpt' | 'mbr'
    /** GPT: the disk's GUID, upper case. MBR: the 32-bit disk signature as 8 hex digits. */
    readonly id: string
    readonly sizeBytes: number
    readonly sectorBytes: number
    /** The first 440 bytes of the disk, base64, if they are not all zero. */
    readonly bootCode?: string
    /** What lies between the MBR and the first partition (GRUB's core on MBR disks): a chunk list from byte 512 on. */
    readonly gap?: { readonly sizeBytes: number; readonly list: ChunkListDigest }
  }
  /** In the order of the disk. */
  readonly partitions: readonly ManifestPartition[]
}

export type Firmware = 'bios' | 'uefi'

export type ManifestPartition = {
  /** As in the specs' layout. */
  readonly name: string
  readonly number: number
  /** GPT: type GUID, upper case. MBR: two hex digits. */
  readonly type: string
  /** GPT only, upper case. */
  readonly guid?: string
  /** GPT attribute bits, hexadecimal; left out if none. MBR: `80` for the active partition. */
  readonly attributes?: string
  /** Bytes of the partition that the chunk list covers; on the PC it may be larger, never smaller. */
  readonly sizeBytes: number
  readonly fileSystem: { readonly kind: FileSystemKind; readonly uuid?: string; readonly label?: string }
  readonly os?: 'debian' | 'windows'
  readonly list: ChunkListDigest
  /** Which bytes are used at all (imaging/used-map.ts). The others are neither stored, nor written, nor compared: in a chunk they count as zero. */
  readonly map: UsedMapDigest
  /** Of the used blocks. */
  readonly usedBytes: number
  /** Of its distinct chunks as stored (zstd), for forecasts. */
  readonly storedBytes: number
}

/** `raw`: every byte counts (boot partitions without file system, and file systems that we do not know). */
export type FileSystemKind = 'ext4' | 'ntfs' | 'vfat' | 'swap' | 'raw'
