import type * as z from 'zod'
import { type CalendarSpec, calendar } from './calendar.ts'
import { type ImageSpec, image } from './image.ts'
import { type LyceeSpec, lycee } from './lycee.ts'
import { type PackageSpec, packageSpec } from './package.ts'
import { type ParkSpec, park } from './park.ts'
import { type RoleSpec, role } from './role.ts'
import { type ScriptSpec, script } from './script.ts'
import { type SecretSpec, secret } from './secret.ts'

export type SpecOf = {
  Park: ParkSpec
  Role: RoleSpec
  Lycee: LyceeSpec
  Image: ImageSpec
  Package: PackageSpec
  Script: ScriptSpec
  Calendar: CalendarSpec
  Secret: SecretSpec
}

export type Kind = keyof SpecOf

/** Every kind of document and its schema. */
export const schemas: { readonly [K in Kind]: z.ZodType<SpecOf[K]> } = {
  Park: park,
  Role: role,
  Lycee: lycee,
  Image: image,
  Package: packageSpec,
  Script: script,
  Calendar: calendar,
  Secret: secret,
}

export const kinds = Object.keys(schemas) as readonly Kind[]

/** With their articles, for messages. */
export const kindNames: Readonly<Record<Kind, { readonly en: string; readonly fr: string }>> = {
  Park: { en: 'park', fr: 'parc' },
  Role: { en: 'role', fr: 'rôle' },
  Lycee: { en: 'lycée', fr: 'lycée' },
  Image: { en: 'image', fr: 'image' },
  Package: { en: 'package', fr: 'paquet' },
  Script: { en: 'script', fr: 'script' },
  Calendar: { en: 'calendar', fr: 'calendrier' },
  Secret: { en: 'secret', fr: 'secret' },
}
