import { tmpdir } from 'node:os'
import { runCommandLine } from '../../cli/run.ts'
import { environment, type Ran, type RunOptions } from './command.ts'

export type CallOptions = Omit<RunOptions, 'watch'>

/**
 * The command as `cli/proviseur.ts` runs it, without a process of its own: the program is loaded once for all runs of a test
 * file. That each command is found, does its work and ends by itself as a process is for `processes.test.ts`; signals are for `command.ts`.
 */
export const proviseur = async (args: readonly string[], options: CallOptions = {}): Promise<Ran> => {
  const told = { stdout: '', stderr: '' }
  const into = (name: keyof typeof told) => ({
    write: (text: string): void => {
      told[name] += text
    },
  })
  const code = await runCommandLine(args, {
    stdout: into('stdout'),
    stderr: into('stderr'),
    env: environment(options.env),
    cwd: options.cwd ?? tmpdir(),
  })
  return { code, ...told }
}
