/** What each failure of the imager means to the technician in front of the PC or at the console: what happened, and what to do. */
import { say, type Text } from '../specs/text.ts'
import type { ImagerReason } from './protocol.ts'

/** Short enough for a PC's screen; `Done.detail` carries the particulars (names, numbers, what a program said). */
export const reasonText: Readonly<Record<ImagerReason, Text>> = {
  'server-silent': say(
    'The site server does not answer. Check the network cable and that the server is running; the PC asks again at its next start.',
    'Le serveur d’établissement ne répond pas. Vérifiez le câble réseau et que le serveur fonctionne\u00a0; le poste l’interrogera de nouveau à son prochain démarrage.',
  ),
  'job-signature-wrong': say(
    'The order does not bear this lycée’s signature: nothing was written. If the site server’s key was renewed, rebuild the imager with `proviseur imager build`; otherwise find out who answers in its place on this network.',
    'L’ordre reçu ne porte pas la signature de ce lycée\u00a0: rien n’a été écrit. Si la clé du serveur d’établissement a été renouvelée, refaites l’imageur avec `proviseur imager build`\u00a0; sinon, cherchez qui répond à sa place sur ce réseau.',
  ),
  'job-for-another-machine': say(
    'The order is for another PC: nothing was written. Check this PC’s MAC address in the specs.',
    'L’ordre reçu est destiné à un autre poste\u00a0: rien n’a été écrit. Vérifiez l’adresse MAC de ce poste dans les spécifications.',
  ),
  'job-replayed': say(
    'The order was given for an earlier start of this PC: nothing was written. Restart the PC; if it comes again, somebody replays old orders on this network.',
    'L’ordre reçu date d’un démarrage précédent de ce poste\u00a0: rien n’a été écrit. Redémarrez le poste\u00a0; si cela se répète, quelqu’un rejoue d’anciens ordres sur ce réseau.',
  ),
  'job-outdated': say(
    'The order is older than one that this PC already carried out: nothing was written. If the hub was restored from a backup, its epoch must be raised; otherwise somebody replays old orders.',
    'L’ordre reçu est plus ancien qu’un ordre déjà exécuté par ce poste\u00a0: rien n’a été écrit. Si le serveur central a été restauré depuis une sauvegarde, son époque doit être augmentée\u00a0; sinon, quelqu’un rejoue d’anciens ordres.',
  ),
  'manifest-missing': say(
    'The site server does not have this image version. Import it (`proviseur image import`), or wait until the site server has fetched it.',
    'Le serveur d’établissement ne possède pas cette version de l’image disque. Importez-la (`proviseur image import`) ou attendez que le serveur l’ait récupérée.',
  ),
  'manifest-damaged': say(
    'The description of the image cannot be read. Run `proviseur image verify` on the site server’s store.',
    'La description de l’image disque est illisible. Lancez `proviseur image verify` sur le dépôt du serveur d’établissement.',
  ),
  'manifest-signature-wrong': say(
    'The image is not signed by this park’s key: nothing was written. Sign it in the park that owns this PC, or rebuild the imager if the park’s key was renewed.',
    'L’image disque n’est pas signée par la clé de ce parc\u00a0: rien n’a été écrit. Signez-la dans le parc auquel appartient ce poste, ou refaites l’imageur si la clé du parc a été renouvelée.',
  ),
  'manifest-not-the-planned-one': say(
    'The site server sent another image than the planned one: nothing was written. Run `proviseur image verify`; if the store is sound, somebody answers in its place.',
    'Le serveur d’établissement a envoyé une autre image disque que celle prévue\u00a0: rien n’a été écrit. Lancez `proviseur image verify`\u00a0; si le dépôt est sain, quelqu’un répond à sa place.',
  ),
  'list-missing': say(
    'The image’s table of contents is missing on the site server. Run `proviseur image verify`, then import the image again.',
    'La liste de contenu de l’image disque manque sur le serveur d’établissement. Lancez `proviseur image verify`, puis importez l’image de nouveau.',
  ),
  'list-damaged': say(
    'The image’s table of contents is damaged. Run `proviseur image verify`, then import the image again.',
    'La liste de contenu de l’image disque est endommagée. Lancez `proviseur image verify`, puis importez l’image de nouveau.',
  ),
  'chunk-missing': say(
    'A part of the image is missing. On the network: run `proviseur image verify` on the site server. Without it: connect the PC to the network, its cache is not complete.',
    'Une partie de l’image disque manque. Sur le réseau\u00a0: lancez `proviseur image verify` sur le serveur d’établissement. Hors réseau\u00a0: connectez le poste, sa copie locale est incomplète.',
  ),
  'chunk-damaged': say(
    'A part of the image arrived damaged, again and again: it was not written. Run `proviseur image verify` on the site server; then check the PC’s memory and cable.',
    'Une partie de l’image disque arrive endommagée à chaque essai\u00a0: elle n’a pas été écrite. Lancez `proviseur image verify` sur le serveur d’établissement, puis vérifiez la mémoire et le câble du poste.',
  ),
  'store-full': say(
    'The place for images is full. On the site server: free space, `proviseur image gc`. On the PC: enlarge its cache partition in the layout.',
    'L’espace réservé aux images disque est plein. Sur le serveur d’établissement\u00a0: libérez de la place avec `proviseur image gc`. Sur le poste\u00a0: agrandissez la partition de cache dans le partitionnement.',
  ),
  'no-disk': say(
    'The PC shows no fixed disk. Check in its firmware that the disk is seen and that no RAID mode hides it (choose AHCI).',
    'Le poste ne présente aucun disque interne. Vérifiez dans son micrologiciel que le disque est détecté et qu’aucun mode RAID ne le masque (choisissez AHCI).',
  ),
  'several-disks': say(
    'The PC has several fixed disks and the specs do not say which one is meant: nothing was written. Name it in the image’s `disk` (kernel name, model or serial number).',
    'Le poste a plusieurs disques internes et les spécifications n’indiquent pas lequel utiliser\u00a0: rien n’a été écrit. Désignez-le dans `disk` de l’image (nom du noyau, modèle ou numéro de série).',
  ),
  'disk-too-small': say(
    'The disk is too small for the wanted partitions: nothing was written. Reduce them in the specs, or replace the disk.',
    'Le disque est trop petit pour les partitions voulues\u00a0: rien n’a été écrit. Réduisez-les dans les spécifications ou remplacez le disque.',
  ),
  'disk-unreadable': say(
    'The disk has read errors: it is dying. Replace it.',
    'Le disque présente des erreurs de lecture\u00a0: il est en fin de vie. Remplacez-le.',
  ),
  'disk-unwritable': say(
    'The disk refuses to be written. Replace it, or remove its write protection.',
    'Le disque refuse l’écriture. Remplacez-le ou retirez sa protection en écriture.',
  ),
  'disk-slow': say(
    'The disk answers far too slowly: it is probably dying. Replace it.',
    'Le disque répond beaucoup trop lentement\u00a0: il est sans doute en fin de vie. Remplacez-le.',
  ),
  'loop-device-failed': say(
    'The imager could not reach a part of the disk: its kernel gave it no loop device. The disk itself can be read. Restart the PC; if it comes again, report it with the details.',
    'L’imageur n’a pas pu accéder à une partie du disque\u00a0: son noyau ne lui a pas fourni de périphérique loop. Le disque lui-même est lisible. Redémarrez le poste\u00a0; si cela se répète, signalez-le avec le détail.',
  ),
  'layout-would-lose-data': say(
    'The wanted partitions would destroy data that was not approved for deletion: nothing was written. Save it, then approve the repartitioning in the plan, or adapt the layout in the specs.',
    'Le partitionnement voulu détruirait des données dont la suppression n’a pas été approuvée\u00a0: rien n’a été écrit. Sauvegardez-les, puis approuvez le repartitionnement dans le plan, ou adaptez le partitionnement dans les spécifications.',
  ),
  'layout-failed': say(
    'The partitions could not be made. The details say what the program answered.',
    'Les partitions n’ont pas pu être créées. Le détail indique ce que le programme a répondu.',
  ),
  'keep-does-not-fit': say(
    'The paths to be kept do not fit into the cache partition or back into the system: nothing of them was lost. Reduce what is kept, or enlarge the cache partition.',
    'Les dossiers à conserver ne tiennent pas dans la partition de cache ou dans le système\u00a0: rien n’en a été perdu. Réduisez ce qui est conservé ou agrandissez la partition de cache.',
  ),
  'file-system-broken': say(
    'A file system is damaged and could not be repaired. If it is the image’s own, make the image again; if it is a partition to be kept, save its data first.',
    'Un système de fichiers est endommagé et n’a pas pu être réparé. S’il vient de l’image disque, refaites l’image\u00a0; s’il s’agit d’une partition à conserver, sauvegardez d’abord ses données.',
  ),
  'identity-failed': say(
    'The PC’s own settings (name, keys) could not be written into its system. The details say which.',
    'Les réglages propres au poste (nom, clés) n’ont pas pu être inscrits dans son système. Le détail indique lesquels.',
  ),
  'boot-loader-failed': say(
    'The boot loader could not be installed. Check that the layout has the partition that it needs (`esp` for UEFI, `bios` for BIOS).',
    'Le chargeur de démarrage n’a pas pu être installé. Vérifiez que le partitionnement comporte la partition requise (`esp` en UEFI, `bios` en BIOS).',
  ),
  'imager-not-the-signed-one': say(
    'The site server does not give out the imager (kernel and ramdisk) that the signed order names: it was not kept on this PC. After `proviseur imager build` the next order names the new one; if this comes again, somebody answers in the server’s place.',
    'Le serveur d’établissement ne fournit pas l’imageur (noyau et disque mémoire) désigné par l’ordre signé\u00a0: il n’a pas été conservé sur ce poste. Après `proviseur imager build`, l’ordre suivant désigne le nouveau\u00a0; si cela se répète, quelqu’un répond à la place du serveur.',
  ),
  'verification-failed': say(
    'What was written reads back differently: the disk, its cable or the PC’s memory is faulty. Do not use this PC before it was checked.',
    'Ce qui a été écrit se relit différemment\u00a0: le disque, son câble ou la mémoire du poste est défectueux. N’utilisez pas ce poste avant de l’avoir contrôlé.',
  ),
  'out-of-memory': say(
    'The PC has too little memory for the imager; it needs 1 GB.',
    'Le poste n’a pas assez de mémoire pour l’imageur\u00a0; il faut 1\u00a0Go.',
  ),
  'program-error': say(
    'The imager has stopped on a fault of its own. Please report it with the details.',
    'L’imageur s’est arrêté sur une erreur interne. Merci de la signaler avec le détail.',
  ),
}
