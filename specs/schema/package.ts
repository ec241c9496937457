import * as z from 'zod'
import { say } from '../text.ts'
import { packageName } from './name.ts'
import { about, fields, scalar } from './scalar.ts'
import { line, oneOf } from './words.ts'

/** Debian Policy 5.6.1, with a foreign architecture after a colon if need be. */
const aptName = () =>
  scalar<string>({
    expects: say('a Debian package’s name such as `geogebra`', 'le nom d’un paquet Debian comme `geogebra`'),
    json: { type: 'string', pattern: '^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$' },
    parse: (text) => (/^[a-z0-9][a-z0-9+.-]{1,127}(?::[a-z0-9-]{1,20})?$/.test(text) ? text : undefined),
  })

const wingetName = () =>
  scalar<string>({
    expects: say(
      'a winget identifier such as `GeoGebra.Classic`',
      'un identifiant winget comme `GeoGebra.Classic`',
    ),
    json: { type: 'string', pattern: '^[^\\s\\\\/:*?"<>|]+\\.[^\\s\\\\/:*?"<>|]+$' },
    parse: (text) =>
      /^[^\s\\/:*?"<>|.]{1,32}(?:\.[^\s\\/:*?"<>|.]{1,32}){1,7}$/.test(text) ? text : undefined,
  })

export const packageSpec = about(
  fields({
    kind: about(z.literal('Package'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(
      packageName(),
      'The name that roles and machines use.',
      'Le nom qu’utilisent rôles et machines.',
    ),
    title: about(line(), 'What people call it.', 'Son nom usuel.').optional(),
    debian: about(
      fields({ apt: about(aptName(), 'Its name for apt.', 'Son nom pour apt.') }),
      'What it is on Debian.',
      'Ce qu’il est sous Debian.',
    ).optional(),
    windows: about(
      fields({ winget: about(wingetName(), 'Its identifier for winget.', 'Son identifiant pour winget.') }),
      'What it is on Windows.',
      'Ce qu’il est sous Windows.',
    ).optional(),
    effect: about(
      oneOf(['quiet', 'disruptive']),
      'What its installation does to a person at the PC; `disruptive` if it asks for a restart or a logoff.',
      'Ce que son installation fait subir à la personne devant le poste ; `disruptive` si elle demande un redémarrage ou une déconnexion.',
      { default: 'quiet' },
    ).optional(),
  }),
  'A program, and what each system’s package manager calls it.',
  'Un logiciel, et le nom que lui donne le gestionnaire de paquets de chaque système.',
)
export type PackageSpec = z.output<typeof packageSpec>
