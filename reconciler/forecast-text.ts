/** A forecast in words. */
import { say } from '../specs/text.ts'
import { formatInstant } from './local-time.ts'
import type { Forecast, LeftKind, LeftOver, Misfit, WaveForecast } from './model/forecast.ts'
import type { Instant } from './model/ids.ts'
import type { Locale, Text } from './model/reason.ts'
import { someOf } from './some-of.ts'
import { bytesText, counted, formatCount, lycees, machines, minutesText } from './wording.ts'

export const forecastTitle = say(
  'Forecast: the earliest, if PCs can be woken, nobody is logged in and nothing fails',
  'Prévision\u00a0: au plus tôt, si les postes se laissent réveiller, que personne n’y est connecté et que rien n’échoue',
)

/** One line a wave, then what is not as it should be. */
export const forecastTexts = (forecast: Forecast, timezone: string): readonly Text[] => [
  ...forecast.waves.map((wave) => waveText(wave, forecast, timezone)),
  ...remarksOn(forecast, timezone),
]

/** What a table of waves does not say. */
export function remarksOn(forecast: Forecast, timezone: string): readonly Text[] {
  const { waves, end, misfits, left, assumed, unsized } = forecast
  return [
    ...(forecast.paused === undefined ? [] : [pausedText]),
    ...waves.flatMap((wave) => waitTexts(wave, timezone)),
    ...waves.flatMap(lateTexts),
    ...(end === undefined ? [] : [endText(end, timezone)]),
    ...misfits.map(misfitText),
    ...left.map(leftText),
    ...(assumed.length === 0 ? [] : [assumedText(assumed.length)]),
    ...(unsized.length === 0 ? [] : [unsizedText(unsized.join(', '))]),
  ]
}

function waveText(wave: WaveForecast, { of }: Forecast, timezone: string): Text {
  const who = join([machines(wave.machines), ...manyLycees(wave)])
  const name = waveName(wave, of)
  const [when, moved] = [whenText(wave, timezone), moveTexts(wave)]
  return say(
    [`${name.en} (${who.en}): ${when.en}`, ...moved.map(({ en }) => en)].join('; '),
    [`${name.fr} (${who.fr})\u00a0: ${when.fr}`, ...moved.map(({ fr }) => fr)].join('\u00a0; '),
  )
}

const manyLycees = ({ lycees: those }: WaveForecast): readonly Text[] =>
  those.length > 1 ? [lycees(those.length)] : []

const join = (parts: readonly Text[]): Text =>
  say(parts.map(({ en }) => en).join(', '), parts.map(({ fr }) => fr).join(', '))

export function waveName({ wave }: WaveForecast, of: number): Text {
  if (wave === undefined) return say('what has drifted', 'ce qui a dérivé')
  if (of === 0) return say('all at once', 'tous à la fois')
  if (wave > of) return say('those in no wave', 'ceux d’aucune vague')
  return say(`wave ${wave} of ${of}`, `vague ${wave} sur ${of}`)
}

export function whenText(wave: WaveForecast, timezone: string): Text {
  const { from, to } = wave
  if (from === undefined || to === undefined) return say('no time can be told', 'aucune date possible')
  const at = (instant: Instant, locale: Locale): string => formatInstant(instant, timezone, locale)
  return wave.approval
    ? say(
        `once somebody has approved it, not before ${at(from, 'en')}, to ${at(to, 'en')}`,
        `une fois approuvée, pas avant le ${at(from, 'fr')}, jusqu’au ${at(to, 'fr')}`,
      )
    : say(`${at(from, 'en')} to ${at(to, 'en')}`, `du ${at(from, 'fr')} au ${at(to, 'fr')}`)
}

function moveTexts({ uplinkBytes, lanBytes }: WaveForecast): readonly Text[] {
  const [uplink, lan] = [bytesText(uplinkBytes), bytesText(lanBytes)]
  return [
    ...(uplinkBytes > 0
      ? [say(`${uplink.en} over the uplinks`, `${uplink.fr} par les liaisons des lycées`)]
      : []),
    ...(lanBytes > 0 ? [say(`${lan.en} inside the lycées`, `${lan.fr} dans les lycées`)] : []),
  ]
}

