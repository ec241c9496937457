import type { Catalog } from './catalog.ts'
import type { Findings } from './findings.ts'
import { placeAt } from './source-path.ts'
import { say } from './text.ts'

/** A package must exist on some system. */
export function checkPackages(catalog: Catalog, findings: Findings): void {
  for (const { spec, document, complete } of catalog.all('Package')) {
    if (spec.debian || spec.windows || !complete) continue
    findings.error(
      placeAt(document, ['name']),
      'package-without-source',
      say(
        'This package exists on no system: add `debian: { apt: … }` or `windows: { winget: … }`.',
        'Ce paquet n’existe sur aucun système : ajoutez `debian: { apt: … }` ou `windows: { winget: … }`.',
      ),
    )
  }
}
