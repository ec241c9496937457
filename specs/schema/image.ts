import * as z from 'zod'
import { parseSize } from '../size.ts'
import { say } from '../text.ts'
import { name } from './name.ts'
import { size } from './quantity.ts'
import { about, fields, scalar } from './scalar.ts'
import { imageVersion, sha256Digest } from './version.ts'
import { line, oneOf } from './words.ts'

/** Bytes, or what is left of the disk. */
const partitionSize = () =>
  scalar<number | 'rest'>({
    expects: say(
      'a size such as `30GiB`, or `rest`',
      'une taille comme `30GiB`, ou `rest` (le reste du disque)',
    ),
    json: { type: 'string', pattern: '^(rest|[0-9]+(\\.[0-9]+)? ?([kKMGT]i?)?B)$' },
    parse: (text) => (text === 'rest' ? 'rest' : parseSize(text)),
  })

const partition = fields({
  name: about(name(), 'Its name.', 'Son nom.'),
  type: about(
    oneOf(['esp', 'msr', 'linux', 'swap', 'windows', 'recovery', 'data'], {
      ext4: 'linux',
      ntfs: 'windows',
      efi: 'esp',
    }),
    'What it is for.',
    'Son usage.',
  ),
  size: about(
    partitionSize(),
    'Its size; `rest` for one partition at most.',
    'Sa taille ; `rest` pour une partition au plus.',
  ),
  content: about(
    oneOf(['image', 'cache', 'keep', 'empty']),
    'Written from the image; our cache of image data; never touched; made empty.',
    'Écrite depuis l’image ; notre cache de données d’image ; jamais touchée ; créée vide.',
  ),
})
export type PartitionSpec = z.output<typeof partition>

export const image = about(
  fields({
    kind: about(z.literal('Image'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(name(), 'The name in `name@version`.', 'Le nom dans `nom@version`.'),
    title: about(line(), 'What people call it.', 'Son nom usuel.').optional(),
    os: about(
      oneOf(['debian', 'windows'], { linux: 'debian', ubuntu: 'debian' }),
      'The operating system in it.',
      'Le système d’exploitation qu’elle contient.',
    ),
    versions: about(
      z.record(
        imageVersion(),
        fields({
          digest: about(sha256Digest(), 'Of its manifest.', 'Celle de son manifeste.').optional(),
          size: about(
            size(),
            'Space that its contents need on the disk.',
            'Place que son contenu occupe sur le disque.',
          ).optional(),
        }),
      ),
      'Its versions.',
      'Ses versions.',
    ),
    disk: about(
      fields({
        table: about(
          oneOf(['gpt', 'mbr']),
          'The kind of partition table.',
          'Le type de table de partitions.',
        ),
        size: about(
          size(),
          'The smallest disk that it must fit on.',
          'Le plus petit disque sur lequel elle doit tenir.',
        ).optional(),
        partitions: about(
          z.array(partition),
          'Partitions in the order of the disk.',
          'Les partitions dans l’ordre du disque.',
        ),
      }),
      'The disk layout.',
      'L’organisation du disque.',
    ),
  }),
  'A versioned disk image and its layout.',
  'Une image disque, ses versions et son organisation.',
)
export type ImageSpec = z.output<typeof image>
