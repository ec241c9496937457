import type { Compilation } from './compilation.ts'
import { decodeFile } from './decode.ts'
import { maxFileBytes } from './files.ts'
import { formatSize } from './size.ts'
import type { Place, SourceText } from './source-text.ts'
import { suggest } from './suggest.ts'
import { say } from './text.ts'

/** A file that a spec names: a script's body, a CSV or iCalendar file, a secret. */
export type Companion = { readonly file: string; readonly bytes: Uint8Array }

/** Finds the file named at `place`, relative to the folder of the spec that names it. Undefined, with a finding there, if it cannot be had. */
export function findCompanion(
  relative: string,
  place: Place,
  compilation: Pick<Compilation, 'files' | 'findings'>,
): Companion | undefined {
  const { files, findings } = compilation
  const file = resolvePath(place.source.file, relative)
  if (file === undefined) {
    findings.error(
      place,
      'outside-park',
      say(
        'This path leads out of the park’s folder; everything that a park uses is kept in it.',
        'Ce chemin sort du dossier du parc ; tout ce qu’un parc utilise s’y trouve.',
      ),
    )
    return undefined
  }
  const bytes = files.get(file)
  if (!bytes) {
    const folder = file.slice(0, file.lastIndexOf('/') + 1)
    const depth = folder.split('/').length
    const siblings = [...files.keys()]
      .filter((path) => path.startsWith(folder) && path.split('/').length === depth)
      .map((path) => path.slice(folder.length))
    const near = suggest(file.slice(folder.length), siblings)
    findings.error(
      place,
      'missing-file',
      say(
        `The park has no file ${file}. It must be in the same repository; symbolic links and hidden files do not count.`,
        `Le parc n’a pas de fichier ${file}. Il doit se trouver dans le même dépôt ; les liens symboliques et les fichiers cachés ne comptent pas.`,
      ),
      near && relative.slice(0, relative.lastIndexOf('/') + 1) + near,
    )
    return undefined
  }
  return { file, bytes }
}

/** The same, as UTF-8 text. */
export function readCompanion(
  relative: string,
  place: Place,
  compilation: Pick<Compilation, 'files' | 'findings'>,
): SourceText | undefined {
  const companion = findCompanion(relative, place, compilation)
  return companion && decodeFile(companion.file, companion.bytes, compilation.findings)
}

/** True, with a finding at `place`, if a companion is larger than a park may use. */
export function isTooLarge(
  companion: Companion,
  place: Place,
  compilation: Pick<Compilation, 'findings'>,
): boolean {
  if (companion.bytes.length <= maxFileBytes) return false
  compilation.findings.error(
    place,
    'file-too-large',
    say(
      `${companion.file} is larger than ${formatSize(maxFileBytes, 'en')}, the most that is read here.`,
      `${companion.file} dépasse ${formatSize(maxFileBytes, 'fr')}, la taille maximale lue ici.`,
    ),
  )
  return true
}

/** `scripts/a.yaml` + `../files/b.sh` → `files/b.sh`; undefined if it leaves the root. */
function resolvePath(from: string, relative: string): string | undefined {
  const parts = from.split('/').slice(0, -1)
  for (const part of relative.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}
