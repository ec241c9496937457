/** A manifest's bytes are its canonical JSON: one manifest, one digest. Reading is strict, since these bytes steer what is written to disks. */
import { say, type Text } from '../specs/text.ts'
import { canonicalJson } from './canonical-json.ts'
import { largestChunkBytes } from './codec.ts'
import {
  isChunkListDigest,
  isManifestDigest,
  isUsedMapDigest,
  type ManifestDigest,
  sha256,
} from './digest.ts'
import { type Manifest, type ManifestPartition, manifestFormat } from './manifest.ts'
import {
  integer,
  list,
  matching,
  object,
  oneOf,
  optional,
  parseJson,
  type Shape,
  text,
  variants,
} from './shape.ts'
import { isImageName, isImageVersion } from './store-paths.ts'

export type ParsedManifest =
  | { readonly ok: true; readonly manifest: Manifest }
  /** `manifest-outdated-reader`: of a format that is newer than this program. */
  | {
      readonly ok: false
      readonly code: 'manifest-damaged' | 'manifest-outdated-reader'
      readonly message: Text
    }

export const encodeManifest = (manifest: Manifest): Uint8Array => Buffer.from(canonicalJson(manifest))

export const manifestDigest = (bytes: Uint8Array): ManifestDigest => sha256(bytes) as ManifestDigest

/** A manifest with every field is some kilobytes; what is longer is not parsed. */
const mostBytes = 2 ** 20
const mostPartitions = 128

const guard =
  <T>(is: (value: unknown) => value is T, expected: string): Shape<T> =>
  (value, at) =>
    is(value) ? { ok: true, value } : { ok: false, at, expected }

const where = <T>(shape: Shape<T>, is: (value: T) => boolean, expected: string): Shape<T> => {
  return (value, at) => {
    const read = shape(value, at)
    return read.ok && !is(read.value) ? { ok: false, at, expected } : read
  }
}

const chunkList = guard(isChunkListDigest, 'the digest of a chunk list')
const usedMap = guard(isUsedMapDigest, 'the digest of a used map')
const bytes = integer(2 ** 52)
const guid = matching(/^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/u, 'a GUID in upper case')
/** Control characters would act on the terminal that shows them. */
const plainText = (most: number) =>
  where(text(most), (one) => !/\p{Cc}/u.test(one), 'a text without control characters')

const partition = object<ManifestPartition>({
  name: matching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, 'a name as in the layout'),
  number: integer(mostPartitions, 1),
  type: matching(/^(?:[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|[0-9a-f]{2})$/u, 'a partition type'),
  guid: optional(guid),
  attributes: optional(matching(/^[0-9a-f]{1,16}$/u, 'attribute bits in hexadecimal')),
  sizeBytes: where(bytes, (size) => size > 0 && size % 512 === 0, 'whole sectors'),
  fileSystem: object<ManifestPartition['fileSystem']>({
    kind: oneOf('ext4', 'ntfs', 'vfat', 'swap', 'raw'),
    uuid: optional(plainText(64)),
    label: optional(plainText(256)),
  }),
  os: optional(oneOf('debian', 'windows')),
  list: chunkList,
  map: usedMap,
  usedBytes: bytes,
  storedBytes: bytes,
})

const manifest = object<Manifest>({
  format: oneOf(manifestFormat),
  name: where(text(63), isImageName, 'an image’s name'),
  version: where(text(63), isImageVersion, 'an image’s version'),
  createdAt: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u, 'a time such as 2026-09-01T06:00:00Z'),
  createdFrom: variants<Manifest['createdFrom']>('kind', {
    import: object<Extract<Manifest['createdFrom'], { kind: 'import' }>>({
      kind: oneOf('import'),
      source: plainText(1024),
    }),
    capture: object<Extract<Manifest['createdFrom'], { kind: 'capture' }>>({
      kind: oneOf('capture'),
      machine: plainText(256),
      of: optional(guard(isManifestDigest, 'the digest of a manifest')),
    }),
  }),
  chunkBytes: where(
    integer(largestChunkBytes, 64 * 1024),
    (size) => Number.isInteger(Math.log2(size)),
    'a power of two from 64 KiB to 16 MiB',
  ),
  firmware: list(oneOf('bios', 'uefi'), { min: 1, max: 2 }),
  disk: object<Manifest['disk']>({
    table: oneOf('gpt', 'mbr'),
    id: matching(/^(?:[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|[0-9a-f]{8})$/u, 'a disk identifier'),
    sizeBytes: bytes,
    sectorBytes: where(integer(4096, 512), (size) => size === 512 || size === 4096, '512 or 4096'),
    bootCode: optional(where(text(588), (code) => isBase64Of(code, 440), 'the base64 of 440 bytes')),
    gap: optional(object<NonNullable<Manifest['disk']['gap']>>({ sizeBytes: bytes, list: chunkList })),
  }),
  partitions: list(partition, { min: 1, max: mostPartitions }),
})

