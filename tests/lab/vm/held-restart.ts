/**
 * The moment between two starts of a PC: it holds still at its next restart, all that it wrote in its disk's file and in QEMU's counters,
 * until it is let go. Unlike a PC that ends at its restart, its counters and its serial line go on. For PCs with BIOS.
 *
 * ```ts
 * await holdRestart(pc)
 * const from = pc.serial.length
 * … something restarts it
 * await heldAfter(pc, /Done\. This PC restarts\./, from, 600_000)
 * await must('cp', ['--sparse=always', pc.disks[0].file, 'as-it-is-now.raw'])
 * await letGo(pc)                                            // it starts; its next restart is none of ours any more
 * ```
 */
import { until } from '../until.ts'
import type { Vm } from './vm.ts'

/** How long the serial line may take to be read. */
const READ_MS = 2_000
const FIRMWARE_MS = 60_000
/** Kernels that fail under emulation and restart the PC before it has said what it was to say. */
const MOST_FAILURES = 3

export async function holdRestart(pc: Vm): Promise<void> {
  await pc.qmp('set-action', { reboot: 'shutdown', shutdown: 'pause' })
}

/** Resolves when the PC holds still and has said this since `from`, a position in its serial text. */
export async function heldAfter(pc: Vm, last: RegExp, from: number, timeoutMs: number): Promise<void> {
  for (let failures = 0; failures < MOST_FAILURES; failures += 1) {
    await until(
      `restart of ${pc.name} after ${last}`,
      async () => (await statusOf(pc)) === 'shutdown',
      timeoutMs,
    ).catch((error: unknown) => {
      throw new Error(`${error}\n${pc.serial.slice(-4000)}`)
    })
    const hasSaid = await pc.waitForSerial(last, { from, timeoutMs: READ_MS }).then(
      () => true,
      () => false,
    )
    if (hasSaid) return
    await letGo(pc)
    await holdRestart(pc)
  }
  throw new Error(`${pc.name} restarted again and again without ${last}\n${pc.serial.slice(-4000)}`)
}

/** Resolves when its BIOS speaks: before, SeaBIOS restarts a PC whose system has just run once more by itself. */
export async function letGo(pc: Vm): Promise<void> {
  const from = pc.serial.length
  await pc.qmp('set-action', { reboot: 'reset', shutdown: 'poweroff' })
  await pc.qmp('system_reset')
  await until(`reset of ${pc.name}`, async () => (await statusOf(pc)) !== 'shutdown')
  await pc.qmp('cont')
  await pc.waitForSerial(/SeaBIOS/, { from, timeoutMs: FIRMWARE_MS })
}

/** QAPI's `StatusInfo`. */
async function statusOf(pc: Vm): Promise<string> {
  const { status }: { readonly status: string } = JSON.parse(JSON.stringify(await pc.qmp('query-status')))
  return status
}
