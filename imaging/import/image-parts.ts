/** What an image is put together from, before anything is read: partitions of a disk, single ones, and those of images that are there. */
import { hash } from 'node:crypto'
import type { Manifest, ManifestPartition } from '../manifest.ts'
import { isOfType, partitionTypes } from '../partition-type.ts'
import type { Layout } from '../protocol.ts'
import { type Result, refuse, right } from '../refusal.ts'
import type { FileSystem } from '../used-blocks/file-system.ts'
import type { Volume } from '../used-blocks/volume.ts'
import type { NamedPartition } from './partition-names.ts'

/** A partition that has to be read, or one that is in the store with all its fields. */
export type Part =
  | {
      readonly kind: 'read'
      readonly head: Omit<ManifestPartition, 'list' | 'map' | 'usedBytes' | 'storedBytes'>
      readonly volume: Volume
    }
  | { readonly kind: 'stored'; readonly partition: ManifestPartition }

export const partName = (part: Part): string => (part.kind === 'read' ? part.head.name : part.partition.name)

/** `--from OTHER@VERSION` (only undefined: whatever is not given otherwise) or `--from OTHER@VERSION:partition`. */
export type From = { readonly manifest: Manifest; readonly only?: string }

/** `--partition NAME=FILE`. */
export type Single = { readonly name: string; readonly volume: Volume; readonly fileSystem: FileSystem }

export const diskPart = ({ entry, fileSystem, name, os }: NamedPartition, path: string): Part => ({
  kind: 'read',
  head: {
    name,
    number: entry.number,
    type: entry.type,
    ...(entry.guid === undefined ? {} : { guid: entry.guid }),
    ...(entry.attributes === undefined ? {} : { attributes: entry.attributes }),
    sizeBytes: entry.sizeBytes,
    fileSystem: known(fileSystem),
    ...(os === undefined ? {} : { os }),
  },
  volume: { path, offsetBytes: entry.startBytes, sizeBytes: entry.sizeBytes },
})

/** A partition without a table around it gets the type that the layout wants, or that its file system suggests. */
export const singlePart = (
  { name, volume, fileSystem }: Single,
  image: string,
  table: 'gpt' | 'mbr',
  layout: Layout | undefined,
  before: ManifestPartition | undefined,
): Part => {
  const wanted = layout?.partitions.find((one) => one.name === name)
  const type = partitionTypes[wanted?.type ?? usualTypes[fileSystem.kind]][table]
  const os = wanted === undefined ? (before?.os ?? usualSystem(name)) : wanted.os
  return {
    kind: 'read',
    head: {
      name,
      number: before?.number ?? 0,
      type: before?.type ?? type,
      ...(table === 'gpt' ? { guid: before?.guid ?? guidFor(`${image}/${name}`) } : {}),
      ...(before?.attributes === undefined ? {} : { attributes: before.attributes }),
      sizeBytes: volume.sizeBytes,
      fileSystem: known(fileSystem),
      ...(os === undefined ? {} : { os }),
    },
    volume,
  }
}

const usualTypes = { ext4: 'linux', ntfs: 'windows', vfat: 'esp', swap: 'swap', raw: 'linux' } as const

const usualSystem = (name: string): 'debian' | 'windows' | undefined =>
  name === 'root' ? 'debian' : name === 'windows' ? 'windows' : undefined

const known = ({ kind, uuid, label }: FileSystem): ManifestPartition['fileSystem'] => ({
  kind,
  ...(uuid === undefined ? {} : { uuid }),
  ...(label === undefined ? {} : { label }),
})

/** The same for the same words, so that an import can be repeated: an RFC 9562 version 8 UUID of their SHA-256. */
export const guidFor = (words: string): string => {
  const hex = hash('sha256', words, 'hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`.toUpperCase()
}

export const nothingToImport = refuse(
  'nothing-to-import',
  'Nothing to import: give a disk image, or --partition NAME=FILE, or --from NAME@VERSION.',
  'Rien à importer\u00a0: indiquez une image disque, ou --partition NOM=FICHIER, ou --from NOM@VERSION.',
)

/**
 * Puts the parts into the order of the layout, else of the disk that they come from, and numbers them anew where two have the same
 * number. Refused: a name that is not in the layout, or a partition of the layout that nothing fills.
 */
export const arrange = (parts: readonly Part[], layout: Layout | undefined): Result<readonly Part[]> => {
  if (parts.length === 0) return nothingToImport
  const ordered = layout === undefined ? right(parts) : byLayout(parts, layout)
  if (!ordered.ok) return ordered
  const numbers = ordered.value.map((part) =>
    part.kind === 'read' ? part.head.number : part.partition.number,
  )
  if (new Set(numbers).size === numbers.length && !numbers.includes(0)) return ordered
  return right(
    ordered.value.map((part, index): Part => {
      const number = index + 1
      return part.kind === 'read'
        ? { ...part, head: { ...part.head, number } }
        : { ...part, partition: { ...part.partition, number } }
    }),
  )
}

const byLayout = (parts: readonly Part[], layout: Layout): Result<readonly Part[]> => {
  const wanted = layout.partitions.filter(({ content }) => content === 'image')
  for (const part of parts) {
    if (wanted.some(({ name }) => name === partName(part))) continue
    const names = wanted.map(({ name }) => name).join(', ')
    return refuse(
      'partition-unknown',
      `The layout has no image partition “${partName(part)}”. It has: ${names}.`,
      `Le partitionnement n’a pas de partition d’image «\u00a0${partName(part)}\u00a0». Il contient\u00a0: ${names}.`,
    )
  }
  const ordered: Part[] = []
  for (const { name } of wanted) {
    const part = parts.find((one) => partName(one) === name)
    if (part === undefined) {
      return refuse(
        'partition-not-given',
        `The layout wants a partition “${name}” from the image, and nothing gives it: add --partition ${name}=FILE or --from NAME@VERSION:${name}.`,
        `Le partitionnement demande à l’image une partition «\u00a0${name}\u00a0» que rien ne fournit\u00a0: ajoutez --partition ${name}=FICHIER ou --from NOM@VERSION:${name}.`,
      )
    }
    ordered.push(part)
  }
  return right(ordered)
}

export const firmwareOf = (
  table: 'gpt' | 'mbr',
  hasBootCode: boolean,
  partitions: readonly { readonly type: string }[],
): Manifest['firmware'] => {
  const uefi = partitions.some(({ type }) => isOfType(type, 'esp'))
  const bios = hasBootCode && (table === 'mbr' || partitions.some(({ type }) => isOfType(type, 'bios')))
  if (uefi && bios) return ['bios', 'uefi']
  if (uefi || bios) return uefi ? ['uefi'] : ['bios']
  return table === 'mbr' ? ['bios'] : ['uefi']
}
