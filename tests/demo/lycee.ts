/** The demo's lycée: six PCs in two rooms, each wrong in its own way, and the specs that say what they should be. */
import type { LabOptions } from '../lab/lab.ts'
import type { ParkOptions, SpecFields } from '../lab/park.ts'

export const lycee: Pick<LabOptions, 'pcs' | 'packages' | 'lycee'> = {
  lycee: 'victor-hugo',
  packages: [
    { name: 'geogebra', version: '6.0.800-1' },
    { name: 'geogebra', version: '6.0.850-1' },
    { name: 'scratux', version: '1.4.1-2' },
    { name: 'minetest', version: '5.9.0-1' },
    { name: 'tuxmath', version: '2.0.3-5' },
  ],
  pcs: [
    { name: 'b204-01', room: 'b204' },
    { name: 'b204-02', room: 'b204', installed: { geogebra: '6.0.800-1', scratux: '1.4.1-2' } },
    {
      name: 'b204-03',
      room: 'b204',
      installed: { geogebra: '6.0.850-1', scratux: '1.4.1-2', minetest: '5.9.0-1' },
    },
    { name: 'b204-04', room: 'b204', hostname: 'poste-17', installed: { geogebra: '6.0.850-1' } },
    { name: 'cdi-01', room: 'cdi', installed: { geogebra: '6.0.850-1', scratux: '1.4.1-2' } },
    { name: 'cdi-02', room: 'cdi', off: true },
  ],
}

const packageFile = (name: string): SpecFields => ({ kind: 'Package', name, debian: { apt: name } })

/** What the first commit says. */
export const firstCommit: ParkOptions = {
  park: { locale: 'fr' },
  lycee: { title: 'Lycée Victor Hugo', city: 'Besançon', role: 'poste-eleve' },
  rooms: { b204: { role: 'salle-info' } },
  files: {
    'roles/poste-eleve.yaml': {
      kind: 'Role',
      name: 'poste-eleve',
      packages: { geogebra: '6.0.850', minetest: 'absent' },
      scripts: ['proxy', 'welcome'],
    },
    'roles/salle-info.yaml': {
      kind: 'Role',
      name: 'salle-info',
      extends: 'poste-eleve',
      packages: { scratux: 'present' },
    },
    'packages/geogebra.yaml': packageFile('geogebra'),
    'packages/scratux.yaml': packageFile('scratux'),
    'packages/minetest.yaml': packageFile('minetest'),
    'scripts/proxy.yaml': proxy('proxy.lycee.example:3128'),
    'scripts/welcome.yaml': {
      kind: 'Script',
      name: 'welcome',
      when: 'once',
      apply: 'echo "Bienvenue au lycée Victor Hugo" > /etc/motd\n',
    },
  },
}

/** What the second commit changes: one package more for the room b204, another proxy for everybody. */
export const secondCommit: ParkOptions = {
  ...firstCommit,
  files: {
    ...firstCommit.files,
    'roles/salle-info.yaml': {
      kind: 'Role',
      name: 'salle-info',
      extends: 'poste-eleve',
      packages: { scratux: 'present', tuxmath: 'present' },
    },
    'packages/tuxmath.yaml': packageFile('tuxmath'),
    'scripts/proxy.yaml': proxy('proxy2.lycee.example:3128'),
  },
}

function proxy(address: string): SpecFields {
  const line = `http_proxy=http://${address}`
  return {
    kind: 'Script',
    name: 'proxy',
    check: `grep -qxF '${line}' /etc/environment\n`,
    apply: `sed -i /^http_proxy=/d /etc/environment\necho '${line}' >> /etc/environment\n`,
  }
}
