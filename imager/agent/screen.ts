/**
 * What the PC shows: what happens, how far it is, what went wrong and what to do. On a terminal that can be drawn on, the lines stay in
 * place; on a serial console or in a log each new fact is a line.
 */

import type { Phase, Progress } from '../../imaging/protocol.ts'
import { reasonText } from '../../imaging/reasons.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import type { Failed } from './result.ts'

export type Screen = {
  setLocale(locale: Locale): void
  /** Name of the PC, once it is known. */
  setTitle(title: string): void
  say(text: Text): void
  progress(progress: Omit<Progress, 'job'>): void
  failed(failure: Pick<Failed, 'reason' | 'detail'>): void
}

export type Output = {
  write(text: string): void
  /** Whether lines can be drawn over. */
  readonly canDraw: boolean
  readonly columns: number
}

const phaseTexts: Readonly<Record<Phase, Text>> = {
  layout: say('Partitioning the disk', 'Partitionnement du disque'),
  compare: say('Comparing the disk with its image', 'Comparaison du disque avec son image'),
  write: say('Writing the image', 'Écriture de l’image disque'),
  verify: say('Verifying', 'Vérification'),
  grow: say('Fitting the file systems', 'Ajustement des systèmes de fichiers'),
  identity: say('Setting name and keys', 'Inscription du nom et des clés'),
  boot: say('Installing the boot menu', 'Installation du menu de démarrage'),
  cache: say('Filling the local copy of the image', 'Remplissage de la copie locale de l’image'),
  capture: say('Reading the disk into an image', 'Lecture du disque vers une image'),
  keep: say('Saving what is kept', 'Mise de côté de ce qui est conservé'),
}

const doNotSwitchOff = say('Please do not switch this PC off.', 'Merci de ne pas éteindre ce poste.')
const failureHead = say('This PC could not be restored', 'Ce poste n’a pas pu être remis en état')

/** Plain lines: one each tenth of the way. */
const lineEveryShare = 0.1

export function createScreen(output: Output, firstLocale: Locale): Screen {
  let locale = firstLocale
  let title = 'Proviseur'
  let told = ''
  let lastShare = 0
  const lines: string[] = []

  const draw = (): void => {
    if (!output.canDraw) return
    const width = Math.min(output.columns, 100)
    const wrapped = lines.flatMap((line) => wrap(line, width - 8))
    // Clear, home; the frame's colours are the terminal's own: old screens show little else.
    output.write(`\u001b[2J\u001b[H\n\n    ${title}\n    ${'─'.repeat(Math.max(1, width - 8))}\n\n`)
    output.write(wrapped.map((line) => `    ${line}\n\n`).join(''))
  }
  const show = (...next: readonly string[]): void => {
    lines.splice(0, lines.length, ...next)
    draw()
    if (!output.canDraw) output.write(`${next.filter((line) => line !== '').join('\n')}\n`)
  }

  return {
    setLocale: (next) => {
      locale = next
    },
    setTitle: (next) => {
      title = `Proviseur · ${next}`
    },
    say: (text) => {
      if (text[locale] === told) return
      told = text[locale]
      show(told)
    },
    progress: (progress) => {
      const head = `${phaseTexts[progress.phase][locale]}${progress.partition === undefined ? '' : ` (${progress.partition})`}`
      const share = shareOf(progress)
      const isNew = head !== told
      if (output.canDraw) {
        told = head
        show(
          head,
          bar(share, Math.min(output.columns, 100) - 20),
          figures(progress, locale),
          doNotSwitchOff[locale],
        )
        return
      }
      if (!isNew && Math.abs(share - lastShare) < lineEveryShare) return
      told = head
      lastShare = share
      show(`${head}: ${Math.floor(share * 100)} % ${figures(progress, locale)}`)
    },
    failed: ({ reason, detail }) => {
      told = ''
      show(`${failureHead[locale]} [${reason}]`, reasonText[reason][locale], detail)
    },
  }
}

/** A blank disk is hardly read before it is written. */
const shareOf = ({ read, written, total }: Pick<Progress, 'read' | 'written' | 'total'>): number =>
  total === 0 ? 0 : Math.min(1, Math.max(read, written) / total)

const bar = (share: number, width: number): string => {
  const cells = Math.max(10, width)
  const filled = Math.round(share * cells)
  return `[${'#'.repeat(filled)}${'.'.repeat(cells - filled)}] ${Math.floor(share * 100)} %`
}

/** `1,2 Go · 84 Mo/s · encore 3 min` */
export function figures({ read, written, rate, leftMs }: Omit<Progress, 'job'>, locale: Locale): string {
  const parts = [size(Math.max(read, written), locale)]
  if (rate > 0) parts.push(`${size(rate, locale)}/s`)
  if (leftMs !== undefined) parts.push(say(`${left(leftMs)} left`, `encore ${left(leftMs)}`)[locale])
  return parts.join(' · ')
}

const left = (ms: number): string => {
  const seconds = Math.ceil(ms / 1000)
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}

function size(bytes: number, locale: Locale): string {
  const [unit, divisor] = bytes >= 1e9 ? (['G', 1e9] as const) : (['M', 1e6] as const)
  const digits = (bytes / divisor).toFixed(divisor === 1e9 ? 1 : 0)
  return `${locale === 'fr' ? digits.replace('.', ',') : digits} ${unit}${locale === 'fr' ? 'o' : 'B'}`
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/[ \n]+/)) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
