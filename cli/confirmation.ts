import { createInterface } from 'node:readline/promises'
import type { Text } from '../specs/text.ts'
import type { Context } from './context.ts'

/** Only a person at a terminal can agree; a script says `--yes`, as `elsewhere` tells. */
export const confirms = async (context: Context, question: Text, elsewhere: Text): Promise<boolean> => {
  if (context.json || process.stdin.isTTY !== true) {
    context.err.line(context.text(elsewhere))
    return false
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|o|oui)$/iu.test((await asking.question(context.text(question))).trim())
  } finally {
    asking.close()
  }
}
