import { jsonSchemas } from './json-schema.ts'
import { type Locale, say, type Text } from './text.ts'

type StarterFile = { readonly path: string; readonly kind: string; readonly text: Text }

/**
 * The files of a new park, as `proviseur init` writes them: path → contents. A small park that compiles without a warning, with
 * comments in the given language, and the editor's schemas in `.schema/`.
 */
export function starterFiles(locale: Locale): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const { path, kind, text } of starter) {
    const up = '../'.repeat(path.split('/').length - 1)
    files.set(path, `# yaml-language-server: $schema=${up}.schema/${kind}.json\n${text[locale]}`)
  }
  files.set('scripts/motd.sh', motd[locale])
  for (const [kind, schema] of jsonSchemas(locale)) {
    files.set(`.schema/${kind}.json`, `${JSON.stringify(schema, null, 2)}\n`)
  }
  return files
}

const motd = say(
  "#!/bin/sh\nset -eu\necho 'This PC is looked after by Proviseur.' > /etc/motd\n",
  "#!/bin/sh\nset -eu\necho 'Ce poste est géré par Proviseur.' > /etc/motd\n",
)

const starter: readonly StarterFile[] = [
  {
    path: 'park.yaml',
    kind: 'park',
    text: say(
      `# The park itself: exactly one document of this kind.
kind: Park
name: my-park
timezone: Europe/Paris
locale: en
# What holds for every machine unless a role, lycée, room or machine says otherwise.
defaults:
  inUse: quiet # while somebody is logged in, only what they will not notice
`,
      `# Le parc lui-même : exactement un document de ce type.
kind: Park
name: mon-parc
timezone: Europe/Paris
locale: fr
# Ce qui vaut pour toutes les machines, sauf si un rôle, un lycée, une salle ou une machine dit autrement.
defaults:
  inUse: quiet # quand une session est ouverte, seulement ce qui ne se remarque pas
`,
    ),
  },
  {
    path: 'roles/poste-eleve.yaml',
    kind: 'role',
    text: say(
      `# What every pupil's PC has. Other roles can extend it: \`extends: poste-eleve\`.
kind: Role
name: poste-eleve
packages:
  tree: present # or latest, absent, or a version
scripts: [motd]
`,
      `# Ce que possède tout poste élève. D’autres rôles peuvent le compléter : \`extends: poste-eleve\`.
kind: Role
name: poste-eleve
packages:
  tree: present # ou latest, absent, ou une version
scripts: [motd]
`,
    ),
  },
  {
    path: 'packages/tree.yaml',
    kind: 'package',
    text: say(
      `# A program, and what each system calls it.
kind: Package
name: tree
debian: { apt: tree }
`,
      `# Un logiciel, et le nom que lui donne chaque système.
kind: Package
name: tree
debian: { apt: tree }
`,
    ),
  },
  {
    path: 'scripts/motd.yaml',
    kind: 'script',
    text: say(
      `# Applied whenever its check says no.
kind: Script
name: motd
check: grep -q Proviseur /etc/motd
apply: { file: motd.sh }
`,
      `# Appliqué chaque fois que sa vérification échoue.
kind: Script
name: motd
check: grep -q Proviseur /etc/motd
apply: { file: motd.sh }
`,
    ),
  },
  {
    path: 'lycees/victor-hugo.yaml',
    kind: 'lycee',
    text: say(
      `# A school: its network, rooms and machines. Replace the example by your own.
kind: Lycee
name: victor-hugo
title: Lycée Victor Hugo
network: { subnet: 10.25.11.0/24 }
role: poste-eleve
# When changes may start. Remove this list to allow them at any time.
windows:
  - { days: [mon-fri], from: "19:00", to: "06:00" }
  - { days: [sat-sun] }
rooms:
  b204:
    title: Room B204
    machines:
      b204-01: { mac: 52:54:00:25:02:01, address: 10.25.11.21 }
      b204-02: { mac: 52:54:00:25:02:02, address: 10.25.11.22 }
`,
      `# Un lycée : son réseau, ses salles et ses machines. Remplacez cet exemple par le vôtre.
kind: Lycee
name: victor-hugo
title: Lycée Victor Hugo
network: { subnet: 10.25.11.0/24 }
role: poste-eleve
# Quand les changements peuvent commencer. Retirez cette liste pour les permettre à tout moment.
windows:
  - { days: [mon-fri], from: "19:00", to: "06:00" }
  - { days: [sat-sun] }
rooms:
  b204:
    title: Salle B204
    machines:
      b204-01: { mac: 52:54:00:25:02:01, address: 10.25.11.21 }
      b204-02: { mac: 52:54:00:25:02:02, address: 10.25.11.22 }
`,
    ),
  },
]
