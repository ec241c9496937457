/**
 * A whole PC: real firmware (SeaBIOS, OVMF, OVMF with Secure Boot enforced), a disk, a network card, in QEMU. Nothing in
 * it knows that it is in a lab: it asks DHCP, runs boot programs, is woken by magic packets, loses power.
 *
 * ```ts
 * await using network = await layVmNetwork()                       // tests/lab/vm/vm-network.ts
 * const pc = await createVm(network, {
 *   name: 'b204-07', index: 7, firmware: 'uefi',                    // index: its cable, MAC (network.pcMac(7)), address (pcAddress(7))
 *   disks: [{ sizeBytes: 4 * GIB, bus: 'nvme' }],                   // or { from: image.file }: starts as a copy of a raw image
 * })
 * network.spawn([process.execPath, 'cli/main.ts', 'up', …])         // the site server, inside: network.serverAddress is its own
 * … a magic packet for pc.mac on network.broadcast starts it, or: await pc.powerOn()
 * await pc.waitForSerial(/login:/, { timeoutMs: 120_000 })
 * await pc.cut()                                                    // SIGKILL of QEMU: the power is gone
 * const disk = await open(pc.disks[0].file)                         // raw: read it on the host while the PC is off
 * ```
 *
 * Hands: `powerOn`, `powerButton` (ACPI), `cut`, `unplug`, `plug` (the link goes, in the card as in the bridge). Eyes: `serial` and `waitForSerial` (since the last power-on), `counters` (what the disk was asked to read and
 * write since power-on, by QEMU's count), `history`. `waitForExit` waits for the end that the PC makes itself: power-off, or with
 * `onReboot: 'exit'` a restart. A PC reboots inside one power-on otherwise: take `pc.serial.length` as `from` to wait for what comes next.
 *
 * To try a kernel without boot loaders: `kernel: { vmlinuz, initrd, commandLine: 'console=ttyS0' }`. To see everything: LAB_VM_SERIAL=1
 * copies the serial lines to standard error as they come.
 *
 * Speed: KVM where a probe shows that it works, else TCG on all cores: firmware to DHCP 6 s (BIOS) or 10 s (UEFI), a Debian to sshd
 * some 40 s. At most two at once on two cores.
 *
 * What is not real: a power cut loses nothing that the guest's disk had been sent, as the host's page cache stays.
 */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../command.ts'
import { GROUND } from '../ground.ts'
import { until } from '../until.ts'
import { accelerator } from './accelerator.ts'
import { type Disk, type DiskBus, type Hardware, OVMF, qemuArguments, type VmFirmware } from './hardware.ts'
import { openQmp, type Qmp } from './qmp.ts'
import { type SerialLog, serialLog } from './serial-log.ts'
import type { VmNetwork } from './vm-network.ts'

export type { VmFirmware } from './hardware.ts'

export type VmOptions = {
  readonly name: string
  /** Number of its cable on this wire, 1 … 99. */
  readonly index: number
  readonly firmware: VmFirmware
  readonly disks?: readonly VmDiskOptions[]
  readonly card?: Hardware['card']
  readonly bootFirst?: Hardware['bootFirst']
  readonly uefiNetwork?: Hardware['uefiNetwork']
  readonly memoryMib?: number
  readonly cpus?: number
  readonly onReboot?: Hardware['onReboot']
  readonly kernel?: NonNullable<Hardware['kernel']>
  /** Its card hears magic packets while it is off; true unless said otherwise. */
  readonly wakeOnLan?: boolean
}

export type VmDiskOptions = {
  readonly bus?: DiskBus
  readonly serial?: string
  readonly brokenSectors?: readonly number[]
} & (
  | { readonly sizeBytes: number }
  /** Starts as a copy of this raw image, grown (sparse) to `sizeBytes` if that is given. */
  | { readonly from: string; readonly sizeBytes?: number }
  /** Is this raw file. */
  | { readonly file: string }
)

export type PowerCause = 'button' | 'magic-packet'

