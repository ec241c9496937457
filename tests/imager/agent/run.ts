import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a program of the host; throws if it fails. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, [...args], {
    env: { ...process.env, LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null' },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

export const mebibyte = 1024 * 1024
