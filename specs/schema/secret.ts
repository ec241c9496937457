import * as z from 'zod'
import { secretName } from './name.ts'
import { parkFile } from './path.ts'
import { about, fields } from './scalar.ts'
import { line } from './words.ts'

export const secret = about(
  fields({
    kind: about(z.literal('Secret'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(secretName(), 'The name that scripts use.', 'Le nom qu’utilisent les scripts.'),
    title: about(line(), 'What it is.', 'Ce que c’est.').optional(),
    file: about(
      parkFile('wifi.age', '.age'),
      'A file encrypted with age (binary or armoured).',
      'Un fichier chiffré avec age (binaire ou « armored »).',
    ),
  }),
  'A secret, encrypted with age; plans show its name and digest only.',
  'Un secret, chiffré avec age ; les plans n’en montrent que le nom et l’empreinte.',
)
export type SecretSpec = z.output<typeof secret>
