/** A PC in memory. What it does takes virtual time, and a power cut at any instant leaves it as far as it was. */
import { createHash } from 'node:crypto'
import type { Change } from '../../reconciler/model/change.ts'
import type { ActionId, Digest, MachineId, ScriptName } from '../../reconciler/model/ids.ts'
import type { Facts, ObservedPackages, ObservedScript, Session } from '../../reconciler/model/observed.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Random } from '../../reconciler/ports.ts'
import type { DesiredMachine, WantedScript } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { type Archive, resolveVersion } from './archive.ts'
import { createDisk, type DiskTools } from './disk.ts'
import { createImager, type Imager } from './imager.ts'
import { between } from './random.ts'
import { createRecord, type PcRecord } from './record.ts'

export type SimulatedPc = {
  readonly id: MachineId
  readonly installed: Map<string, string>
  readonly held: Set<string>
  hostname: string
  authorizedKeys: readonly string[]
  sessions: readonly Session[]
  /** Scripts whose effect is in place: what a check looks for. A hand that undoes one removes it. */
  readonly effects: Set<ScriptName>
  /** Exit code of a script's next runs; 0 unless set. */
  readonly exitCodes: Map<ScriptName, number>
  /** Each run of a script since the disk was last written, in order. */
  readonly runs: readonly ScriptRun[]
  readonly record: PcRecord
  readonly disk: DiskTools
  /** On, but in the imager: its disk has no system that could start, or somebody works on it. */
  inImager(): boolean
  hostKeyChanged: boolean
  /** Whether a magic packet turns it on. */
  wakeable: boolean
  readonly isOn: () => boolean
  /** Changes with each boot and each power cut: what began before is over. */
  readonly era: () => number
  powerOn(): void
  powerOff(): void
  facts(machine: DesiredMachine): Facts
  readonly image: Imager
  /** Makes one change; undefined, and no effect, if the power went first or what ran was `killed`: a kill takes the step with it. */
  make(change: Change, machine: DesiredMachine, killed: () => boolean): Promise<StepResult | undefined>
}

export type ScriptRun = {
  readonly script: ScriptName
  readonly digest: Digest
  readonly bootId: string
  readonly exitCode: number
}

export type PcParts = {
  readonly id: MachineId
  readonly clock: Clock
  readonly random: Random
  readonly archive: Archive
  readonly installed?: Readonly<Record<string, string>>
  /** Packages in each image, by manifest. */
  readonly images?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly on?: boolean
}

