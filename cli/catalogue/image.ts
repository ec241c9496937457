import { say } from '../../specs/text.ts'
import { captureEntry } from './disk.ts'
import type { ArgumentEntry, Group, OptionEntry } from './entry.ts'
import { imagerBuild } from './imager.ts'
import { done, everywhere, failed, parkOption, plainExits, stateOption, usage } from './options.ts'

const placed: readonly OptionEntry[] = [parkOption, stateOption, ...everywhere]

const label: ArgumentEntry = {
  name: say('name@version', 'nom@version'),
  required: true,
  help: say(
    'an image version, such as debian-edu@2026.09',
    'une version d’image, par exemple debian-edu@2026.09',
  ),
}

/** The store of disk images. */
export const imageGroup: Group = {
  title: say('Disk images', 'Images disque'),
  entries: [
    {
      name: 'image import',
      summary: say('make an image version of a disk', 'fait d’un disque une version d’image'),
      description: say(
        'Reads the used blocks of a disk image (raw, qcow2, vhdx, vmdk) into the store, signs it with the park’s key and prints its digest, which goes into the Image spec. What the store has already is not stored again. The system on the disk must be shut down. An interrupted import goes on where it was.',
        'Lit les blocs utilisés d’une image disque (raw, qcow2, vhdx, vmdk) dans le dépôt, la signe avec la clé du parc et affiche son empreinte, à inscrire dans la spécification Image. Ce que le dépôt contient déjà n’est pas enregistré de nouveau. Le système du disque doit être arrêté. Une importation interrompue reprend là où elle en était.',
      ),
      arguments: [
        label,
        {
          name: say('file', 'fichier'),
          required: false,
          help: say(
            'a whole disk with its partition table; its partitions get the names of the Image spec’s layout',
            'un disque entier avec sa table de partitions\u00a0; ses partitions prennent les noms du partitionnement de la spécification Image',
          ),
        },
      ],
      options: [
        {
          long: 'partition',
          value: say('name=file', 'nom=fichier'),
          many: true,
          help: say(
            'take this partition from a file of its own',
            'prend cette partition dans un fichier à part',
          ),
        },
        {
          long: 'from',
          value: say('name@version[:partition]', 'nom@version[:partition]'),
          many: true,
          help: say(
            'take what is not given otherwise (or just this partition) from a version that is there: one of two systems can then be renewed alone',
            'prend ce qui n’est pas fourni autrement (ou cette seule partition) dans une version existante\u00a0: l’un des deux systèmes peut ainsi être renouvelé seul',
          ),
        },
        {
          long: 'spec',
          value: say('file', 'fichier'),
          help: say(
            'write the digest into this Image spec; comments stay',
            'inscrit l’empreinte dans cette spécification Image\u00a0; les commentaires restent',
          ),
        },
        {
          long: 'replace',
          help: say(
            'the version may be there already with other contents',
            'la version peut déjà exister avec un autre contenu',
          ),
        },
        {
          long: 'scratch',
          value: say('folder', 'dossier'),
          help: say(
            'where a disk that is not raw is unpacked meanwhile; default: in the state folder',
            'où est décompressé, le temps de l’importation, un disque qui n’est pas au format raw\u00a0; par défaut\u00a0: dans le dossier d’état',
          ),
        },
        ...placed,
      ],
      exits: [
        done,
        failed,
        usage,
        {
          code: 130,
          meaning: say('interrupted; start again to go on', 'interrompu\u00a0; relancez pour continuer'),
        },
      ],
      examples: [
        {
          line: 'proviseur image import debian-edu@2026.09 debian.qcow2 --spec images/debian-edu.yaml',
          meaning: say('a virtual machine’s disk', 'le disque d’une machine virtuelle'),
        },
        {
          line: 'proviseur image import dual@2 --from dual@1 --partition root=root.img',
          meaning: say('one of two systems renewed', 'un système sur deux renouvelé'),
        },
      ],
      load: () => import('../commands/image-import.ts'),
    },
    captureEntry,
    {
      name: 'image pull',
      summary: say('fetch an image version', 'récupère une version d’image'),
      description: say(
        'Fetches an image version from another server (a running proviseur up, or a web server that has an image store under /store/) into the store: only what is missing, each byte checked, the manifest against the park’s key. The digest is that of the Image spec if it has one. The version is there once it is complete; an interrupted fetch goes on where it was.',
        'Récupère dans le dépôt une version d’image depuis un autre serveur (un proviseur up en cours, ou un serveur web qui expose un dépôt d’images sous /store/)\u00a0: seulement ce qui manque, chaque octet vérifié, le manifeste avec la clé du parc. L’empreinte est celle de la spécification Image, si elle en donne une. La version n’apparaît qu’une fois complète\u00a0; une récupération interrompue reprend là où elle en était.',
      ),
      arguments: [label],
      options: [
        {
          long: 'from',
          value: say('url', 'url'),
          help: say(
            'the server’s address, such as http://hub:8080',
            'l’adresse du serveur, par exemple http://hub:8080',
          ),
        },
        {
          long: 'bandwidth',
          value: say('bit rate', 'débit'),
          help: say('at most this, such as 20Mbit/s', 'au plus ce débit, par exemple 20Mbit/s'),
        },
        ...placed,
      ],
      exits: [
        done,
        failed,
        usage,
        {
          code: 130,
          meaning: say('interrupted; start again to go on', 'interrompu\u00a0; relancez pour continuer'),
        },
      ],
      examples: [
        {
          line: 'proviseur image pull debian-edu@2026.10 --from http://hub:8080 --bandwidth 20Mbit/s',
          meaning: say('ahead of the night', 'avant la nuit'),
        },
      ],
      load: () => import('../commands/image-pull.ts'),
    },
    {
      name: 'image list',
      summary: say('list the image versions', 'liste les versions d’images'),
      description: say(
        'Every version of the store: what it uses on a disk, what it takes in the store, and what of that no other version needs.',
        'Chaque version du dépôt\u00a0: ce qu’elle occupe sur un disque, ce qu’elle prend dans le dépôt, et la part dont aucune autre version n’a besoin.',
      ),
      arguments: [],
      options: placed,
      exits: plainExits,
      examples: [],
      load: () => import('../commands/image-list.ts'),
    },
    {
      name: 'image verify',
      summary: say('check every byte of the images', 'vérifie chaque octet des images'),
      description: say(
        'Reads everything that the images need and checks it against its digest and the park’s signature.',
        'Lit tout ce dont les images ont besoin et le compare à son empreinte et à la signature du parc.',
      ),
      arguments: [{ ...label, required: false }],
      options: [
        {
          long: 'discard',
          help: say(
            'remove damaged chunks, so that the next import stores them anew',
            'supprime les blocs endommagés, pour que la prochaine importation les enregistre de nouveau',
          ),
        },
        ...placed,
      ],
      exits: [
        { code: 0, meaning: say('all is sound', 'tout est en ordre') },
        { code: 1, meaning: say('something is missing or damaged', 'quelque chose manque ou est endommagé') },
        usage,
      ],
      examples: [],
      load: () => import('../commands/image-verify.ts'),
    },
    {
      name: 'image test',
      summary: say('start an image in a virtual PC', 'démarre une image dans un poste virtuel'),
      description: say(
        'Writes the version as a disk into a temporary file and starts it in QEMU, with each kind of firmware that the image is made for, until somebody could log in: SSH answers, or the serial console asks for a login. Its network reaches nothing. The result is kept with the image. Needs qemu-system-x86, and ovmf for UEFI. It is the image’s own boot loader that is tested, not the menu that the imager puts on PCs.',
        'Écrit la version sous forme de disque dans un fichier temporaire et la démarre dans QEMU, avec chaque type de microgiciel pour lequel l’image est faite, jusqu’à ce que l’on puisse se connecter\u00a0: SSH répond, ou la console série invite à se connecter. Son réseau n’atteint rien. Le résultat est gardé avec l’image. Nécessite qemu-system-x86, et ovmf pour l’UEFI. C’est le chargeur de l’image elle-même qui est essayé, pas le menu que l’imageur installe sur les postes.',
      ),
      arguments: [label],
      options: [
        {
          long: 'firmware',
          value: say('kind', 'type'),
          choices: ['bios', 'uefi', 'secure-boot'],
          help: say('only this one', 'seulement celui-ci'),
        },
        {
          long: 'disk',
          value: say('kind', 'type'),
          choices: ['sata', 'nvme', 'virtio'],
          help: say(
            'how the disk is attached, as in the role’s PCs (sata); virtio: disk and network card of a virtual machine',
            'comment le disque est raccordé, comme dans les postes du rôle (sata)\u00a0; virtio\u00a0: disque et carte réseau d’une machine virtuelle',
          ),
        },
        {
          long: 'timeout',
          value: say('duration', 'durée'),
          help: say('given up after this (10m)', 'abandon passé ce délai (10m)'),
        },
        {
          long: 'ssh-key',
          value: say('file', 'fichier'),
          help: say(
            'a private key with which root must be let in',
            'une clé privée avec laquelle root doit pouvoir se connecter',
          ),
        },
        ...placed,
      ],
      exits: [
        { code: 0, meaning: say('every trial passed', 'tous les essais ont réussi') },
        {
          code: 1,
          meaning: say('one did not, or could not be made', 'l’un a échoué, ou n’a pas pu être fait'),
        },
        usage,
        { code: 130, meaning: say('interrupted', 'interrompu') },
      ],
      examples: [
        {
          line: 'proviseur image test debian-edu@2026.10 --firmware secure-boot',
          meaning: say('before its rollout', 'avant son déploiement'),
        },
      ],
      load: () => import('../commands/image-test.ts'),
    },
    {
      name: 'image diff',
      summary: say('compare two image versions', 'compare deux versions d’images'),
      description: say(
        'What a PC that has the first must write and fetch to become the second, partition by partition.',
        'Ce qu’un poste qui a la première doit écrire et télécharger pour passer à la seconde, partition par partition.',
      ),
      arguments: [label, { ...label, name: say('other@version', 'autre@version') }],
      options: placed,
      exits: plainExits,
      examples: [
        {
          line: 'proviseur image diff debian-edu@2026.09 debian-edu@2026.10',
          meaning: say('before a rollout', 'avant un déploiement'),
        },
      ],
      load: () => import('../commands/image-diff.ts'),
    },
    {
      name: 'image tag',
      summary: say('give a version another name', 'donne un autre nom à une version'),
      description: say(
        'The new name leads to the same contents at once; if it led elsewhere before, that is printed, so that one can go back.',
        'Le nouveau nom désigne aussitôt le même contenu\u00a0; s’il désignait autre chose, c’est affiché, pour pouvoir revenir en arrière.',
      ),
      arguments: [label, { ...label, name: say('new@version', 'nouveau@version') }],
      options: placed,
      exits: plainExits,
      examples: [
        {
          line: 'proviseur image tag debian-edu@2026.09 debian-edu@stable',
          meaning: say('go back to September', 'revenir à septembre'),
        },
      ],
      load: () => import('../commands/image-tag.ts'),
    },
    {
      name: 'image remove',
      summary: say('remove an image version', 'retire une version d’image'),
      description: say(
        'Only the name goes at once; what no other version needs goes with image gc.',
        'Seul le nom disparaît aussitôt\u00a0; ce dont aucune autre version n’a besoin part avec image gc.',
      ),
      arguments: [label],
      options: placed,
      exits: plainExits,
      examples: [],
      load: () => import('../commands/image-remove.ts'),
    },
    {
      name: 'image gc',
      summary: say('free what no image needs', 'libère ce dont aucune image n’a besoin'),
      description: say(
        'Removes what is needed neither by a named version, nor by one that a PC has or is to get, and what interrupted imports left, if it is older than the grace period.',
        'Supprime ce dont n’a besoin aucune version nommée, ni aucune version qu’un poste a ou doit recevoir, et ce qu’ont laissé les importations interrompues, passé le délai de grâce.',
      ),
      arguments: [],
      options: [
        { long: 'dry-run', help: say('only count', 'compte seulement') },
        {
          long: 'grace',
          value: say('duration', 'durée'),
          help: say(
            'what is younger stays (24h); 0s only while nothing is imported, captured or fetched',
            'ce qui est plus récent reste (24h)\u00a0; 0s seulement si rien n’est en cours d’importation, de capture ou de récupération',
          ),
        },
        ...placed,
      ],
      exits: plainExits,
      examples: [],
      load: () => import('../commands/image-gc.ts'),
    },
    {
      name: 'image export',
      summary: say('write an image as a disk', 'écrit une image sous forme de disque'),
      description: say(
        'Writes a sparse raw disk, partition table and all, every chunk checked: for a virtual machine, or to look into it.',
        'Écrit un disque raw creux, table de partitions comprise, chaque bloc vérifié\u00a0: pour une machine virtuelle, ou pour l’examiner.',
      ),
      arguments: [
        label,
        {
          name: say('file', 'fichier'),
          required: true,
          help: say('a new file', 'un nouveau fichier'),
        },
      ],
      options: placed,
      exits: plainExits,
      examples: [],
      load: () => import('../commands/image-export.ts'),
    },
    imagerBuild,
  ],
}
