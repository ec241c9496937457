import { say, type Text } from '../../specs/text.ts'
import { isOfType, typeOf } from '../partition-type.ts'
import type { Layout, LayoutPartition } from '../protocol.ts'
import { type Result, refuse, right } from '../refusal.ts'
import type { FileSystem } from '../used-blocks/file-system.ts'
import type { TablePartition } from './partition-table.ts'

export type FoundPartition = { readonly entry: TablePartition; readonly fileSystem: FileSystem }

export type NamedPartition = FoundPartition & {
  readonly name: string
  readonly os?: 'debian' | 'windows'
}

export type Named = { readonly partitions: readonly NamedPartition[]; readonly notes: readonly Text[] }

/**
 * Gives each partition of a disk the name of the layout's partition that it fills: the one with that name, else the first of its type
 * that is free, in the order of the disk. `elsewhere`: names whose contents come from somewhere else. What the layout does not take is left out, and said.
 */
export const nameByLayout = (
  found: readonly FoundPartition[],
  layout: Layout,
  elsewhere: ReadonlySet<string>,
): Result<Named> => {
  const free = [...found]
  const partitions: NamedPartition[] = []
  for (const wanted of layout.partitions) {
    if (wanted.content !== 'image') continue
    const at = placeOf(wanted, free, layout)
    const [one] = at === -1 ? [] : free.splice(at, 1)
    if (elsewhere.has(wanted.name)) continue
    if (one === undefined) return lacking(wanted, found)
    partitions.push({ ...one, name: wanted.name, ...(wanted.os === undefined ? {} : { os: wanted.os }) })
  }
  return right({ partitions, notes: free.map(leftOut) })
}

/** The one of that name; else the first of its type that bears no other partition's name, as disks of other makers do. */
const placeOf = (
  wanted: LayoutPartition,
  free: readonly FoundPartition[],
  { partitions }: Layout,
): number => {
  const names = new Set(partitions.map(({ name }) => name))
  const label = ({ entry }: FoundPartition): string => nameFrom(entry.name ?? '')
  const named = free.findIndex((one) => label(one) === wanted.name && fits(one, wanted))
  return named === -1 ? free.findIndex((one) => fits(one, wanted) && !names.has(label(one))) : named
}

const fits = ({ entry, fileSystem }: FoundPartition, { type }: LayoutPartition): boolean =>
  isOfType(entry.type, type) && (type !== 'windows' || fileSystem.kind === 'ntfs' || entry.type.length === 2)

const lacking = (wanted: LayoutPartition, found: readonly FoundPartition[]) => {
  const there = found
    .map((one) => `${one.entry.number}: ${typeOf(one.entry.type) ?? one.entry.type}`)
    .join(', ')
  return refuse(
    'partition-not-found',
    `The layout wants a partition “${wanted.name}” of type ${wanted.type} from the image, and the disk has none left (${there}). Correct the layout in images/, or give it with --partition ${wanted.name}=FILE.`,
    `Le partitionnement demande à l’image une partition «\u00a0${wanted.name}\u00a0» de type ${wanted.type}, et le disque n’en a plus (${there}). Corrigez-le dans images/, ou fournissez-la avec --partition ${wanted.name}=FICHIER.`,
  )
}

const leftOut = ({ entry, fileSystem }: FoundPartition): Text => {
  const what = `${entry.number} (${[typeOf(entry.type) ?? entry.type, fileSystem.label].filter(Boolean).join(', ')})`
  return say(
    `Partition ${what} is left out: the layout has no image partition for it.`,
    `La partition ${what} est laissée de côté\u00a0: le partitionnement n’a pas de partition d’image pour elle.`,
  )
}

/** Names that installers give to every partition, and that say nothing. */
const hollow =
  /^(primary|linux-filesystem|linux|basic-data-partition|microsoft-.*|efi-.*|part(ition)?-?\d*|data)$/u

/** Without a layout: by the table's own names, else by what the partition is for. */
export const nameByItself = (found: readonly FoundPartition[]): Named => {
  const largest = (kind: FileSystem['kind']): FoundPartition | undefined =>
    found
      .filter(({ fileSystem }) => fileSystem.kind === kind)
      .reduce<FoundPartition | undefined>(
        (best, one) => (best === undefined || one.entry.sizeBytes > best.entry.sizeBytes ? one : best),
        undefined,
      )
  const [root, windows] = [largest('ext4'), largest('ntfs')]
  const taken = new Set<string>()
  const partitions = found.map((one): NamedPartition => {
    const label = nameFrom(one.entry.name ?? '')
    const type = typeOf(one.entry.type)
    const byUse =
      one === root
        ? 'root'
        : one === windows
          ? 'windows'
          : type === undefined || type === 'linux'
            ? 'data'
            : type
    const wanted = label === '' || hollow.test(label) ? byUse : label
    const name = taken.has(wanted) ? `${wanted}-${one.entry.number}` : wanted
    taken.add(name)
    const os = one === root ? 'debian' : one === windows ? 'windows' : undefined
    return { ...one, name, ...(os === undefined ? {} : { os }) }
  })
  return { partitions, notes: [] }
}

/** The nearest DNS label. */
const nameFrom = (label: string): string =>
  label
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/gu, '')
