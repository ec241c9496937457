import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { middle } from './middle.ts'

/** One run of a command, as the kernel accounted it (with its waited-for children). */
export type Measure = {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakBytes: number
  readonly output: string
}

/**
 * Runs a command under GNU time (Debian's package `time`), which reads the kernel's own accounting (wait4).
 * Rejects if it exits with a code that is not expected: a run that failed is not a measurement.
 */
export async function measure(
  command: readonly string[],
  options: {
    readonly exits?: readonly number[]
    readonly env?: NodeJS.ProcessEnv
    readonly cwd?: string
  } = {},
): Promise<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-measure-'))
  try {
    const report = join(folder, 'time')
    const child = spawn('/usr/bin/time', ['-q', '-o', report, '-f', '%e %U %S %M', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.env ? { env: options.env } : {}),
      ...(options.cwd ? { cwd: options.cwd } : {}),
    })
    const printed: Buffer[] = []
    const complaint: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk))
    const started = performance.now()
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    const wallMs = performance.now() - started
    if (!(options.exits ?? [0]).includes(code ?? -1))
      throw new Error(
        `${command.join(' ')} ended with ${code}:\n${Buffer.concat([...printed, ...complaint])}`,
      )
    const [, user = '0', system = '0', peakKiB = '0'] = (await readFile(report, 'utf8')).trim().split(' ')
    return {
      wallMs,
      cpuMs: (Number(user) + Number(system)) * 1000,
      peakBytes: Number(peakKiB) * 1024,
      output: Buffer.concat(printed).toString(),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The run with the median wall time of several. */
export async function median(times: number, run: () => Promise<Measure>): Promise<Measure> {
  const runs: Measure[] = []
  for (let index = 0; index < times; index++) runs.push(await run())
  return middle(runs)
}
