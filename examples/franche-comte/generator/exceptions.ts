/** What is particular to a lycée or a room: lines of YAML, as a technician would have written them there. */
type Exceptions = {
  readonly lines?: readonly string[]
  readonly rooms?: Readonly<Record<string, string>>
}

export const exceptions: Readonly<Record<string, Exceptions>> = {
  'victor-hugo': {
    // The canary: what is tried first must be new hardware and old.
    rooms: { b204: 'packages: { blender: latest }' },
  },
  'du-haut-doubs': {
    lines: [
      '# La ligne est partagée avec l’internat : les nuits ne commencent qu’à 23 heures. La liste remplace celles du parc et des rôles, interdictions comprises.',
      'windows:',
      '  - { days: [mon-fri], from: "23:00", to: "06:00" }',
      '  - { days: [sat-sun] }',
      '  - { calendar: vacances-zone-a }',
      '  - { calendar: examens, deny: true }',
    ],
  },
  'victor-berard': {
    lines: ['capacity: { wakes: 2 } # le disjoncteur de l’aile nord saute au-delà'],
  },
  'courbet-ornans': {
    lines: ['capacity: { lan: 300Mbit/s } # le serveur est dans l’autre bâtiment, au bout d’un pont radio'],
  },
  'jeanne-darc': {
    lines: ['capacity: { room: 30% } # des salles de 12 postes pour des classes entières'],
  },
  'simone-veil': {
    lines: [
      '# Les disques d’ici ont été préparés à la main cet été : signaler les écarts de paquets, sans corriger.',
      'drift: { packages: report }',
    ],
  },
  'jules-haag': {
    rooms: { t101: 'packages: { freecad: latest }' },
  },
}
