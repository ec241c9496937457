import { readCompanion } from './companion.ts'
import type { Compilation } from './compilation.ts'
import { defaults } from './defaults.ts'
import type { WantedScript } from './desired.ts'
import { digestOfJson } from './digest.ts'
import type { SecretName } from './ids.ts'
import type { Spec } from './read-spec.ts'
import { placeAt, placeOfKey } from './source-path.ts'
import { say } from './text.ts'

type Shared = Omit<Compilation, 'scripts' | 'calendars'>

/** Gathers a script's bodies and secrets. Its digest covers all that could make another run of it do something else. */
export function compileScript(script: Spec<'Script'>, compilation: Shared): WantedScript | undefined {
  const { spec, document } = script
  const apply = bodyOf('apply', script, compilation)
  const check = spec.check === undefined ? undefined : bodyOf('check', script, compilation)
  const secrets: SecretName[] = []
  const secretDigests: string[] = []
  for (const [index, name] of (spec.secrets ?? []).entries()) {
    const found = compilation.catalog.find('Secret', name, placeAt(document, ['secrets', index]))
    const secret = found && compilation.secrets.get(name)
    if (secret && !secrets.includes(name)) {
      secrets.push(name)
      secretDigests.push(secret.digest)
    }
  }
  if (spec.check !== undefined && spec.when !== undefined) {
    compilation.findings.warning(
      placeOfKey(document, ['when']),
      'when-with-check',
      say(
        '`when` has no effect beside `check`: the script is applied whenever its check says no. Remove one of them.',
        '`when` est sans effet avec `check` : le script est appliqué chaque fois que sa vérification échoue. Retirez l’un des deux.',
      ),
    )
  }
  const interpreter = interpreterOf(script, compilation)
  if (apply === undefined || !interpreter || (spec.check !== undefined && check === undefined))
    return undefined
  const runAs = spec.runAs === undefined ? {} : { runAs: spec.runAs }
  return {
    name: spec.name,
    digest: digestOfJson([interpreter, check ?? null, apply, spec.runAs ?? null, secrets, secretDigests]),
    interpreter,
    trigger:
      check === undefined ? { kind: spec.when ?? defaults.script.when } : { kind: 'check', body: check },
    apply,
    timeoutMs: spec.timeout ?? defaults.script.timeoutMs,
    ...runAs,
    secrets,
    effect: spec.effect ?? defaults.script.effect,
  }
}

function bodyOf(
  field: 'apply' | 'check',
  { spec, document }: Spec<'Script'>,
  compilation: Shared,
): string | undefined {
  const written = spec[field]
  if (written === undefined) return undefined
  if (typeof written === 'string') return written
  const place = placeAt(document, [field, 'file'])
  const source = readCompanion(written.file, place, compilation)
  if (!source) return undefined
  if (source.text.trim() === '') {
    compilation.findings.error(
      place,
      'empty-script',
      say(`${source.file} is empty.`, `${source.file} est vide.`),
    )
    return undefined
  }
  const carriage = source.text.indexOf('\r\n')
  if (carriage !== -1) {
    compilation.findings.warning(
      { source, at: carriage },
      'script-crlf',
      say(
        'This script has Windows line ends (CRLF); a Unix shell takes them for part of the commands. Save it with LF.',
        'Ce script a des fins de ligne Windows (CRLF) ; un shell Unix les prend pour une partie des commandes. Enregistrez-le avec LF.',
      ),
    )
  }
  return source.text
}

function interpreterOf(
  { spec, document }: Spec<'Script'>,
  compilation: Shared,
): readonly string[] | undefined {
  if (spec.interpreter === undefined) return defaults.script.interpreter
  if (typeof spec.interpreter === 'string') return [spec.interpreter]
  if (/^(?:\/|[A-Za-z]:[\\/])/.test(spec.interpreter[0] ?? '')) return spec.interpreter
  compilation.findings.error(
    placeAt(document, ['interpreter']),
    'bad-interpreter',
    say(
      'The interpreter begins with an absolute path, such as `[/usr/bin/python3, -I]`.',
      'L’interpréteur commence par un chemin absolu, comme `[/usr/bin/python3, -I]`.',
    ),
  )
  return undefined
}
