/**
 * A trial boot: the image as a disk in a virtual PC, from power-on until somebody could log in. The image's own boot code and EFI
 * programs are what starts; the menu and loader that the imager puts on PCs with a cache partition are no part of an image.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { type Refusal, type Result, refuse, right } from '../../../imaging/refusal.ts'
import type { TrialFirmware } from '../../../imaging/trial-record.ts'
import type { Clock } from '../../../reconciler/ports.ts'
import type { Accelerator } from './accelerator.ts'
import { sshAnswers, sshLogsIn } from './login-check.ts'
import { firmwareFiles, missingFirmware, type TrialDisk, trialArguments } from './trial-pc.ts'

export type Trial = {
  /** Raw, our own copy. */
  readonly disk: string
  /** For what the PC needs besides. */
  readonly folder: string
  readonly attached: TrialDisk
  readonly firmware: TrialFirmware
  readonly accelerator: Accelerator
  readonly timeoutMs: number
  readonly clock: Clock
  /** Then only a login of root with it passes. */
  readonly sshKey?: string
  readonly signal: AbortSignal
}

export type TrialEnd = {
  readonly passed: boolean
  readonly seconds: number
  /** What let it pass. */
  readonly by?: 'ssh' | 'serial'
  /** The end of what the PC wrote on its serial line, or what QEMU complained of. */
  readonly lastWords: string
}

const askEveryMs = 1_000
const lastWordsChars = 2_000

/** Refused where no trial is possible; an abort rejects with the signal's reason. The PC is dead when this ends. */
export const tryImage = async (trial: Trial): Promise<Result<TrialEnd>> => {
  const absent = missingFirmware(trial.firmware)
  if (absent !== undefined) return firmwareMissing(absent)
  const files = firmwareFiles(trial.firmware)
  const variables = join(trial.folder, 'variables.fd')
  if (files !== undefined) await copyFile(files.variables, variables)
  const port = await freePort()
  const pc = { ...trial, variables, port, memoryMib: 1024 }
  const child = spawn('qemu-system-x86_64', trialArguments(pc), { stdio: ['ignore', 'pipe', 'pipe'] })
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]).catch(() => false)
  if (!started) return qemuMissing
  try {
    return right(await watch(child, port, trial))
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    }
  }
}

const watch = async (child: ChildProcess, port: number, trial: Trial): Promise<TrialEnd> => {
  const { clock, signal, sshKey } = trial
  const begun = clock.now()
  let said = ''
  const hear = (piece: Buffer): void => {
    said = (said + piece.toString('latin1')).slice(-65_536)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const dead = new AbortController()
  child.on('close', () => dead.abort())
  const either = AbortSignal.any([signal, dead.signal])
  const end = (by?: 'ssh' | 'serial'): TrialEnd => ({
    passed: by !== undefined,
    seconds: Math.round((clock.now() - begun) / 1000),
    ...(by === undefined ? {} : { by }),
    lastWords: readable(said),
  })
  while (clock.now() - begun < trial.timeoutMs && !dead.signal.aborted) {
    signal.throwIfAborted()
    // A getty asks at the start of a line, behind the host's name.
    if (sshKey === undefined && /(?:^|\n)[\w.-]+ login: ?/.test(said)) return end('serial')
    const entered = await (sshKey === undefined ? sshAnswers(port) : sshLogsIn(port, sshKey))
    if (entered) return end('ssh')
    await clock.sleep(askEveryMs, either)
  }
  signal.throwIfAborted()
  return end()
}

/** Without the sequences with which firmware and GRUB paint. */
const readable = (said: string): string =>
  stripVTControlCharacters(said)
    .replaceAll(/[^ -~\n]/g, '')
    .replaceAll(/\n\s*\n+/g, '\n')
    .trim()
    .slice(-lastWordsChars)

/** QEMU is told which port to listen on; should another program take it in between, QEMU ends and says so. */
const freePort = async (): Promise<number> => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

const qemuMissing: Refusal = refuse(
  'program-missing',
  'The program qemu-system-x86_64 is not installed. Install it: apt install qemu-system-x86',
  'Le programme qemu-system-x86_64 n’est pas installé. Installez-le\u00a0: apt install qemu-system-x86',
)

const firmwareMissing = (path: string): Refusal =>
  refuse(
    'firmware-missing',
    `The firmware of the virtual PC is not installed (${path}). Install it: apt install ovmf`,
    `Le micrologiciel du poste virtuel n’est pas installé (${path}). Installez-le\u00a0: apt install ovmf`,
  )