export type Vm = {
  readonly name: string
  readonly mac: string
  /** The address that the lab's parks give it. */
  readonly address: string
  readonly running: boolean
  readonly disks: readonly Disk[]
  /** With a kernel: this time it starts that, as `VmOptions.kernel` does always. */
  readonly powerOn: (kernel?: VmOptions['kernel']) => Promise<void>
  /** The power button of a running PC: its system is asked to shut down. */
  readonly powerButton: () => Promise<void>
  /** The power goes, now. Resolves when QEMU is dead and its disks are free. */
  readonly cut: () => Promise<void>
  readonly unplug: () => Promise<void>
  readonly plug: () => Promise<void>
  readonly serial: string
  readonly waitForSerial: (
    pattern: RegExp,
    options?: { readonly timeoutMs?: number; readonly from?: number },
  ) => Promise<RegExpExecArray>
  /** Resolves when it is off, by whatever means. */
  readonly waitForExit: (timeoutMs?: number) => Promise<void>
  /** Resolves when it has been started, by a magic packet or the button, once more than at the moment of the call. */
  readonly nextPowerOn: (timeoutMs?: number) => Promise<void>
  /** What disk number `index` was asked for since power-on. Only while it runs. */
  readonly counters: (index?: number) => Promise<DiskCounters>
  readonly history: readonly PowerCause[]
  readonly qmp: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
}

export type DiskCounters = {
  readonly readBytes: number
  readonly writtenBytes: number
  readonly flushes: number
}

/** How often the serial line is looked at. */
const SERIAL_MS = 50
const QMP_MS = 20_000
const PATIENCE_MS = 240_000

export async function createVm(network: VmNetwork, options: VmOptions): Promise<Vm> {
  const mac = network.pcMac(options.index)
  const disks = await Promise.all(
    (options.disks ?? []).map((disk, index) => makeDisk(network, options, disk, index)),
  )
  const variables = join(network.folder, `${options.name}.variables`)
  if (options.firmware !== 'bios') await copyFile(OVMF[options.firmware].variables, variables)
  await mkdir(network.ground.path('vm'), { recursive: true })
  const hardware: Hardware = {
    name: options.name,
    firmware: options.firmware,
    variables,
    disks,
    mac,
    tap: await network.lay(options.index),
    card: options.card ?? 'virtio',
    bootFirst: options.bootFirst ?? 'network',
    uefiNetwork: options.uefiNetwork ?? 'pxe',
    memoryMib: options.memoryMib ?? 1024,
    cpus: options.cpus ?? 2,
    onReboot: options.onReboot ?? 'restart',
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    qmp: `${GROUND}/vm/${options.name}.qmp`,
    serial: join(network.folder, `${options.name}.serial`),
  }
  const vm = poweredOff(network, hardware, options.index)
  if (options.wakeOnLan !== false) {
    network.onWake(mac, () => {
      if (!vm.running) vm.start('magic-packet')
    })
  }
  return vm
}

type Power = { readonly child: ChildProcess; readonly closed: Promise<void>; qmp?: Promise<Qmp> }

