import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Refusal, type Result, refuse, right } from './refusal.ts'

export type Ran = { readonly exitCode: number; readonly stdout: Buffer; readonly stderr: string }

/** Debian's package of each program that we call. */
const packages: Readonly<Record<string, string>> = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  blkid: 'util-linux',
  'dpkg-deb': 'dpkg',
  dumpe2fs: 'e2fsprogs',
  losetup: 'mount',
  ntfscat: 'ntfs-3g',
  ntfsinfo: 'ntfs-3g',
  'qemu-img': 'qemu-utils',
  sfdisk: 'fdisk',
}

/** Messages of programs are read: they must be in one language. Administrators' programs are not in everyone's PATH. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`,
})

type Run = {
  /** Each line of its standard output as it comes; nothing is kept of it then. */
  readonly onLine?: (line: string) => void
  /** It is ended once it has written so much; a program ended so has exit code 0. */
  readonly mostBytes?: number
  readonly cwd?: string
  /** Its standard input. */
  readonly input?: string
  readonly signal?: AbortSignal
}

/** Runs a program to its end. Its exit code is for the caller to judge; only a program that is not there is refused. */
export const runProgram = (command: string, args: readonly string[], run: Run = {}): Promise<Result<Ran>> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
      ...(run.signal === undefined ? {} : { signal: run.signal }),
    })
    const output: Buffer[] = []
    let bytes = 0
    let enough = false
    let stderr = ''
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(programMissing(command)) : reject(error),
    )
    if (run.onLine !== undefined) createInterface({ input: child.stdout }).on('line', run.onLine)
    else {
      child.stdout.on('data', (piece: Buffer) => {
        if (!enough) output.push(piece)
        bytes += piece.length
        if (run.mostBytes === undefined || bytes < run.mostBytes || enough) return
        enough = true
        child.kill()
      })
    }
    // A program that ends without reading its input closes the pipe: its exit code says what it thought.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error)
    })
    child.stdin.end(run.input ?? '')
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-65_536)
    })
    child.on('close', (code) =>
      resolve(right({ exitCode: enough ? 0 : (code ?? 1), stdout: Buffer.concat(output), stderr })),
    )
  })

const programMissing = (command: string): Refusal => {
  const name = packages[command] ?? command
  return refuse(
    'program-missing',
    `The program ${command} is not installed. Install it: apt install ${name}`,
    `Le programme ${command} n’est pas installé. Installez-le\u00a0: apt install ${name}`,
  )
}
