/** One program that writes a disk, measured: the disk cold, what it is written from warm. */
import { writeFile } from 'node:fs/promises'
import { must } from '../../lab/command.ts'
import { type Measure, measure } from '../measure.ts'
import type { LoopDisk, Moved } from './loop-disk.ts'
import type { StoreServer } from './store-server.ts'

export type DiskRun = Pick<Measure, 'wallMs' | 'cpuMs' | 'peakBytes'> & Moved & { readonly output: string }

export type RunParts = {
  readonly disk: LoopDisk
  readonly command: readonly string[]
  /** File or folder that it reads from: in memory before it starts, as on a server that serves it all morning. */
  readonly warm: string
  /** Its CPU time counts, too. */
  readonly server?: StoreServer
}

export async function runOnDisk({ disk, command, warm, server }: RunParts): Promise<DiskRun> {
  await coldCaches()
  await warmUp(warm)
  const before = await disk.moved()
  const serverCpuMs = (await server?.cpuMs()) ?? 0
  const run = await measure(command)
  const after = await disk.moved()
  return {
    wallMs: run.wallMs,
    cpuMs: run.cpuMs + ((await server?.cpuMs()) ?? 0) - serverCpuMs,
    peakBytes: run.peakBytes,
    readBytes: after.readBytes - before.readBytes,
    writtenBytes: after.writtenBytes - before.writtenBytes,
    output: run.output,
  }
}

/** All that was written is on the disk, and nothing that can be read again is in memory. */
export async function coldCaches(): Promise<void> {
  await must('sync', [], { timeoutMs: 300_000 })
  await writeFile('/proc/sys/vm/drop_caches', '3\n')
}

/** Reads a file, or all files of a folder, into the page cache. */
export async function warmUp(path: string): Promise<void> {
  await must('/bin/sh', ['-c', 'find "$1" -type f -print0 | xargs -0 cat >/dev/null', 'warm', path], {
    timeoutMs: 300_000,
  })
}

/** A command line for the shell; a failure anywhere in it is one of the whole. */
export const shell = (program: string, ...args: readonly string[]): readonly string[] => [
  '/bin/bash',
  '-c',
  `set -euo pipefail; ${program}`,
  'bench',
  ...args,
]
