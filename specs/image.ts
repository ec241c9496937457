import type { Compilation } from './compilation.ts'
import type { Spec } from './read-spec.ts'
import { formatSize } from './size.ts'
import { placeAt, placeOfKey } from './source-path.ts'
import { say } from './text.ts'
import { layoutOf, systemPartitions, systemTypes } from './wanted-disk.ts'

/** What partition tables and alignment take at both ends of a disk, rounded up. */
const tableBytes = 2 * 2 ** 20
/** A `rest` of nothing is no partition. */
const leastRestBytes = 2 ** 20

/** Refuses layouts that no disk could have, and versions that do not fit in them. */
export function checkImage(image: Spec<'Image'>, { findings }: Pick<Compilation, 'findings'>): void {
  const { spec, document } = image
  const { partitions, table, size } = spec.disk
  const place = placeAt(document, ['disk', 'partitions'])
  if (Object.keys(spec.versions).length === 0) {
    findings.error(
      placeAt(document, ['versions']),
      'image-without-version',
      say('An image needs at least one version.', 'Une image a besoin d’au moins une version.'),
    )
  }
  if (!systemPartitions(layoutOf(spec)).some(({ os }) => os === spec.os)) {
    const type = systemTypes[spec.os]
    findings.error(
      place,
      'image-without-root',
      say(
        `No partition holds the system: one of type \`${type}\` needs \`content: image\` (and, where others name theirs, \`os: ${spec.os}\`).`,
        `Aucune partition ne contient le système : l’une, de type \`${type}\`, doit avoir \`content: image\` (et, si d’autres indiquent le leur, \`os: ${spec.os}\`).`,
      ),
    )
  }
  for (const index of partitions.keys()) checkPartition(image, index, { findings })
  const seen = new Set<string>()
  for (const [index, partition] of partitions.entries()) {
    if (seen.has(partition.name)) {
      findings.error(
        placeAt(document, ['disk', 'partitions', index, 'name']),
        'duplicate-name',
        say(`There are two partitions “${partition.name}”.`, `Il y a deux partitions « ${partition.name} ».`),
      )
    }
    seen.add(partition.name)
  }
  const rests = partitions.flatMap((partition, index) => (partition.size === 'rest' ? [index] : []))
  if (rests.length > 1) {
    findings.error(
      placeAt(document, ['disk', 'partitions', rests[1] ?? 0, 'size']),
      'two-rests',
      say(
        'Only one partition can take the rest of the disk; give this one a size.',
        'Une seule partition peut prendre le reste du disque ; donnez une taille à celle-ci.',
      ),
    )
  }
  if (table === 'mbr' && partitions.length > 4) {
    findings.error(
      place,
      'too-many-partitions',
      say(
        'An MBR table has four partitions at most; use `table: gpt`.',
        'Une table MBR a quatre partitions au plus ; utilisez `table: gpt`.',
      ),
    )
  }
  const caches = partitions.flatMap(({ content }, index) => (content === 'cache' ? [index] : []))
  if (caches.length > 1) {
    findings.error(
      placeAt(document, ['disk', 'partitions', caches[1] ?? 0, 'content']),
      'two-caches',
      say(
        'A disk has one cache partition at most; make the other one larger.',
        'Un disque a au plus une partition de cache ; agrandissez plutôt l’autre.',
      ),
    )
  }
  const fixed = partitions.reduce(
    (sum, each) => sum + (each.size === 'rest' ? leastRestBytes : each.size),
    tableBytes,
  )
  if (size !== undefined && fixed > size) {
    findings.error(
      place,
      'partitions-too-large',
      say(
        `The partitions need ${formatSize(fixed, 'en')}; the smallest disk has ${formatSize(size, 'en')}.`,
        `Les partitions demandent ${formatSize(fixed, 'fr')} ; le plus petit disque a ${formatSize(size, 'fr')}.`,
      ),
    )
  }
  checkVersions(image, fixed, { findings })
}

function checkPartition(
  { spec, document }: Spec<'Image'>,
  index: number,
  { findings }: Pick<Compilation, 'findings'>,
): void {
  const partition = spec.disk.partitions[index]
  if (partition === undefined) return
  const { name, type, content, os } = partition
  const place = (key: string) => placeAt(document, ['disk', 'partitions', index, key])
  if (spec.disk.table === 'mbr' && (type === 'bios' || type === 'msr')) {
    findings.error(
      place('type'),
      'partition-not-on-mbr',
      say(
        `Partitions of type \`${type}\` exist in GPT tables only; leave this one out.`,
        `Les partitions de type \`${type}\` n’existent que dans les tables GPT ; retirez celle-ci.`,
      ),
    )
  }
  if (content === 'cache' && type !== 'linux') {
    findings.error(
      place('content'),
      'bad-partition-content',
      say(
        'The cache is a Linux file system: its partition is of type `linux`.',
        'Le cache est un système de fichiers Linux : sa partition est de type `linux`.',
      ),
    )
  }
  if (os !== undefined && !(content === 'image' && type === systemTypes[os])) {
    findings.error(
      place('os'),
      'bad-system-partition',
      say(
        `A system (${os}) comes from the image and lies in a partition of type \`${systemTypes[os]}\`: “${name}” needs \`type: ${systemTypes[os]}\` and \`content: image\`.`,
        `Un système (${os}) vient de l’image et se trouve dans une partition de type \`${systemTypes[os]}\` : « ${name} » doit avoir \`type: ${systemTypes[os]}\` et \`content: image\`.`,
      ),
    )
  }
}

function checkVersions(
  { spec, document }: Spec<'Image'>,
  fixed: number,
  { findings }: Pick<Compilation, 'findings'>,
): void {
  const { partitions, size } = spec.disk
  const room = partitions
    .filter(({ content }) => content === 'image')
    .reduce(
      (sum, each) =>
        sum +
        (each.size === 'rest' ? (size === undefined ? Number.POSITIVE_INFINITY : size - fixed) : each.size),
      0,
    )
  for (const [version, { size: needed }] of Object.entries(spec.versions)) {
    if (needed === undefined || needed <= room) continue
    findings.error(
      placeOfKey(document, ['versions', version, 'size']),
      'image-too-large',
      say(
        `Version ${version} needs ${formatSize(needed, 'en')}; its partitions have ${formatSize(Math.max(0, room), 'en')}.`,
        `La version ${version} demande ${formatSize(needed, 'fr')} ; ses partitions ont ${formatSize(Math.max(0, room), 'fr')}.`,
      ),
    )
  }
}
