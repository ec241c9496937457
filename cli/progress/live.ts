import { describeChange, gateNames } from '../../reconciler/describe.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import { machines as countMachines, formatCount } from '../../reconciler/wording.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import type { Terminal } from '../output/terminal.ts'
import { cut, padEnd, printable } from '../output/width.ts'
import { diskProgressText } from './disk-progress.ts'
import type { Happening, View } from './happening.ts'
import { detailLines, sentenceLine, weightMark } from './lines.ts'
import { reachText, type Sentence, tell } from './story.ts'

/** Faster is not read, and a slow terminal over SSH should not be flooded. */
const redrawMs = 100

type Row = { readonly weight: Sentence['weight']; readonly text: Text; readonly line?: string }

/** What needs eyes first. */
const order: readonly Sentence['weight'][] = ['work', 'bad', 'wait', 'plain', 'good']

/**
 * What happened scrolls by above; below it stands one line a machine, redrawn in place. Where a terminal has fewer lines than
 * the park machines, those at work and those in trouble come first, and the rest is only counted.
 */
export const createLiveView = (locale: Locale, out: Terminal): View => {
  const rows = new Map<MachineId, Row>()
  let drawn = 0
  let timer: NodeJS.Timeout | undefined

  const erase = (): void => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[0J`)
    drawn = 0
  }
  const draw = (): void => {
    timer = undefined
    const lines = block(rows, locale, out)
    erase()
    for (const line of lines) out.line(line)
    drawn = lines.length
  }
  const print = (sentence: Sentence): void => {
    clearTimeout(timer)
    timer = undefined
    erase()
    out.line(sentenceLine(sentence, locale, out.colors))
    for (const line of detailLines(sentence, '    ')) out.line(out.colors.dim(line))
  }
  return {
    show: (happening) => {
      const changed = rowOf(happening, rows)
      if (changed) rows.set(changed.machine, changed.row)
      // Machines may have left the park; those that are still in it are told anew.
      if (happening.kind === 'revision') rows.clear()
      if (scrolls(happening)) {
        const sentence = tell(happening)
        if (sentence) print(sentence)
      }
      timer ??= setTimeout(draw, drawn === 0 ? 0 : redrawMs)
    },
    close: () => {
      clearTimeout(timer)
      draw()
      clearTimeout(timer)
    },
  }
}

/** What stays on the screen: what came to an end or went wrong, not what is under way. */
const scrolls = (happening: Happening): boolean =>
  [
    'started',
    'revision',
    'revision-refused',
    'rollout',
    'ended',
    'waiting',
    'trouble',
    'stopping',
    'finished',
  ].includes(happening.kind)

const rowOf = (
  happening: Happening,
  rows: ReadonlyMap<MachineId, Row>,
): { readonly machine: MachineId; readonly row: Row } | undefined => {
  switch (happening.kind) {
    case 'observed': {
      const { machine } = happening.observed
      const known = rows.get(machine)
      return known?.weight === 'work'
        ? undefined
        : { machine, row: known ?? { weight: 'plain', text: reachText(happening.observed) } }
    }
    case 'decided':
      return rows.get(happening.machine)?.weight === 'work' &&
        happening.decision.kind === 'held' &&
        happening.decision.by === 'in-flight'
        ? undefined
        : { machine: happening.machine, row: decisionRow(happening.decision) }
    case 'acting': {
      const [first] = happening.action.changes
      const text = first ? describeChange(first) : say('', '')
      return { machine: happening.action.machine, row: { weight: 'work', text } }
    }
    case 'progress': {
      const { step, line, done, total } = happening.progress
      const known = rows.get(happening.machine)
      const what = step ? describeChange(step) : (known?.text ?? say('', ''))
      const part = total > 1 && step ? ` (${Math.min(done + 1, total)}/${total})` : ''
      const last = line ?? known?.line
      return {
        machine: happening.machine,
        row: {
          weight: 'work',
          text: step ? say(what.en + part, what.fr + part) : what,
          ...(last === undefined ? {} : { line: last }),
        },
      }
    }
    case 'imaging':
      return {
        machine: happening.machine,
        row: { weight: 'work', text: diskProgressText(happening.progress) },
      }
    case 'ended': {
      const sentence = tell(happening)
      return (
        sentence && {
          machine: happening.action.machine,
          row: { weight: sentence.weight === 'good' ? 'plain' : sentence.weight, text: sentence.text },
        }
      )
    }
    case 'started':
    case 'revision':
    case 'revision-refused':
    case 'rollout':
    case 'trouble':
    case 'waiting':
    case 'stopping':
    case 'finished':
      return undefined
  }
}

const decisionRow = (decision: Decision): Row => {
  switch (decision.kind) {
    case 'converged':
      return {
        weight: 'good',
        text:
          decision.lastSeen === undefined
            ? say('as wanted', 'conforme')
            : say('off, as wanted', 'éteint, conforme'),
      }
    case 'act':
      return { weight: 'plain', text: say('to be put right', 'à mettre en conformité') }
    case 'held': {
      const gate = gateNames[decision.by]
      const { message } = decision.reason
      return { weight: 'wait', text: say(`${gate.en}: ${message.en}`, `${gate.fr}\u00a0: ${message.fr}`) }
    }
    case 'unknown':
      return { weight: 'wait', text: decision.reason.message }
    case 'stalled':
      return { weight: 'bad', text: decision.reason.message }
  }
}

const block = (rows: ReadonlyMap<MachineId, Row>, locale: Locale, out: Terminal): readonly string[] => {
  if (rows.size === 0) return []
  const columns = out.columns() - 1
  const room = Math.max(3, Math.min(rows.size, out.rows() - 6))
  const sorted = [...rows].sort(
    ([a, rowA], [b, rowB]) =>
      (rows.size <= room ? 0 : order.indexOf(rowA.weight) - order.indexOf(rowB.weight)) || (a < b ? -1 : 1),
  )
  const shown = sorted.slice(0, room)
  const nameColumns = Math.min(32, Math.max(...shown.map(([machine]) => machine.length)))
  return [
    '',
    ...shown.map(([machine, row]) => rowLine(machine, row, nameColumns, columns, locale, out)),
    out.colors.dim(cut(countsText(rows, rows.size - shown.length)[locale], columns)),
  ]
}

const rowLine = (
  machine: string,
  row: Row,
  nameColumns: number,
  columns: number,
  locale: Locale,
  out: Terminal,
): string => {
  const { colors } = out
  const name = padEnd(cut(machine, nameColumns), nameColumns)
  const free = Math.max(10, columns - nameColumns - 4)
  const told = printable(row.text[locale]).replace(/\n/gu, ' ')
  const text = cut(told.startsWith(`${machine} `) ? told.slice(machine.length + 1) : told, free)
  const left = free - text.length - 2
  const line =
    row.weight === 'work' && row.line !== undefined && left > 8
      ? `  ${colors.dim(cut(printable(row.line).replace(/\n/gu, ' '), left))}`
      : ''
  return `${weightMark(row.weight, colors)} ${name}  ${row.weight === 'good' ? colors.dim(text) : text}${line}`
}

const countsText = (rows: ReadonlyMap<MachineId, Row>, hidden: number): Text => {
  const numbers = { work: 0, bad: 0, wait: 0, plain: 0, good: 0 }
  for (const { weight } of rows.values()) numbers[weight] += 1
  const parts = (locale: Locale): readonly string[] => [
    `${formatCount(numbers.good, locale)}/${formatCount(rows.size, locale)} ${say('as wanted', 'conformes')[locale]}`,
    ...(numbers.work > 0
      ? [`${formatCount(numbers.work, locale)} ${say('at work', 'en cours')[locale]}`]
      : []),
    ...(numbers.wait > 0
      ? [`${formatCount(numbers.wait, locale)} ${say('waiting', 'en attente')[locale]}`]
      : []),
    ...(numbers.bad > 0
      ? [`${formatCount(numbers.bad, locale)} ${say('in trouble', 'en échec')[locale]}`]
      : []),
    ...(hidden > 0 ? [`${countMachines(hidden)[locale]} ${say('not shown', 'non affichés')[locale]}`] : []),
  ]
  return say(parts('en').join(' · '), parts('fr').join(' · '))
}
