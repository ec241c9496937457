import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** Not in the home of whoever runs the tests. */
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

/** A technician's, in English; compiled code is kept between runs as `bin/proviseur` keeps it. */
export const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '/root',
  USER: 'technician',
  LC_ALL: 'C.UTF-8',
  XDG_CACHE_HOME: cache,
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] || join(cache, 'proviseur'),
  ...more,
})

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export type RunOptions = {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with all of the output so far whenever there is more; may send a signal. */
  readonly watch?: (output: string, signal: (name: NodeJS.Signals) => void) => void
}

/** ava starts all tests of a file at once; more processes than processors would only get into each other's way. */
let free = Math.max(2, availableParallelism())
const waiting: (() => void)[] = []

/** Runs the real command, as a user's shell would, in English unless told otherwise. */
export const proviseur = async (args: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  if (free > 0) free -= 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await start(args, options)
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
}

const start = (args: readonly string[], options: RunOptions): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      cwd: options.cwd ?? tmpdir(),
      env: environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    const heard = (): void => options.watch?.(stdout + stderr, (name) => child.kill(name))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      heard()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      heard()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })

export const json = (ran: Ran): ReturnType<typeof JSON.parse> => JSON.parse(ran.stdout)

/** Runs git in a folder, as somebody. */
export const git = (folder: string, ...args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const identity = [
      '-c',
      'user.name=Test',
      '-c',
      'user.email=test@example.org',
      '-c',
      'commit.gpgsign=false',
    ]
    const child = spawn('git', [...identity, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(output.trim()) : reject(new Error(`git ${args.join(' ')}: ${output}`)),
    )
  })

type Scratch = { readonly path: string; remove(): Promise<void> }

/** An empty folder of its own, outside of any park. */
export const scratch = async (): Promise<Scratch> => {
  const path = await mkdtemp(join(tmpdir(), 'proviseur-cli-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export const writeFiles = async (folder: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** Every file below a folder with its contents, leaving out what `without` begins with. */
export const snapshot = async (
  folder: string,
  without: readonly string[] = [],
): Promise<Record<string, string>> => {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1)
    if (without.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) continue
    found[path] = entry.isFile() ? await readFile(join(folder, path), 'latin1') : 'folder'
  }
  return found
}