const isBase64Of = (code: string, length: number): boolean => {
  const decoded = Buffer.from(code, 'base64')
  return decoded.length === length && decoded.toString('base64') === code
}

export const parseManifest = (encoded: Uint8Array): ParsedManifest => {
  if (encoded.length > mostBytes) return damaged('it is too long', 'il est trop long')
  const read = parseJson(encoded, manifest, {
    code: 'manifest',
    ...say('The image’s manifest', 'Le manifeste de l’image'),
  })
  if (!read.ok) {
    if (formatOf(encoded)?.startsWith('proviseur-image-') && formatOf(encoded) !== manifestFormat)
      return newer
    return { ok: false, code: 'manifest-damaged', message: read.message }
  }
  const fault = faultOf(read.value)
  if (fault !== undefined) return damaged(fault.en, fault.fr)
  if (!Buffer.from(encodeManifest(read.value)).equals(encoded))
    return damaged('it is not in its canonical form', 'il n’est pas sous sa forme canonique')
  return { ok: true, manifest: read.value }
}

const formatOf = (encoded: Uint8Array): string | undefined =>
  /"format":"([a-z0-9-]{1,40})"/u.exec(Buffer.from(encoded).toString('latin1'))?.[1]

const newer: ParsedManifest = {
  ok: false,
  code: 'manifest-outdated-reader',
  message: say(
    'The image was made by a newer Proviseur. Update this one, and rebuild the imager.',
    'L’image a été créée par un Proviseur plus récent. Mettez celui-ci à jour et refaites l’imageur.',
  ),
}

const damaged = (en: string, fr: string): ParsedManifest => ({
  ok: false,
  code: 'manifest-damaged',
  message: say(
    `The image’s manifest cannot be used: ${en}.`,
    `Le manifeste de l’image est inutilisable\u00a0: ${fr}.`,
  ),
})

/** What each field by itself cannot tell. */
const faultOf = ({ disk, partitions, firmware }: Manifest): Text | undefined => {
  if (new Set(firmware).size < firmware.length)
    return say('a kind of firmware is there twice', 'un type de micrologiciel y figure deux fois')
  const gpt = disk.table === 'gpt'
  if (gpt !== disk.id.includes('-'))
    return say(
      'the disk’s identifier is not of its table’s kind',
      'l’identifiant du disque ne correspond pas à sa table',
    )
  if (disk.sizeBytes === 0 || disk.sizeBytes % disk.sectorBytes !== 0)
    return say('the disk has no whole sectors', 'la taille du disque n’est pas un nombre entier de secteurs')
  if (disk.gap !== undefined && (disk.gap.sizeBytes === 0 || disk.gap.sizeBytes + 512 > disk.sizeBytes))
    return say(
      'the gap behind the MBR has an impossible size',
      'l’espace après le MBR a une taille impossible',
    )
  const seen = new Set<string>()
  let sum = 0
  for (const one of partitions) {
    for (const key of [`name ${one.name}`, `number ${one.number}`, `guid ${one.guid ?? one.name}`]) {
      if (seen.has(key))
        return say(`two partitions have the same ${key}`, `deux partitions ont le même identifiant (${key})`)
      seen.add(key)
    }
    if (gpt !== one.type.includes('-') || (one.guid === undefined) === gpt)
      return say(
        `the type or GUID of partition ${one.name} is not of the disk’s table’s kind`,
        `le type ou le GUID de la partition ${one.name} ne correspond pas à la table du disque`,
      )
    if (one.usedBytes > one.sizeBytes)
      return say(
        `more of partition ${one.name} is used than it has`,
        `la partition ${one.name} occupe plus que sa taille`,
      )
    sum += one.sizeBytes
  }
  return sum > disk.sizeBytes
    ? say('the partitions are larger than the disk', 'les partitions sont plus grandes que le disque')
    : undefined
}
