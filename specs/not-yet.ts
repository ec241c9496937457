import type { Findings } from './findings.ts'
import type { Place } from './source-text.ts'
import { say, type Text } from './text.ts'

/** Parts of the language that are checked and kept, and that nothing acts on yet: nobody may believe otherwise in silence. */
const texts = {
  'user-data-not-yet': say(
    'User data are checked, but this version of Proviseur does not migrate them yet.',
    'Les données des utilisateurs sont vérifiées, mais cette version de Proviseur ne les migre pas encore.',
  ),
} as const satisfies Readonly<Record<string, Text>>

export function warnNotYet(findings: Findings, place: Place, code: keyof typeof texts): void {
  findings.warning(place, code, texts[code])
}
