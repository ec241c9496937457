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
    oneOf(['bios', 'esp', 'msr', 'linux', 'swap', 'windows', 'recovery', 'data'], {
      ext4: 'linux',
      ntfs: 'windows',
      efi: 'esp',
      grub: 'bios',
    }),
    'What it is for. A PC with BIOS firmware starts from `bios` (1 MiB) on a GPT disk, one with UEFI firmware from `esp`. `data` is for users’ files: NTFS where there is a `windows` partition too, else ext4.',
    'Son usage. Un poste à micrologiciel BIOS démarre depuis `bios` (1 Mio) sur un disque GPT, un poste UEFI depuis `esp`. `data` est destinée aux fichiers des utilisateurs : en NTFS s’il y a aussi une partition `windows`, sinon en ext4.',
  ),
  size: about(
    partitionSize(),
    'Its size; `rest` for one partition at most.',
    'Sa taille ; `rest` pour une partition au plus.',
  ),
  content: about(
    oneOf(['image', 'cache', 'keep', 'empty']),
    '`image`: made equal to the image, at each upgrade and reset. `cache`: the image’s data on the PC, for resets without a network. `keep`: made empty when it is new, then never written, moved or resized. `empty`: made empty when it is new, then left alone until the layout changes.',
    '`image` : rendue égale à l’image à chaque mise à niveau et à chaque remise en état. `cache` : les données de l’image sur le poste, pour une remise en état sans réseau. `keep` : créée vide, puis jamais écrite, déplacée ni redimensionnée. `empty` : créée vide, puis laissée telle quelle tant que l’organisation du disque ne change pas.',
  ),
  os: about(
    oneOf(['debian', 'windows'], { linux: 'debian', ubuntu: 'debian' }),
    'The system that starts from it, where an image holds several; by default the image’s own is in the first fitting partition.',
    'Le système qui en démarre, quand une image en contient plusieurs ; par défaut celui de l’image, dans la première partition qui convient.',
  ).optional(),
  title: about(
    line(),
    'What the PC’s boot menu calls its system.',
    'Le nom de son système dans le menu de démarrage du poste.',
  ).optional(),
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
          digest: about(
            sha256Digest(),
            'Of its manifest, as `proviseur image import` prints it. Nothing is written to a disk before it stands here.',
            'L’empreinte de son manifeste, affichée par `proviseur image import`. Tant qu’elle manque ici, aucun disque n’est écrit.',
          ).optional(),
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
        disk: about(
          line(),
          'Which disk, on PCs with several: its kernel name (`nvme0n1`), model or serial number. Without it the PC must have exactly one fixed disk.',
          'Quel disque, sur les postes qui en ont plusieurs : son nom noyau (`nvme0n1`), son modèle ou son numéro de série. Sinon le poste doit avoir un seul disque fixe.',
        ).optional(),
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