export const createPc = (parts: PcParts): SimulatedPc => {
  const { id, clock, random, archive } = parts
  let on = parts.on ?? true
  let era = 1
  let boot = 1
  let bootedAt = clock.now()
  const scripts = new Map<ScriptName, ObservedScript>()
  const runs: ScriptRun[] = []
  const bootId = () => `${id}#${boot}`
  const record = createRecord()
  const disk = createDisk()
  let imaging = false

  const powerOff = (): void => {
    if (!on) return
    on = false
    imaging = false
    era += 1
    pc.sessions = []
    record.interrupt()
  }
  const start = (): void => {
    on = true
    era += 1
    boot += 1
    bootedAt = clock.now()
  }
  const powerOn = (): void => {
    if (!on) start()
  }

  const runScript = (wanted: WantedScript): number => {
    const exitCode = pc.exitCodes.get(wanted.name) ?? 0
    const run = { digest: wanted.digest, bootId: bootId(), at: clock.now() }
    runs.push({ script: wanted.name, digest: wanted.digest, bootId: bootId(), exitCode })
    const succeeded = exitCode === 0 ? run : scripts.get(wanted.name)?.succeeded
    scripts.set(wanted.name, { lastRun: { ...run, exitCode }, ...(succeeded ? { succeeded } : {}) })
    if (exitCode === 0) pc.effects.add(wanted.name)
    return exitCode
  }

  const observeScript = (wanted: WantedScript): ObservedScript => ({
    ...scripts.get(wanted.name),
    ...(wanted.trigger.kind === 'check'
      ? { check: { digest: wanted.digest, exitCode: pc.effects.has(wanted.name) ? 0 : 1, output: '' } }
      : {}),
  })

  /** What the change does, at the instant when it is done; the reason if it fails. */
  const effect = (change: Change, machine: DesiredMachine): Reason | undefined => {
    switch (change.facet) {
      case 'packages':
        return changePackage(pc, archive, change)
      case 'scripts': {
        const wanted = machine.profile.scripts.get(change.item)
        if (!wanted) return unknownScript
        return runScript(wanted) === 0 ? undefined : scriptFailed
      }
      case 'identity':
        if (change.item === 'hostname') pc.hostname = change.to
        else pc.authorizedKeys = [...new Set([...pc.authorizedKeys, ...change.to])]
        return undefined
      case 'power':
        return undefined
      case 'disk':
      case 'reset':
        throw new Error('a disk is written by the imager, not by its own system')
    }
  }

  /** The disk holds the image and nothing else: what was installed, set or remembered on it is gone. */
  const systemOf = (manifest: string, machine: DesiredMachine): void => {
    pc.installed.clear()
    for (const [name, version] of Object.entries(parts.images?.[manifest] ?? {}))
      pc.installed.set(name, version)
    pc.held.clear()
    pc.effects.clear()
    scripts.clear()
    runs.length = 0
    pc.hostname = machine.name
    pc.authorizedKeys = machine.profile.identity.authorizedKeys ?? []
    pc.hostKeyChanged = false
  }

  const image = createImager({
    clock,
    random,
    disk,
    era: () => era,
    enter: () => {
      // Woken, or restarted: whoever sat there is logged out.
      start()
      pc.sessions = []
      imaging = true
    },
    leave: () => {
      imaging = false
      start()
    },
    written: systemOf,
  })

  const pc: SimulatedPc = {
    id,
    installed: new Map(Object.entries(parts.installed ?? {})),
    held: new Set(),
    hostname: id.slice(id.indexOf('/') + 1),
    authorizedKeys: [],
    sessions: [],
    effects: new Set(),
    exitCodes: new Map(),
    runs,
    record,
    disk,
    inImager: () => on && (imaging || !disk.starts()),
    image,
    hostKeyChanged: false,
    wakeable: true,
    isOn: () => on,
    era: () => era,
    powerOn,
    powerOff,
    facts: (machine) =>
      withRunning(record.running(), {
        at: clock.now(),
        bootId: bootId(),
        bootedAt,
        clockSkewMs: 0,
        os: { id: 'debian', version: '12', name: 'Debian GNU/Linux 12', kernel: '6.1.0', arch: 'x86_64' },
        hardware: {
          vendor: 'Simulated',
          cpus: 4,
          memoryBytes: 8 * 2 ** 30,
          firmware: 'uefi',
          macs: [machine.mac],
          disks: [{ name: 'sda', sizeBytes: 256e9, rotational: false }],
          rootFreeBytes: 100e9,
        },
        sessions: pc.sessions,
        rebootPending: false,
        packages: observePackages(pc, archive, machine),
        scripts: new Map(
          [...machine.profile.scripts.values()].map((wanted) => [wanted.name, observeScript(wanted)]),
        ),
        identity: { hostname: pc.hostname, authorizedKeys: pc.authorizedKeys },
      }),
    make: async (change, machine, killed) => {
      const begun = clock.now()
      const before = era
      await clock.sleep(Math.round(between(random, 500, 20_000)))
      if (era !== before || killed()) return undefined
      // Its record was written before it went down, so that the action goes on where it was.
      if (change.facet === 'power' && change.item === 'reboot') {
        pc.sessions = []
        start()
      }
      const reason = effect(change, machine)
      const done = { change, output: reason?.detail ?? '', durationMs: clock.now() - begun }
      return reason
        ? { ...done, ok: false, exitCode: 1, class: 'retry', reason }
        : { ...done, ok: true, exitCode: 0 }
    },
  }
  return pc
}

const withRunning = (running: ActionId | undefined, facts: Facts): Facts =>
  running === undefined ? facts : { ...facts, running }

const changePackage = (
  pc: SimulatedPc,
  archive: Archive,
  change: Extract<Change, { facet: 'packages' }>,
): Reason | undefined => {
  const { source, to } = change
  switch (change.operation) {
    case 'hold':
      pc.held.add(source)
      return undefined
    case 'unhold':
      pc.held.delete(source)
      return undefined
    case 'remove':
      pc.installed.delete(source)
      return undefined
    case 'install':
    case 'upgrade':
    case 'downgrade': {
      const version = to === null ? undefined : resolveVersion(archive, source, to)
      if (version === undefined || archive.failing.has(source)) return packageFailed(source)
      pc.installed.set(source, version)
      if (change.hold === true) pc.held.add(source)
      return undefined
    }
  }
}

const observePackages = (pc: SimulatedPc, archive: Archive, machine: DesiredMachine): ObservedPackages => {
  const installed = new Map([...pc.installed].sort(([a], [b]) => (a < b ? -1 : 1)))
  const lines = [...installed].map(([name, version]) => `${name}=${version}\n`).join('')
  const candidates = new Map<string, string>()
  for (const { source } of machine.profile.packages.values()) {
    const newest = source && archive.versions.get(source.name)?.at(-1)
    if (source && newest !== undefined) candidates.set(source.name, newest)
  }
  return {
    digest: `sha256:${createHash('sha256').update(lines).digest('hex')}` as Digest,
    installed,
    held: new Set(pc.held),
    broken: [],
    candidates,
  }
}

const packageFailed = (source: string): Reason => ({
  code: 'package-failed',
  message: say(
    `The package ${source} could not be installed.`,
    `Le paquet ${source} n’a pas pu être installé.`,
  ),
  detail: `E: ${source}: post-installation script returned error exit status 1`,
})

const scriptFailed: Reason = {
  code: 'script-failed',
  message: say('The script failed.', 'Le script a échoué.'),
  detail: 'exit 1',
}

const unknownScript: Reason = {
  code: 'script-unknown',
  message: say('The script is not in the specs.', 'Le script ne figure pas dans les spécifications.'),
}
