import * as z from 'zod'
import { name } from './name.ts'
import { parkFile } from './path.ts'
import { about, fields } from './scalar.ts'
import { localMoment } from './time.ts'
import { line } from './words.ts'

const range = fields({
  from: about(
    localMoment(),
    'Its first day, or the time it begins.',
    'Son premier jour, ou l’heure de début.',
  ),
  to: about(
    localMoment(),
    'Its last day (included), or the time it ends.',
    'Son dernier jour (inclus), ou l’heure de fin.',
  ),
  summary: about(line(), 'What it is.', 'Ce que c’est.').optional(),
})

export const calendar = about(
  fields({
    kind: about(z.literal('Calendar'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(name(), 'The name that windows use.', 'Le nom qu’utilisent les fenêtres.'),
    title: about(line(), 'What people call it.', 'Son nom usuel.').optional(),
    file: about(
      parkFile('vacances-zone-a.ics', '.ics'),
      'An iCalendar file.',
      'Un fichier iCalendar.',
    ).optional(),
    ranges: about(
      z.array(range),
      'Ranges written out, in the lycée’s time zone.',
      'Des périodes écrites ici, dans le fuseau du lycée.',
    ).optional(),
  }),
  'Holidays, exams, works: from an iCalendar file or written out.',
  'Vacances, examens, travaux : depuis un fichier iCalendar ou écrits ici.',
)
export type CalendarSpec = z.output<typeof calendar>
