import { exitCode } from './exit.ts'
import { endWhenNobodyReads } from './output/terminal.ts'
import { runCommandLine } from './run.ts'

const { stdout, stderr, env } = process

endWhenNobodyReads([stdout, stderr], () => process.exit(exitCode.done))

process.exitCode = await runCommandLine(process.argv.slice(2), { stdout, stderr, env, cwd: process.cwd() })
