/** The imager's agent, started by the ramdisk's /init when drivers, network and mounts are up. Ends with what /init is to do next. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { agentExit, onPc } from '../../imaging/boot-set.ts'
import { runAgent } from './agent.ts'
import { run } from './command.ts'
import { readDisks } from './disks.ts'
import { textOf } from './hardware.ts'

const root = '/'

/** A difference that no log and no certificate would notice. */
const clockToleranceMs = 2_000

async function setClock(nowMs: number): Promise<void> {
  if (Math.abs(Date.now() - nowMs) < clockToleranceMs) return
  const set = await run('date', ['-u', '-s', `@${Math.round(nowMs / 1000)}`])
  if (set.exitCode !== 0) process.stderr.write(`${set.stderr}\n`)
}

const left = await runAgent({
  root,
  commandLine: (await textOf('/proc/cmdline')) ?? '',
  parkKey: await readFile(onPc.parkKey, 'utf8'),
  siteKey: await readFile(onPc.siteKey, 'utf8'),
  version: (await textOf(onPc.version)) ?? 'unknown',
  locale: (await textOf(onPc.locale)) === 'en' ? 'en' : 'fr',
  bootFiles: onPc.bootFolder,
  mayWriteFirmware: true,
  disks: () => readDisks(root),
  output: {
    write: (text) => process.stdout.write(text),
    canDraw: process.stdout.isTTY === true && !/console=ttyS/.test((await textOf('/proc/cmdline')) ?? ''),
    columns: process.stdout.columns ?? 80,
  },
  now: () => Date.now(),
  setClock,
  pause: (ms) => sleep(ms),
  signal: new AbortController().signal,
})
process.exit(left === 'poweroff' ? agentExit.powerOff : agentExit.reboot)
