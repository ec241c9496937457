import type { Compilation } from './compilation.ts'
import { defaults } from './defaults.ts'
import type { DesiredMachine, DesiredPark, DesiredRollout, DesiredWave } from './desired.ts'
import { byCodeUnit, isSpecFile, type ParkFiles } from './files.ts'
import type { Findings } from './findings.ts'
import type { Spec } from './read-spec.ts'
import type { ParkSpec } from './schema/park.ts'
import { placeAt } from './source-path.ts'
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
  const { waves, soak, failures, success, approval, deadline, health, rollback } = spec
  return {
    waves: waves.map(waveOf),
    soakMs: soak ?? defaults.soakMs,
    ...(failures?.pause === undefined ? {} : { pauseAtFailureShare: failures.pause }),
    ...(success === undefined ? {} : { successShare: success }),
    ...(failures?.lycee === undefined ? {} : { lyceeFailureShare: failures.lycee }),
    ...(approval === undefined ? {} : { approval }),
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
    ...(health === undefined ? {} : { healthMs: health }),
    ...(rollback === undefined ? {} : { rollback }),
  }
}

const waveOf = ({
  lycees,
  rooms,
  labels,
  percent,
  soak,
  approval,
}: NonNullable<ParkSpec['rollout']>['waves'][number]): DesiredWave => ({
  ...(lycees === undefined ? {} : { lycees }),
  ...(rooms === undefined ? {} : { rooms }),
  ...(labels === undefined ? {} : { labels }),
  ...(percent === undefined ? {} : { percent }),
  ...(soak === undefined ? {} : { soakMs: soak }),
  ...(approval === undefined ? {} : { approval }),
})

/** Waves name lycées that exist, choose somebody, and grow. */
export function checkRollout({ spec, document }: Park, { catalog, findings }: Compilation): void {
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
    const { lycees = [], rooms = [], labels = [] } = wave
    if (lycees.length + rooms.length + labels.length === 0 && wave.percent === undefined) {
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

/** A canary room whose name has a slip would be a wave that nobody is in, which passes at once: the canary would be the whole park. */
export function checkWavesMeetMachines(
  { spec, document }: Park,
  machines: Iterable<DesiredMachine>,
  findings: Findings,
): void {
  const waves = spec.rollout?.waves ?? []
  const empty = new Set(waves.keys())
  for (const machine of machines) {
    for (const index of empty) {
      const wave = waves[index]
      if (wave !== undefined && isIn(machine, waveOf(wave))) empty.delete(index)
    }
  }
  for (const index of empty) {
    findings.error(
      placeAt(document, ['rollout', 'waves', index]),
      'wave-without-machines',
      say(
        'No machine is in this wave: its lycées, rooms and labels together match none. Check their names.',
        'Aucune machine n’est dans cette vague : ses lycées, salles et étiquettes réunis n’en désignent aucune. Vérifiez les noms.',
      ),
    )
  }
}

const isIn = (
  { site, room, labels }: DesiredMachine,
  wave: Pick<DesiredWave, 'lycees' | 'rooms' | 'labels'>,
): boolean =>
  (wave.lycees?.includes(site) ?? true) &&
  (wave.rooms?.includes(room.slice(site.length + 1)) ?? true) &&
  (wave.labels?.some((label) => labels.includes(label)) ?? true)
