import type { DiskProgress } from '../../reconciler/model/outcome.ts'
import { formatSize } from '../../specs/size.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'

/** `write root: 45 % of 2.1 GiB, 80.2 MiB/s, 1 min left`. */
export const diskProgressText = (progress: DiskProgress): Text => {
  const phase = phaseNames[progress.phase]
  const { totalBytes, bytesPerSecond } = progress
  const done = percentOf(progress)
  const where = progress.partition === undefined ? '' : ` ${progress.partition}`
  // Figures are of the bytes that flow, or should: after them there are steps that have none.
  if (totalBytes === 0 || (bytesPerSecond === 0 && !isFlow(progress)))
    return say(`${phase.en}${where}`, `${phase.fr}${where}`)
  const parts = (locale: Locale): string => {
    const share = locale === 'fr' ? `${done}\u00a0% de` : `${done} % of`
    const rate = `${formatSize(bytesPerSecond, locale)}/s`
    return [
      `${share} ${formatSize(totalBytes, locale)}`,
      ...(bytesPerSecond > 0 ? [rate] : []),
      ...(progress.leftMs === undefined ? [] : [leftText(progress.leftMs)[locale]]),
    ].join(', ')
  }
  return say(`${phase.en}${where}: ${parts('en')}`, `${phase.fr}${where}\u00a0: ${parts('fr')}`)
}

const isFlow = ({ phase }: DiskProgress): boolean =>
  phase === 'compare' || phase === 'write' || phase === 'verify' || phase === 'capture'

/** 0 to 100. A blank disk is hardly read before it is written. */
export const percentOf = ({ readBytes, writtenBytes, totalBytes }: DiskProgress): number =>
  totalBytes === 0 ? 0 : Math.min(100, Math.floor((100 * Math.max(readBytes, writtenBytes)) / totalBytes))

const leftText = (ms: number): Text => {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return say(`${seconds} s left`, `encore ${seconds}\u00a0s`)
  const minutes = Math.round(seconds / 60)
  return say(`${minutes} min left`, `encore ${minutes}\u00a0min`)
}

const phaseNames: Readonly<Record<DiskProgress['phase'], Text>> = {
  coming: say('waiting for the imager', 'en attente de l’imageur'),
  layout: say('partitioning', 'partitionnement'),
  compare: say('comparing', 'comparaison de'),
  write: say('writing', 'écriture de'),
  verify: say('verifying', 'vérification de'),
  grow: say('growing', 'agrandissement de'),
  identity: say('naming', 'identité de'),
  boot: say('boot loader', 'chargeur de démarrage'),
  cache: say('filling the local copy', 'remplissage de la copie locale'),
  capture: say('capturing', 'capture de'),
  keep: say('kept files', 'fichiers conservés'),
  starting: say('its own system starts', 'démarrage de son système'),
}
