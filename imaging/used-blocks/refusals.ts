import type { FileSystemKind } from '../manifest.ts'
import { type Refusal, refuse } from '../refusal.ts'

/** How a file system that was not closed well is put right. */
const remedies: Readonly<Record<FileSystemKind, readonly [en: string, fr: string]>> = {
  ext4: [
    'Start this system and shut it down properly, or check the file system: e2fsck -f',
    'Démarrez ce système et arrêtez-le proprement, ou vérifiez le système de fichiers\u00a0: e2fsck -f',
  ],
  ntfs: [
    'Start this Windows, let it check its disk (chkdsk /f), shut it down completely (shutdown /s /t 0), and try again.',
    'Démarrez ce Windows, laissez-le vérifier son disque (chkdsk /f), arrêtez-le complètement (shutdown /s /t 0), puis recommencez.',
  ],
  vfat: [
    'Shut the system down properly, or check the file system: fsck.vfat -a',
    'Arrêtez le système proprement, ou vérifiez le système de fichiers\u00a0: fsck.vfat -a',
  ],
  swap: [
    'A hibernated system is in it: start it and shut it down properly.',
    'Un système en veille prolongée s’y trouve\u00a0: démarrez-le et arrêtez-le proprement.',
  ],
  raw: ['Shut the system down properly.', 'Arrêtez le système proprement.'],
}

export const dirty = (kind: FileSystemKind, detail: string): Refusal => {
  const [en, fr] = remedies[kind]
  return refuse(
    'file-system-dirty',
    `The ${kind} file system was not closed properly: an image of it might not start. ${en}`,
    `Le système de fichiers ${kind} n’a pas été fermé proprement\u00a0: une image risquerait de ne pas démarrer. ${fr}`,
    detail,
  )
}

export const unreadable = (kind: FileSystemKind, detail: string): Refusal =>
  refuse(
    'file-system-unreadable',
    `The ${kind} file system cannot be read: it is damaged. Repair it in its own system, or take an older copy of the disk.`,
    `Le système de fichiers ${kind} est illisible\u00a0: il est endommagé. Réparez-le depuis son propre système, ou prenez une copie plus ancienne du disque.`,
    detail,
  )
