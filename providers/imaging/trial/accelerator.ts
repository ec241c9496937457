/**
 * How fast a virtual PC can be here: KVM, where it really works. `/dev/kvm` may be there and a guest hang in it (nested
 * virtualisation), so the question is put to a kernel: it must print a line within seconds. Otherwise QEMU translates (TCG).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

export type Accelerator = {
  readonly kind: 'kvm' | 'tcg'
  readonly arguments: readonly string[]
  /** How many processors a PC may have. */
  readonly processors: number
}

/** One processor: between two translated ones, a kernel that patches its own code sometimes stops with “Oops: int3”. */
const tcg: Accelerator = {
  kind: 'tcg',
  arguments: ['-accel', 'tcg,thread=multi', '-cpu', 'max'],
  processors: 1,
}
const kvm: Accelerator = { kind: 'kvm', arguments: ['-accel', 'kvm', '-cpu', 'host'], processors: 2 }
const probeMs = 10_000

/** @param kernel a Linux kernel to ask with; where it is missing nothing can be asked, and QEMU translates. */
export const findAccelerator = async (kernel: string | undefined): Promise<Accelerator> => {
  if (kernel === undefined || !existsSync(kernel) || !existsSync('/dev/kvm')) return tcg
  return (await kvmAnswers(kernel)) ? kvm : tcg
}

const kvmAnswers = async (kernel: string): Promise<boolean> => {
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...kvm.arguments,
      ...[
        '-machine',
        'q35',
        '-m',
        '256',
        '-nodefaults',
        '-display',
        'none',
        '-serial',
        'stdio',
        '-no-reboot',
      ],
      ...['-kernel', kernel, '-append', 'console=ttyS0 panic=-1'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], timeout: probeMs, killSignal: 'SIGKILL' },
  )
  let said = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text
    // It has no root file system: that it gets so far as to miss it is the proof.
    if (/Kernel panic|Run \/init/.test(said)) child.kill('SIGKILL')
  })
  // Without QEMU there is nothing to accelerate; that it is missing is told when a PC is to be started.
  const closed = await once(child, 'close').catch(() => undefined)
  return closed !== undefined && /Linux version/.test(said) && /Kernel panic|Run \/init/.test(said)
}
