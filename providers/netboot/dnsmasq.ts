/** One run of dnsmasq: in the foreground, with files of its own, heard line by line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reason } from '../../reconciler/model/reason.ts'
import { type DnsmasqEvent, readLogLine } from './dnsmasq-log.ts'
import { dnsmasqEnded, dnsmasqMissing, notPermitted, portInUse } from './netboot-reasons.ts'

export type DnsmasqRun = {
  readonly config: string
  readonly configFile: string
  readonly pidFile: string
  readonly tftpRoot: string
  readonly interface: string
  readonly program: string
  readonly hear: (event: DnsmasqEvent) => void
}

export type Dnsmasq = {
  /** Resolves when it has ended: with why, or undefined when it was stopped. Never rejects. */
  readonly ended: Promise<Reason | undefined>
  readonly stop: () => Promise<void>
}

const configArgument = (file: string): string => `--conf-file=${file}`
const LINES_KEPT = 10
const STOP_MS = 5_000

export async function startDnsmasq(run: DnsmasqRun): Promise<Dnsmasq> {
  await endFormer(run)
  await writeFile(run.configFile, run.config)
  const child = spawn(run.program, [configArgument(run.configFile)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line.trim())
      if (lines.length > LINES_KEPT) lines.shift()
      const event = readLogLine(line, run.tftpRoot)
      if (event !== undefined) run.hear(event)
    })
  let stopping = false
  const ended = new Promise<Reason | undefined>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? dnsmasqMissing() : dnsmasqEnded(error.code ?? '', error.message)),
    )
    child.on('close', (code, signal) =>
      resolve(stopping ? undefined : whyEnded(String(signal ?? code), lines.join('\n'), run.interface)),
    )
  })
  return {
    ended,
    stop: async () => {
      stopping = true
      await terminate(child, ended)
    },
  }
}

function whyEnded(exit: string, said: string, link: string): Reason {
  if (/address already in use/i.test(said)) return portInUse(link, said)
  if (/permission denied|operation not permitted/i.test(said)) return notPermitted(said)
  return dnsmasqEnded(exit, said)
}

async function terminate(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}

/** If we were killed, the dnsmasq that we had started lived on, and has the ports that the new one needs. */
async function endFormer({ pidFile, configFile }: DnsmasqRun): Promise<void> {
  const pid = Number((await textOf(pidFile)).trim())
  const isOurs = async (): Promise<boolean> =>
    Number.isInteger(pid) &&
    pid > 1 &&
    (await textOf(`/proc/${pid}/cmdline`)).split('\0').includes(configArgument(configFile))
  if (!(await isOurs())) return
  process.kill(pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < STOP_MS && (await isOurs()); waitedMs += 50) await sleep(50)
  if (await isOurs()) process.kill(pid, 'SIGKILL')
}

/** Empty where there is no such file. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return ''
    throw error
  }
}
