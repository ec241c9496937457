import type { Locale } from '../../specs/text.ts'
import { indentedOutput } from '../output/reason.ts'
import type { Colors, Terminal } from '../output/terminal.ts'
import { printable } from '../output/width.ts'
import type { View } from './happening.ts'
import { type Sentence, tell } from './story.ts'

/** One line an event, for logs: no cursor moves, nothing that is taken back. */
export const createLinesView = (locale: Locale, out: Terminal, time: () => Date): View => ({
  show: (happening) => {
    const sentence = tell(happening)
    if (sentence === undefined) return
    out.line(`${out.colors.dim(clockTime(time()))}  ${sentenceLine(sentence, locale, out.colors)}`)
    for (const line of detailLines(sentence, '            ')) out.line(out.colors.dim(line))
  },
  close: () => {},
})

const clockTime = (date: Date): string =>
  [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')

export const sentenceLine = (sentence: Sentence, locale: Locale, colors: Colors): string => {
  const mark = weightMark(sentence.weight, colors)
  const text = printable(sentence.text[locale]).replace(/\n/gu, ' ')
  const { machine } = sentence
  if (machine === undefined) return `${mark} ${text}`
  // Reasons often begin with their machine's name already.
  const rest = text.startsWith(`${machine} `) ? text.slice(machine.length) : `  ${text}`
  return `${mark} ${colors.bold(machine)}${rest}`
}

export const detailLines = ({ detail }: Sentence, indent: string): readonly string[] =>
  detail === undefined ? [] : indentedOutput(detail, indent)

export const weightMark = (weight: Sentence['weight'], colors: Colors): string => {
  switch (weight) {
    case 'good':
      return colors.green('✓')
    case 'bad':
      return colors.red('✗')
    case 'wait':
      return colors.yellow('○')
    case 'work':
      return colors.cyan('▸')
    case 'plain':
      return colors.dim('·')
  }
}
