/** Why PCs cannot be started from the network just now: what happened, on which machine, what to do. */
import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

export const bootFilesMissing = (folder: string, names: readonly string[]): Reason => ({
  code: 'boot-files-missing',
  message: say(
    `Netboot cannot start: ${names.join(', ')} missing in ${folder}. Build the imager: proviseur imager build.`,
    `Le démarrage par le réseau ne peut pas être proposé\u00a0: il manque ${names.join(', ')} dans ${folder}. Construisez le système d’installation\u00a0: proviseur imager build.`,
  ),
})

export const addressNotHere = (address: string): Reason => ({
  code: 'server-address-not-here',
  message: say(
    `Netboot cannot start: no network interface of this machine has the address ${address}, which the lycée's specs give the site server. Set that address up here, or correct server.address.`,
    `Le démarrage par le réseau ne peut pas être proposé\u00a0: aucune interface réseau de cette machine ne porte l’adresse ${address}, que les spécifications du lycée donnent au serveur d’établissement. Configurez cette adresse ici ou corrigez server.address.`,
  ),
})

export const dnsmasqMissing = (): Reason => ({
  code: 'dnsmasq-missing',
  message: say(
    'Netboot cannot start: the program dnsmasq is not installed on this machine. On Debian or Ubuntu: apt-get install dnsmasq-base.',
    'Le démarrage par le réseau ne peut pas être proposé\u00a0: le programme dnsmasq n’est pas installé sur cette machine. Sous Debian ou Ubuntu\u00a0: apt-get install dnsmasq-base.',
  ),
})

export const portInUse = (link: string, detail: string): Reason => ({
  code: 'netboot-port-in-use',
  message: say(
    `Netboot cannot start: another program on this machine already serves DHCP or TFTP on ${link} (UDP ports 67, 4011 and 69). Find it with "ss -lunp", and stop it or move it to another interface.`,
    `Le démarrage par le réseau ne peut pas être proposé\u00a0: un autre programme de cette machine assure déjà le DHCP ou le TFTP sur ${link} (ports UDP 67, 4011 et 69). Repérez-le avec «\u00a0ss -lunp\u00a0», puis arrêtez-le ou limitez-le à une autre interface.`,
  ),
  detail,
})

export const notPermitted = (detail: string): Reason => ({
  code: 'netboot-needs-root',
  message: say(
    'Netboot cannot start: DHCP and TFTP use ports that only root may open. Run Proviseur as root on the site server.',
    'Le démarrage par le réseau ne peut pas être proposé\u00a0: DHCP et TFTP utilisent des ports réservés à root. Lancez Proviseur en tant que root sur le serveur d’établissement.',
  ),
  detail,
})

export const dnsmasqEnded = (exit: string, detail: string): Reason => ({
  code: 'dnsmasq-ended',
  message: say(
    `dnsmasq, which tells PCs what to start from the network, ended by itself (${exit}). PCs start from their disks until it runs again.`,
    `dnsmasq, qui indique aux postes quoi démarrer par le réseau, s’est arrêté de lui-même (${exit}). Les postes démarrent sur leur disque jusqu’à sa reprise.`,
  ),
  detail,
})
