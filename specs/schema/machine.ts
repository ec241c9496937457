import * as z from 'zod'
import { hostAddress, hostKey, mac } from './address.ts'
import { name } from './name.ts'
import { parkFile } from './path.ts'
import { about, fields } from './scalar.ts'
import { settingsShape } from './settings.ts'

export const labels = () =>
  about(
    z.array(name()),
    'Free words to pick machines by; those of lycée, room and machine add up.',
    'Mots libres pour désigner des machines ; ceux du lycée, de la salle et de la machine s’ajoutent.',
  ).optional()

export const role = () =>
  about(
    name(),
    'The role taken; replaces the inherited one.',
    'Le rôle ; il remplace celui qui est hérité.',
  ).optional()

export const machineFields = fields({
  mac: about(mac(), 'The address of the network card.', 'L’adresse de la carte réseau.'),
  address: about(
    hostAddress(),
    'Host name or IP address to reach it at; by default its name in the lycée’s domain.',
    'Nom d’hôte ou adresse IP pour la joindre ; par défaut son nom dans le domaine du lycée.',
  ).optional(),
  hostKey: about(hostKey(), 'Its SSH host key, pinned.', 'Sa clé d’hôte SSH, fixée.').optional(),
  labels: labels(),
  role: role(),
  ...settingsShape,
})
export type MachineFields = z.output<typeof machineFields>

/** A MAC address alone, or a mapping. */
export const machine = z.union([mac(), machineFields])
export type MachineSpec = z.output<typeof machine>

export const csvMachines = fields({
  csv: about(
    parkFile('victor-hugo.csv', '.csv'),
    'A CSV file with columns name, mac, and if wanted room, address, hostKey, labels, role (English or French names).',
    'Un fichier CSV avec les colonnes nom, mac et, au besoin, salle, adresse, clé d’hôte, étiquettes, rôle (noms français ou anglais).',
  ),
})

/** Machines by name, or `{ csv: file }`. `csv` is therefore no machine’s name. */
export const machines = z.union([csvMachines, z.record(name(), machine)])
export type MachinesSpec = z.output<typeof machines>
