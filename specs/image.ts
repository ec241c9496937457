import type { Compilation } from './compilation.ts'
import type { Spec } from './read-spec.ts'
import { formatSize } from './size.ts'
import { placeAt, placeOfKey } from './source-path.ts'
import { say } from './text.ts'

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
  if (
    !partitions.some(({ type, content }) => content === 'image' && (type === 'linux' || type === 'windows'))
  ) {
    findings.error(
      place,
      'image-without-root',
      say(
        'No partition holds the system: one of type `linux` or `windows` needs `content: image`.',
        'Aucune partition ne contient le système : l’une, de type `linux` ou `windows`, doit avoir `content: image`.',
      ),
    )
  }
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
