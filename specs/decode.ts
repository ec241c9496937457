import { maxFileBytes } from './files.ts'
import type { Findings } from './findings.ts'
import { formatSize } from './size.ts'
import { type SourceText, sourceText } from './source-text.ts'
import { say } from './text.ts'

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder('utf-8')

/**
 * A file's bytes as text (UTF-8, a byte order mark is dropped). Undefined, with a finding in that file, when it is larger
 * than `limitBytes` or not UTF-8.
 */
export function decodeFile(
  file: string,
  bytes: Uint8Array,
  findings: Findings,
  limitBytes: number = maxFileBytes,
): SourceText | undefined {
  if (bytes.length > limitBytes) {
    const limit = (locale: 'en' | 'fr'): string => formatSize(limitBytes, locale)
    findings.error(
      { source: sourceText(file, ''), at: 0 },
      'file-too-large',
      say(
        `This file is larger than ${limit('en')}, the most that is read here.`,
        `Ce fichier dépasse ${limit('fr')}, la taille maximale lue ici.`,
      ),
    )
    return undefined
  }
  try {
    return sourceText(file, strict.decode(bytes))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const source = sourceText(file, lenient.decode(bytes))
    findings.error(
      { source, at: Math.max(0, source.text.indexOf('\uFFFD')) },
      'not-utf-8',
      say(
        'This file is not encoded in UTF-8 from here on. Save it as UTF-8 in your editor (in Notepad or Excel: “Save as”, encoding UTF-8).',
        'Ce fichier n’est pas encodé en UTF-8 à partir d’ici. Enregistrez-le en UTF-8 dans votre éditeur (Bloc-notes ou Excel : « Enregistrer sous », encodage UTF-8).',
      ),
    )
    return undefined
  }
}
