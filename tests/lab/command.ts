import { spawn } from 'node:child_process'

export type Result = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

export type CommandOptions = {
  readonly input?: string
  /** Past this the command is killed and its promise rejects. */
  readonly timeoutMs?: number
}

/** Runs a program to its end and returns whatever came of it; rejects only if it cannot be started or takes too long. */
export function run(
  file: string,
  args: readonly string[],
  { input = '', timeoutMs = 60_000 }: CommandOptions = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    // A program that ends without reading its input is not an error of ours.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error)
    })
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      if (late)
        reject(new Error(`${commandLine(file, args)}: not done after ${timeoutMs} ms\n${stdout}${stderr}`))
      else resolve({ exitCode: code ?? -1, stdout, stderr })
    })
  })
}

/** Like `run`, for a command that must succeed; returns what it printed. */
export async function must(file: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const result = await run(file, args, options)
  if (result.exitCode !== 0)
    throw new Error(
      `${commandLine(file, args)}: exit ${result.exitCode}\n${result.stdout}${result.stderr}`.trimEnd(),
    )
  return result.stdout
}

const commandLine = (file: string, args: readonly string[]): string => [file, ...args].join(' ').slice(0, 300)
