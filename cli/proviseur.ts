import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { createContext } from './context.ts'
import { exitCode } from './exit.ts'
import { reasonOf } from './failure.ts'
import { chooseLocale, languageOption } from './locale.ts'
import { endWhenNobodyReads, openTerminal } from './output/terminal.ts'
import { createProgram } from './program.ts'

const args = process.argv.slice(2)
const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

const context = createContext({
  locale: chooseLocale(languageOption(args), process.env),
  json: args.includes('--json'),
  out: openTerminal(process.stdout, process.env),
  err: openTerminal(process.stderr, process.env),
  env: process.env,
  cwd: process.cwd(),
})

endWhenNobodyReads([process.stdout, process.stderr], () => process.exit(exitCode.done))

const program = createProgram(context, version, (code) => {
  process.exitCode = code
})

try {
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version were asked for and end with 0; help for want of a command is a wrong command line.
    process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage
  } else {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    process.exitCode = context.fail(reason)
  }
}
