import * as z from 'zod'
import { domainName, ipv4, subnet } from './address.ts'
import { csvMachines, labels, machines, role } from './machine.ts'
import { name, secretName, siteName } from './name.ts'
import { bitrate, count, percentage } from './quantity.ts'
import { about, fields } from './scalar.ts'
import { settingsShape } from './settings.ts'
import { timezone } from './time.ts'
import { uai } from './uai.ts'
import { line, oneOf } from './words.ts'

const room = fields({
  title: about(line(), 'What people call it.', 'Son nom usuel.').optional(),
  labels: labels(),
  role: role(),
  ...settingsShape,
  machines: about(machines, 'Its machines.', 'Ses machines.').optional(),
})
export type RoomSpec = z.output<typeof room>

export const lycee = about(
  fields({
    kind: about(z.literal('Lycee'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(
      siteName(),
      'Its short name, part of every machine’s id.',
      'Son nom court, présent dans l’identifiant de chaque machine.',
    ),
    title: about(line(), 'What people call it.', 'Son nom usuel.').optional(),
    uai: about(uai(), 'Its national number.', 'Son numéro national (UAI).').optional(),
    city: about(line(), 'Where it is.', 'Sa commune.').optional(),
    timezone: about(timezone(), 'If it is not the park’s.', 'S’il diffère de celui du parc.').optional(),
    network: about(
      fields({
        subnet: about(
          subnet(),
          'The PCs’ subnet; machines’ addresses must lie in it.',
          'Le sous-réseau des postes ; les adresses des machines doivent s’y trouver.',
        ).optional(),
        domain: about(
          domainName(),
          'Appended to a machine’s name to reach it.',
          'Ajouté au nom d’une machine pour la joindre.',
        ).optional(),
        uplink: about(
          bitrate(),
          'The bit rate towards the lycée, over which packages come: it says on how many PCs at once they are installed.',
          'Le débit vers le lycée, par lequel arrivent les paquets : il détermine sur combien de postes à la fois ils sont installés.',
          { default: '100Mbit/s' },
        ).optional(),
      }),
      'Its network.',
      'Son réseau.',
    ).optional(),
    server: about(
      fields({
        address: about(
          ipv4(),
          'Its IPv4 address in the lycée’s network; it listens there.',
          'Son adresse IPv4 dans le réseau du lycée ; il y écoute.',
        ),
        port: about(
          count(1, 65535),
          'The TCP port for images, netboot files and the reset page.',
          'Le port TCP des images, des fichiers de démarrage réseau et de la page de remise en état.',
          { default: '8069' },
        ).optional(),
        netboot: about(
          oneOf(['off', 'proxy', 'dhcp'], { no: 'off', non: 'off', yes: 'proxy', oui: 'proxy' }),
          '`proxy`: beside the DHCP server that is there; `dhcp`: it is the DHCP server; `off`: somebody else points the PCs to it.',
          '`proxy` : à côté du serveur DHCP existant ; `dhcp` : il est le serveur DHCP ; `off` : un autre service lui envoie les postes.',
          { default: 'proxy' },
        ).optional(),
        range: about(
          fields({
            from: about(ipv4(), 'The first address.', 'La première adresse.'),
            to: about(ipv4(), 'The last address.', 'La dernière adresse.'),
          }),
          'Addresses that it gives out as the DHCP server.',
          'Les adresses qu’il distribue comme serveur DHCP.',
        ).optional(),
        router: about(
          ipv4(),
          'The gateway that it tells as the DHCP server.',
          'La passerelle qu’il annonce comme serveur DHCP.',
        ).optional(),
        dns: about(
          z.array(ipv4()),
          'The name servers that it tells as the DHCP server.',
          'Les serveurs de noms qu’il annonce comme serveur DHCP.',
        ).optional(),
        resetPin: about(
          secretName(),
          'The secret that teachers type on the reset page. Without it there is no such page.',
          'Le secret que les enseignants saisissent sur la page de remise en état. Sans lui, cette page n’existe pas.',
        ).optional(),
      }),
      'The lycée’s site server, which serves disk images, netboot and the reset page. Without it disks are not managed.',
      'Le serveur d’établissement, qui fournit images disque, démarrage réseau et page de remise en état. Sans lui, les disques ne sont pas gérés.',
    ).optional(),
    wake: about(
      fields({
        broadcast: about(
          ipv4(),
          'Where magic packets go; by default the subnet’s broadcast address.',
          'Où envoyer les paquets de réveil ; par défaut l’adresse de diffusion du sous-réseau.',
        ).optional(),
        port: about(count(1, 65535), 'Their UDP port.', 'Leur port UDP.', { default: '9' }).optional(),
      }),
      'Wake-on-LAN.',
      'Le réveil par le réseau (Wake-on-LAN).',
    ).optional(),
    capacity: about(
      fields({
        actions: about(
          count(1, 1000),
          'PCs worked on at the same time, whatever is done.',
          'Postes traités en même temps, quelle que soit l’opération.',
          { default: '24' },
        ).optional(),
        wakes: about(
          count(1, 1000),
          'PCs woken within ten seconds: it is the inrush of switching on together that trips a breaker, not the PCs that are on.',
          'Postes réveillés en dix secondes : c’est l’appel de courant d’un allumage simultané qui fait disjoncter, pas les postes allumés.',
          { default: '4' },
        ).optional(),
        images: about(
          count(1, 1000),
          'Disks written (or captured) at the same time; fewer where `lan` is too narrow for so many.',
          'Disques écrits (ou capturés) en même temps ; moins si `lan` est trop étroit pour autant.',
          { default: '16' },
        ).optional(),
        lan: about(
          bitrate(),
          'The bit rate of the site server’s link in the lycée, which all disks written at once share.',
          'Le débit de la liaison du serveur d’établissement dans le lycée, que se partagent les disques écrits en même temps.',
          { default: '1Gbit/s' },
        ).optional(),
        room: about(
          percentage(),
          'The share of a room’s PCs that may be out of use at once, by work that disturbs and by what is broken. One PC may always be worked on.',
          'La part des postes d’une salle qui peut être indisponible en même temps, du fait d’opérations gênantes ou de pannes. Un poste au moins peut toujours être traité.',
          { default: '50%' },
        ).optional(),
      }),
      'How much is done at once.',
      'Ce qui est fait en même temps.',
    ).optional(),
    labels: labels(),
    role: role(),
    ...settingsShape,
    rooms: about(z.record(name(), room), 'Its rooms by name.', 'Ses salles par nom.').optional(),
    machines: about(
      csvMachines,
      'A CSV file for the whole lycée, with a column that names the room.',
      'Un fichier CSV pour tout le lycée, avec une colonne qui nomme la salle.',
    ).optional(),
  }),
  'A school: its network, rooms and machines.',
  'Un lycée : son réseau, ses salles et ses machines.',
)
export type LyceeSpec = z.output<typeof lycee>
