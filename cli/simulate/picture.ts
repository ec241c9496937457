/** A picture of waves over time: what was well when, wave by wave, the nights behind it, and how full the lines were. */
import { formatCount } from '../../reconciler/wording.ts'
import { type Locale, say } from '../../specs/text.ts'
import { abbreviate } from '../output/revision.ts'
import { milestoneText } from './milestone-text.ts'
import type { Milestone } from './milestones.ts'
import type { Sample } from './nights.ts'
import { axes, type Frame, scaleX } from './picture-axes.ts'
import { element, escaped, type Point, path } from './picture-parts.ts'
import type { Simulation } from './simulate.ts'

const width = 1120
/** Labels stand above each other where they would overlap. */
const markRows = 4
/** Over all rows of marks. */
const aboveMarks = 4 + 13 * markRows
const colors = ['#1b4f72', '#2874a6', '#3498db', '#85c1e9', '#aed6f1', '#d6eaf8'] as const
const failedColor = '#c0392b'
const runningColor = '#e67e22'
const linesColor = '#7d8a97'

export const drawWaves = (simulation: Simulation, locale: Locale): string => {
  const { samples } = simulation
  const from = simulation.parts.start
  const to = samples.at(-1)?.at ?? from + 1
  const timezone = simulation.next.desired.park.timezone
  const time = { from, to, timezone, locale }
  const waves: Frame = { ...time, left: 70, right: width - 42, top: 140, bottom: 430 }
  const work: Frame = { ...time, left: 70, right: width - 42, top: 486, bottom: 606 }
  const height = 694
  const body = [
    element('rect', { width, height, fill: '#ffffff' }),
    title(simulation, locale),
    ...axes(waves, mostOf(simulation), say('PCs as wanted', 'postes conformes')[locale], aboveMarks),
    ...stack(simulation, waves),
    ...marks(simulation, waves, locale),
    ...axes(work, mostRunning(samples), say('at work', 'en cours')[locale], 8),
    ...workLines(samples, work),
    ...legend(simulation, locale, height - 34),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12">\n${body.join('\n')}\n</svg>\n`
}

const wavesOf = ({ rollouts }: Simulation) => rollouts.find(({ isRollback }) => !isRollback)?.waves ?? []

/** The scale of the upper part: all that the revision changes. */
const mostOf = (simulation: Simulation): number =>
  Math.max(
    1,
    wavesOf(simulation).reduce((sum, { machines }) => sum + machines, 0),
  )

const mostRunning = (samples: readonly Sample[]): number =>
  Math.max(1, ...samples.map(({ running }) => running))

const title = ({ next, machines, parts }: Simulation, locale: Locale): string => {
  const text = say(
    `${next.desired.park.name}: revision ${abbreviate(next.revision)} on ${formatCount(machines, 'en')} PCs`,
    `${next.desired.park.name}\u00a0: la révision ${abbreviate(next.revision)} sur ${formatCount(machines, 'fr')} postes`,
  )
  const faults = parts.faults.length === 0 ? say('no faults', 'sans panne')[locale] : parts.faults.join(', ')
  const below = say(
    `simulated, seed ${parts.seed}; ${faults}`,
    `simulation, graine ${parts.seed}\u00a0; ${faults}`,
  )
  const head = element(
    'text',
    { x: 70, y: 38, 'font-size': 20, 'font-weight': 600, fill: '#1c2833' },
    escaped(text[locale]),
  )
  return `${head}\n${element('text', { x: 70, y: 60, fill: '#5d6d7e' }, escaped(below[locale]))}`
}

/** Areas on top of each other, the first wave at the bottom, and what failed above all. */
const stack = (simulation: Simulation, frame: Frame): readonly string[] => {
  const { samples } = simulation
  const most = mostOf(simulation)
  const y = (count: number): number => frame.bottom - ((frame.bottom - frame.top) * count) / most
  const count = wavesOf(simulation).length
  let below = samples.map(() => 0)
  const areas: string[] = []
  const add = (of: (sample: Sample) => number, fill: string): void => {
    const above = samples.map((sample, index) => (below[index] ?? 0) + of(sample))
    const points = (counts: readonly number[]): readonly Point[] =>
      samples.map(({ at }, index) => ({ x: scaleX(frame, at), y: y(counts[index] ?? 0) }))
    areas.push(element('path', { d: `${path([...points(above), ...points(below).toReversed()])} Z`, fill }))
    below = above
  }
  for (let wave = 0; wave < count; wave += 1)
    add((sample) => sample.waves[wave]?.well ?? 0, colors[wave % colors.length] ?? colors[0])
  add((sample) => sample.waves.reduce((sum, { failed }) => sum + failed, 0), failedColor)
  return areas
}

const markColors: Readonly<Record<Milestone['kind'], string>> = {
  opened: '#34495e',
  paused: failedColor,
  resumed: '#1e8449',
  done: '#1e8449',
  'given-up': failedColor,
  calm: '#7d8a97',
}

/** When each wave opened, when the rollout stopped itself, and when it went on. */
const marks = ({ milestones }: Simulation, frame: Frame, locale: Locale): readonly string[] => {
  let last = Number.NEGATIVE_INFINITY
  let row = 0
  return milestones.map((one) => {
    const { at, kind } = one
    const x = scaleX(frame, at)
    const text =
      kind === 'opened' ? say(`wave ${one.wave}`, `vague ${one.wave}`)[locale] : milestoneText[kind][locale]
    // Beside each other only where there is room for both.
    row = x - last < 84 ? (row + 1) % markRows : 0
    last = x
    const top = frame.top - 8 - row * 13
    const fill = markColors[kind]
    const isLast = x > frame.right - 90
    const label = { x: isLast ? x - 3 : x + 3, y: top, fill, 'text-anchor': isLast ? 'end' : 'start' }
    const line = { x1: x, x2: x, y1: top + 3, y2: frame.bottom, stroke: fill, 'stroke-dasharray': '4 3' }
    return `${element('line', line)}\n${element('text', label, escaped(text))}`
  })
}

const workLines = (samples: readonly Sample[], frame: Frame): readonly string[] => {
  const line = (of: (sample: Sample) => number): readonly Point[] => {
    const most = Math.max(1, ...samples.map(of))
    return samples.map((sample) => ({
      x: scaleX(frame, sample.at),
      y: frame.bottom - ((frame.bottom - frame.top) * of(sample)) / most,
    }))
  }
  const running = line((sample) => sample.running)
  const base = [
    { x: frame.right, y: frame.bottom },
    { x: frame.left, y: frame.bottom },
  ]
  return [
    element('path', { d: `${path([...running, ...base])} Z`, fill: runningColor, opacity: 0.35 }),
    element('path', { d: path(running), fill: 'none', stroke: runningColor, 'stroke-width': 1.5 }),
    element('path', {
      d: path(line((sample) => sample.uplinkBytesPerSecond)),
      fill: 'none',
      stroke: linesColor,
      'stroke-width': 1.5,
    }),
  ]
}

const legend = (simulation: Simulation, locale: Locale, y: number): readonly string[] => {
  const most = Math.max(0, ...simulation.samples.map((sample) => sample.uplinkBytesPerSecond))
  const mbit = formatCount(Math.ceil((most * 8) / 1e6), locale)
  const entries = [
    ...wavesOf(simulation).flatMap(({ machines }, index) =>
      machines === 0
        ? []
        : [
            {
              color: colors[index % colors.length] ?? colors[0],
              text: `${say('wave', 'vague')[locale]} ${index + 1} (${formatCount(machines, locale)})`,
            },
          ],
    ),
    { color: failedColor, text: say('failed', 'en échec')[locale] },
    { color: runningColor, text: say('PCs at work', 'postes en cours')[locale] },
    {
      color: linesColor,
      text: say(`uplinks (at most ${mbit} Mbit/s in all)`, `liens distants (au plus ${mbit} Mbit/s en tout)`)[
        locale
      ],
    },
  ]
  let x = 70
  return entries.map(({ color, text }) => {
    const drawn = `${element('rect', { x, y: y - 10, width: 12, height: 12, rx: 2, fill: color })}\n${element('text', { x: x + 17, y, fill: '#34495e' }, escaped(text))}`
    x += 34 + text.length * 6.6
    return drawn
  })
}