function poweredOff(
  network: VmNetwork,
  hardware: Hardware,
  index: number,
): Vm & { start: (cause: PowerCause) => void } {
  let power: Power | undefined
  let log: SerialLog = serialLog(hardware.name)
  let starting: Promise<void> | undefined
  let plugged = true
  const history: PowerCause[] = []

  const boot = async (kernel: Hardware['kernel']): Promise<void> => {
    const how = await accelerator()
    const now = kernel === undefined ? hardware : { ...hardware, kernel }
    const program = ['qemu-system-x86_64', ...qemuArguments(now, how)]
    await network.ground.must(['rm', '-f', hardware.qmp])
    await writeFile(hardware.serial, '')
    const child = network.spawn(program, { stdio: ['ignore', 'ignore', 'pipe'] })
    log = serialLog(hardware.name)
    power = { child, closed: attend(child, hardware.serial, log) }
    power.closed.then(() => {
      power = undefined
    })
    await qmp()
    if (!plugged) await setLink(false)
  }
  const start = (cause: PowerCause, kernel?: Hardware['kernel']): void => {
    if (starting !== undefined) return
    history.push(cause)
    starting = boot(kernel).finally(() => {
      starting = undefined
    })
    // Who switched it on by hand waits for it; whom a magic packet wakes finds the reason in the serial log.
    if (cause === 'magic-packet') starting.catch((error: unknown) => log.end(`did not start (${error})`))
  }
  const qmp = async (): Promise<Qmp> => {
    if (power === undefined) throw new Error(`${hardware.name} is off`)
    const { closed } = power
    power.qmp ??= Promise.race([
      openQmp(`/proc/${network.ground.pid}/root${hardware.qmp}`, QMP_MS),
      closed.then(() => {
        throw new Error(`${hardware.name} did not start\n${log.text}`)
      }),
    ])
    return power.qmp
  }
  const execute: Vm['qmp'] = async (command, args) => (await qmp()).execute(command, args)
  const setLink = async (up: boolean): Promise<void> => {
    await execute('set_link', { name: 'card', up })
  }
  const plug = async (up: boolean): Promise<void> => {
    plugged = up
    await network.plug(index, up)
    if (power !== undefined) await setLink(up)
  }
  const isRunning = (): boolean => power !== undefined || starting !== undefined

  return {
    name: hardware.name,
    mac: hardware.mac,
    address: network.pcAddress(index),
    disks: hardware.disks,
    history,
    start,
    get running() {
      return isRunning()
    },
    get serial() {
      return log.text
    },
    powerOn: async (kernel) => {
      if (power === undefined) start('button', kernel)
      await starting
    },
    powerButton: async () => {
      await execute('system_powerdown')
    },
    cut: async () => {
      await starting
      if (power === undefined) return
      const { child, closed } = power
      process.kill(qemuPid(child), 'SIGKILL')
      await closed
    },
    unplug: () => plug(false),
    plug: () => plug(true),
    waitForSerial: async (pattern, { timeoutMs = PATIENCE_MS, from = 0 } = {}) => {
      await starting
      return log.waitFor(pattern, { timeoutMs, from })
    },
    waitForExit: (timeoutMs = PATIENCE_MS) =>
      until(`end of ${hardware.name}:\n${log.text.slice(-2000)}`, () => !isRunning(), timeoutMs).then(
        () => undefined,
      ),
    nextPowerOn: async (timeoutMs = PATIENCE_MS) => {
      const before = history.length
      await until(`start of ${hardware.name}`, () => history.length > before, timeoutMs)
      await starting
    },
    counters: async (disk = 0) => {
      const stats = parseBlockStats(await execute('query-blockstats'))
      const found = stats.find((each) => each.qdev?.includes(`device-disk${disk}`) ?? false)
      if (found === undefined) throw new Error(`${hardware.name} has no disk ${disk}`)
      return {
        readBytes: found.stats.rd_bytes,
        writtenBytes: found.stats.wr_bytes,
        flushes: found.stats.flush_operations,
      }
    },
    qmp: execute,
  }
}

/** Feeds the serial log; resolves when QEMU is dead and all it said has been heard. */
async function attend(child: ChildProcess, file: string, log: SerialLog): Promise<void> {
  let ended: string | undefined
  const closed = new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      ended = `it went off (${signal ?? code})`
      resolve()
    })
  })
  // QEMU's own complaints belong where one looks when a PC does not do what it should.
  child.stderr?.on('data', (chunk: Buffer) => log.write(chunk))
  const copy = process.env['LAB_VM_SERIAL'] === '1'
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(65_536)
    for (;;) {
      const last = ended
      const { bytesRead } = await handle.read(buffer)
      log.write(buffer.subarray(0, bytesRead))
      if (copy) process.stderr.write(buffer.subarray(0, bytesRead))
      if (bytesRead > 0) continue
      if (last !== undefined) break
      await Promise.race([closed, sleep(SERIAL_MS)])
    }
  } finally {
    await handle.close()
  }
  log.end(ended ?? '')
}

/** Our child is nsenter, which forked to enter the process namespace; QEMU is its only child. */
function qemuPid(child: ChildProcess): number {
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim())
  if (!(pid > 0)) throw new Error('QEMU is not there')
  return pid
}

type BlockStats = {
  readonly qdev?: string
  readonly stats: { readonly rd_bytes: number; readonly wr_bytes: number; readonly flush_operations: number }
}

/** QAPI's `BlockStats`; `qdev` is the path of the device in QEMU's tree. */
const parseBlockStats = (reply: unknown): readonly BlockStats[] => JSON.parse(JSON.stringify(reply))

async function makeDisk(
  network: VmNetwork,
  { name }: VmOptions,
  options: VmDiskOptions,
  index: number,
): Promise<Disk> {
  const file = 'file' in options ? options.file : join(network.folder, `${name}-${index}.raw`)
  if ('from' in options) await must('cp', ['--sparse=always', '--reflink=auto', options.from, file])
  if ('sizeBytes' in options && options.sizeBytes !== undefined) {
    const handle = await open(file, 'a')
    await handle.truncate(options.sizeBytes)
    await handle.close()
  }
  return {
    file,
    bus: options.bus ?? 'virtio',
    serial: options.serial ?? `disk-${name}-${index}`.slice(0, 20),
    brokenSectors: options.brokenSectors ?? [],
  }
}
