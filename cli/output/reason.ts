import type { Reason } from '../../reconciler/model/reason.ts'
import type { Locale } from '../../specs/text.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './width.ts'

/** `✗ message`, with what the PC or the system itself said, indented below. */
export const renderReason = (reason: Reason, locale: Locale, terminal: Terminal): string => {
  const { colors } = terminal
  const head = `${colors.red('✗')} ${reason.message[locale]}`
  if (reason.detail === undefined || reason.detail.trim() === '') return head
  return [head, ...indentedOutput(reason.detail, '    ').map((line) => colors.dim(line))].join('\n')
}

/** The lines of an output as a PC gave it, made safe to print. */
export const indentedOutput = (output: string, indent: string): readonly string[] =>
  printable(output)
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`)
