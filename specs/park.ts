import type { Compilation } from './compilation.ts'
import { defaults } from './defaults.ts'
import type { DesiredPark, DesiredRollout, DesiredWave } from './desired.ts'
import { byCodeUnit, isSpecFile, type ParkFiles } from './files.ts'
import type { Findings } from './findings.ts'
import { warnNotYet } from './not-yet.ts'
import type { Spec } from './read-spec.ts'
import type { ParkSpec } from './schema/park.ts'
import { placeAt, placeOfKey } from './source-path.ts'
import { positionOf, sourceText } from './source-text.ts'
import { say } from './text.ts'

type Park = Spec<'Park'>

/**
 * The one document of kind Park. `unreadable`: some file could not be read, and may have been it, so that its absence is not
 * reported.
 */
export function findPark(
  specs: readonly Spec[],
  files: ParkFiles,
  unreadable: boolean,
  findings: Findings,
): Park | undefined {
  const parks = specs.filter((spec) => spec.kind === 'Park')
  const [park, ...others] = parks
  for (const other of others) {
    const { file, line } = positionOf(placeAt(park?.document ?? other.document, []))
    findings.error(
      placeAt(other.document, ['kind']),
      'two-parks',
      say(
        `A park has exactly one document of kind Park; the first is in ${file}:${line}.`,
        `Un parc a exactement un document de type Park ; le premier est dans ${file}:${line}.`,
      ),
    )
  }
  if (!park && !unreadable) {
    const file = [...files.keys()].filter(isSpecFile).sort(byCodeUnit)[0] ?? 'park.yaml'
    findings.error(
      { source: sourceText(file, new TextDecoder().decode(files.get(file) ?? new Uint8Array())), at: 0 },
      'no-park',
      say(
        'No file here describes the park. Write park.yaml with `kind: Park` and `name: …`, or run “proviseur init”.',
        'Aucun fichier ne décrit le parc ici. Écrivez park.yaml avec `kind: Park` et `name: …`, ou lancez « proviseur init ».',
      ),
    )
  }
  return park
}

export function desiredPark(spec: ParkSpec | undefined): DesiredPark {
  const rollout = spec?.rollout && rolloutOf(spec.rollout)
  return {
    name: spec?.name ?? '',
    timezone: spec?.timezone ?? defaults.timezone,
    locale: spec?.locale ?? defaults.locale,
    removalLimit: spec?.removalLimit ?? defaults.removalLimit,
    ...(rollout === undefined ? {} : { rollout }),
  }
}

function rolloutOf(spec: NonNullable<ParkSpec['rollout']>): DesiredRollout {
  const { waves, soak, failures, success, approval } = spec
  return {
    waves: waves.map(waveOf),
    soakMs: soak ?? defaults.soakMs,
    ...(failures?.pause === undefined ? {} : { pauseAtFailureShare: failures.pause }),
    ...(success === undefined ? {} : { successShare: success }),
    ...(approval === undefined ? {} : { approval }),
  }
}

const waveOf = ({
  lycees,
  rooms,
  labels,
  percent,
}: NonNullable<ParkSpec['rollout']>['waves'][number]): DesiredWave => ({
  ...(lycees === undefined ? {} : { lycees }),
  ...(rooms === undefined ? {} : { rooms }),
  ...(labels === undefined ? {} : { labels }),
  ...(percent === undefined ? {} : { percent }),
})

/** Waves name lycées that exist, choose somebody, and grow. */
export function checkRollout({ spec, document }: Park, { catalog, findings }: Compilation): void {
  if (spec.rollout) warnNotYet(findings, placeOfKey(document, ['rollout']), 'rollout-not-yet')
  let percent = 0
  for (const [index, wave] of (spec.rollout?.waves ?? []).entries()) {
    const path = ['rollout', 'waves', index]
    for (const [at, lycee] of (wave.lycees ?? []).entries()) {
      catalog.find('Lycee', lycee, placeAt(document, [...path, 'lycees', at]))
    }
    if (wave.percent !== undefined && wave.percent <= percent) {
      findings.error(
        placeAt(document, [...path, 'percent']),
        'wave-does-not-grow',
        say(
          `This wave is no larger than the one before (${percent} %); percentages count the earlier waves.`,
          `Cette vague n’est pas plus grande que la précédente (${percent} %) ; les pourcentages comptent les vagues antérieures.`,
        ),
      )
    }
    percent = wave.percent ?? percent
    if (
      Object.values(wave).every(
        (value) => value === undefined || (Array.isArray(value) && value.length === 0),
      )
    ) {
      findings.error(
        placeAt(document, path),
        'empty-wave',
        say(
          'This wave chooses nobody: give `lycees`, `rooms`, `labels` or `percent`.',
          'Cette vague ne désigne personne : indiquez `lycees`, `rooms`, `labels` ou `percent`.',
        ),
      )
    }
  }
}