/** Why a wave is not met when its last machine is through. */
function waitTexts(wave: WaveForecast, timezone: string): readonly Text[] {
  const { metAt, to, outOfReach } = wave
  if (wave.wave === undefined || outOfReach === 0) return []
  const number = formatWave(wave.wave)
  const away = counted(
    outOfReach,
    ['machine is out of reach', 'machines are out of reach'],
    ['poste est hors d’atteinte', 'postes sont hors d’atteinte'],
  )
  if (metAt === undefined) {
    return [
      say(
        `wave ${number.en}: ${away.en}, so that it shows too little by its deadline: a person must decide`,
        `vague ${number.fr}\u00a0: ${away.fr}, si bien qu’elle n’aura pas assez montré à son échéance\u00a0: quelqu’un devra décider`,
      ),
    ]
  }
  if (to !== undefined && metAt <= to) return []
  return [
    say(
      `wave ${number.en}: ${away.en}, which holds it until its deadline, ${formatInstant(metAt, timezone, 'en')}`,
      `vague ${number.fr}\u00a0: ${away.fr}, ce qui la retient jusqu’à son échéance, le ${formatInstant(metAt, timezone, 'fr')}`,
    ),
  ]
}

const formatWave = (wave: number): Text => say(formatCount(wave, 'en'), formatCount(wave, 'fr'))

/** Lycées that cannot be through in time. */
function lateTexts({ wave, lycees: those }: WaveForecast): readonly Text[] {
  const late = those.filter((one) => one.late > 0)
  if (wave === undefined || late.length === 0) return []
  const shown = late
    .slice(0, 5)
    .map(({ lycee, late: count }) => say(`${lycee} (${count})`, `${lycee} (${count})`))
  const more = late.length > 5 ? [say('…', '…')] : []
  const names = join([...shown, ...more])
  const count = machines(late.reduce((sum, one) => sum + one.late, 0))
  return [
    say(
      `wave ${wave}: ${count.en} cannot be through by its deadline and follow later: ${names.en}`,
      `vague ${wave}\u00a0: ${count.fr} ne peuvent pas être prêts à son échéance et suivront\u00a0: ${names.fr}`,
    ),
  ]
}

const endText = (end: Instant, timezone: string): Text =>
  say(
    `everything that fits is done by ${formatInstant(end, timezone, 'en')}`,
    `tout ce qui peut l’être est fait le ${formatInstant(end, timezone, 'fr')}`,
  )

function misfitText({ machines: ids, neededMs, effect }: Misfit): Text {
  const [who, long] = [someOf(ids), minutesText(neededMs)]
  const what = effects[effect]
  return say(
    `fits into no window of the next 400 days: ${who.en}: ${long.en} ${what.en}`,
    `n’entre dans aucune fenêtre des 400 prochains jours\u00a0: ${who.fr}\u00a0: ${long.fr} ${what.fr}`,
  )
}

const effects = {
  quiet: say('of work that nobody notices', 'd’opérations discrètes'),
  disruptive: say('of work that disturbs', 'd’opérations gênantes'),
  destructive: say('of writing the disk', 'd’écriture du disque'),
} as const

function leftText({ kind, machines: ids }: LeftOver): Text {
  const who = someOf(ids)
  return say(`${leftTexts[kind].en}: ${who.en}`, `${leftTexts[kind].fr}\u00a0: ${who.fr}`)
}

const leftTexts: Readonly<Record<LeftKind, Text>> = {
  paused: say('paused without an end, not reckoned', 'en pause sans date de fin, non comptés'),
  held: say(
    'held after failures until the rollout is resumed, not reckoned',
    'retenus après des échecs jusqu’à la reprise du déploiement, non comptés',
  ),
  asleep: say(
    'not to be woken, done when somebody switches them on',
    'à ne pas réveiller, traités quand quelqu’un les allume',
  ),
  blocked: say(
    'waiting for a person or a commit, not reckoned',
    'en attente d’une personne ou d’un commit, non comptés',
  ),
  unseen: say('state unknown, not reckoned', 'état inconnu, non comptés'),
}

function assumedText(count: number): Text {
  const who = counted(
    count,
    ['machine was never seen', 'machines were never seen'],
    ['poste n’a jamais été vu', 'postes n’ont jamais été vus'],
  )
  return say(
    `${who.en}: reckoned with what the revision before wants, or with the disk alone`,
    `${who.fr}\u00a0: le calcul part de la révision précédente, ou du disque seul`,
  )
}

const unsizedText = (images: string): Text =>
  say(
    `no size is known on this computer of ${images}: reckoned with a usual one, and without the uplinks`,
    `taille inconnue sur cet ordinateur pour ${images}\u00a0: le calcul prend une taille courante et ignore les liaisons`,
  )

const pausedText = say(
  'the rollout is paused: none of its waves before somebody resumes it',
  'le déploiement est en pause\u00a0: aucune de ses vagues avant que quelqu’un ne le reprenne',
)
