import test from 'ava'
import type { Diagnostic } from '../../specs/diagnostic.ts'
import { renderDiagnostic } from '../../specs/render.ts'
import { say } from '../../specs/text.ts'

const diagnostic: Diagnostic = {
  file: 'roles/a.yaml',
  line: 12,
  column: 4,
  severity: 'error',
  code: 'unknown-role',
  message: say('No such role.', 'Rôle inconnu.'),
  source: '\t\t- x',
  suggestion: 'y',
}

test('the mark stands under the place, whatever the width of tabs', (t) => {
  t.is(
    renderDiagnostic(diagnostic, 'en'),
    'roles/a.yaml:12:4: error: No such role. [unknown-role]\n 12 | \t\t- x\n    | \t\t ^\n   did you mean: y',
  )
})

test('French has its own words and spaces', (t) => {
  const told = renderDiagnostic(diagnostic, 'fr')
  t.true(told.startsWith('roles/a.yaml:12:4: erreur : Rôle inconnu. [unknown-role]'))
  t.true(told.endsWith('vouliez-vous dire : y'))
})
