/** Runs the ramdisk's programs (sfdisk, mke2fs, …): never through a shell, with messages in English, and with bounded output. */
import { spawn } from 'node:child_process'

export type Ran = {
  /** Null: a signal ended it. 127: there is no such program. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What is kept of each stream: the end, where programs say what went wrong. */
const keptCharacters = 256 * 1024

/** mtools refuses file systems whose sizes are not those of a floppy, and reads a user's settings, unless told otherwise. */
const environment = { LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null' }

export function run(program: string, args: readonly string[], stdin?: string | Uint8Array): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-keptCharacters)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-keptCharacters)
    })
    // A program that does not read all of its input closes it early: its exit code tells the story.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error)
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ exitCode: 127, stdout, stderr: `${program}: not found` })
      else reject(error)
    })
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
    child.stdin.end(stdin ?? '')
  })
}

/** What a program said last, for the details of a failure. */
export const said = (program: string, { exitCode, stdout, stderr }: Ran): string =>
  `${program} (${exitCode ?? 'killed'}): ${(stderr.trim() || stdout.trim()).slice(-800)}`
