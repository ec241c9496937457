import * as z from 'zod'
import { name } from './name.ts'
import { about, fields } from './scalar.ts'
import { settingsShape } from './settings.ts'
import { line } from './words.ts'

export const role = about(
  fields({
    kind: about(z.literal('Role'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(name(), 'The name that machines take it by.', 'Le nom par lequel les machines le prennent.'),
    title: about(line(), 'What people call it.', 'Son nom usuel.').optional(),
    extends: about(
      z.union([name(), z.array(name())]),
      'The role or roles that it builds on; later ones and itself go over earlier ones.',
      'Le ou les rôles qu’il complète ; les suivants, puis lui-même, passent par-dessus les précédents.',
    ).optional(),
    ...settingsShape,
  }),
  'A named bundle of settings that machines take.',
  'Un ensemble nommé de réglages que prennent les machines.',
)
export type RoleSpec = z.output<typeof role>
