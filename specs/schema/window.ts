import * as z from 'zod'
import { name } from './name.ts'
import { about, fields } from './scalar.ts'
import { dayRange, timeOfDay } from './time.ts'
import { oneOf, yesOrNo } from './words.ts'

/** Which of `days`/`from`/`to`, `calendar` and `always` go together is checked when compiling: see windows.ts. */
export const window = fields({
  days: about(
    z.array(dayRange()),
    'Days of the week on which it begins; by default all.',
    'Jours de la semaine où elle commence ; tous par défaut.',
  ).optional(),
  from: about(timeOfDay(), 'When it begins.', 'L’heure de début.', { default: '00:00' }).optional(),
  to: about(
    timeOfDay(),
    'When it ends; at or before `from`: on the next day.',
    'L’heure de fin ; avant `from` : le lendemain.',
    { default: '24:00' },
  ).optional(),
  calendar: about(
    name(),
    'Open (or closed, with `deny`) during this calendar’s events.',
    'Ouverte (ou fermée, avec `deny`) pendant les événements de ce calendrier.',
  ).optional(),
  always: about(yesOrNo(), 'At any time; for `allow`.', 'À tout moment ; utile avec `allow`.').optional(),
  deny: about(
    yesOrNo(),
    'Nothing may start in it, whatever other windows say.',
    'Rien ne peut y commencer, quoi que disent les autres fenêtres.',
    { default: 'false' },
  ).optional(),
  allow: about(
    oneOf(['quiet', 'disruptive', 'destructive']),
    'The most that may be done in it.',
    'Le maximum de ce qui peut y être fait.',
    { default: 'destructive' },
  ).optional(),
})
export type WindowSpec = z.output<typeof window>
