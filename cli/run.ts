import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { createContext } from './context.ts'
import { exitCode } from './exit.ts'
import { reasonOf } from './failure.ts'
import { chooseLocale, type Environment, languageOption } from './locale.ts'
import { openTerminal, type Stream } from './output/terminal.ts'
import { createProgram } from './program.ts'

/** What the command has of the process that runs it. */
export type Surroundings = {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: Environment
  readonly cwd: string
}

const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

/** Runs one command line, and says what its process is to end with. */
export const runCommandLine = async (args: readonly string[], around: Surroundings): Promise<number> => {
  const { env, cwd } = around
  const context = createContext({
    locale: chooseLocale(languageOption(args), env),
    json: args.includes('--json'),
    out: openTerminal(around.stdout, env),
    err: openTerminal(around.stderr, env),
    env,
    cwd,
  })
  let ended: number = exitCode.done
  const program = createProgram(context, version, (code) => {
    ended = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return ended
  } catch (error) {
    // Help and version were asked for and end with 0; help for want of a command is a wrong command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    return context.fail(reason)
  }
}
