/** A PC in memory. What it does takes virtual time, and a power cut at any instant leaves it as far as it was. */
import type { Change } from '../../reconciler/model/change.ts'
import type { ActionId, Digest, MachineId, ScriptName } from '../../reconciler/model/ids.ts'
import type { Facts, Session } from '../../reconciler/model/observed.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Random } from '../../reconciler/ports.ts'
import type { DesiredMachine, WantedScript } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { Archive } from './archive.ts'
import { createDisk, type DiskTools } from './disk.ts'
import { hardwareOf, type PcModel, plainModel } from './hardware.ts'
import { createImager, type Imager } from './imager.ts'
import { guessedPace, type Pace, type Stint } from './pace.ts'
import { createPackages } from './pc-packages.ts'
import { createScripts, type ScriptRun } from './pc-scripts.ts'
import { createRecord, type PcRecord } from './record.ts'

export type SimulatedPc = {
  readonly id: MachineId
  readonly model: PcModel
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
  /** The version of a script that succeeded last since the disk was written. */
  succeeded(script: ScriptName): Digest | undefined
  /** What a script's check would say. */
  passes(wanted: WantedScript): boolean
  readonly record: PcRecord
  readonly disk: DiskTools
  /** On, but in the imager: its disk has no system that could start, or somebody works on it. */
  inImager(): boolean
  /** Its system does not come up: it is on, and nothing answers. */
  hangs(): boolean
  hostKeyChanged: boolean
  /** Whether a magic packet turns it on. */
  wakeable: boolean
  diskFull: boolean
  /** Its own clock less the true time. */
  clockSkewMs: number
  readonly isOn: () => boolean
  /** Changes with each boot and each power cut: what began before is over. */
  readonly era: () => number
  powerOn(): void
  powerOff(): void
  /** Makes it as the spec wants it, as if it had been so for long. */
  settle(machine: DesiredMachine): void
  facts(machine: DesiredMachine): Facts
  readonly image: Imager
  /** Makes one change; undefined, and no effect, if the power went first or what ran was `killed`: a kill takes the step with it. */
  make(change: Change, machine: DesiredMachine, killed: () => boolean): Promise<StepResult | undefined>
}

export type PcParts = {
  readonly id: MachineId
  readonly clock: Clock
  readonly random: Random
  readonly archive: Archive
  readonly model?: PcModel
  readonly pace?: Pace
  readonly installed?: Readonly<Record<string, string>>
  /** Packages in each image, by manifest. */
  readonly images?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Whether an image's system comes up on this hardware; it does, unless said otherwise. */
  readonly boots?: (manifest: string, model: PcModel) => boolean
  /** Versions of scripts that fail wherever they run. */
  readonly brokenScripts?: ReadonlySet<Digest>
  readonly on?: boolean
}

export const createPc = (parts: PcParts): SimulatedPc => {
  const { id, clock, random, archive, model = plainModel } = parts
  const pace = parts.pace ?? guessedPace(clock, random)
  const packages = createPackages(archive, parts.installed ?? {})
  const scripts = createScripts(parts.brokenScripts ?? noScripts)
  const record = createRecord()
  const disk = createDisk()
  let on = parts.on ?? true
  let era = 1
  let boot = 1
  let bootedAt = clock.now()
  let imaging = false
  let stint: Stint | undefined
  const bootId = () => `${id}#${boot}`

  const powerOff = (): void => {
    if (!on) return
    on = false
    imaging = false
    era += 1
    pc.sessions = []
    stint?.stop()
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
  const spend = async (work: Stint): Promise<void> => {
    stint = work
    await work.over
  }

  /** What the change does, at the instant when it is done; the reason if it fails. */
  const effect = (change: Change, machine: DesiredMachine): Reason | undefined => {
    switch (change.facet) {
      case 'packages':
        return packages.change(change, pc.diskFull)
      case 'scripts': {
        const wanted = machine.profile.scripts.get(change.item)
        if (!wanted) return unknownScript
        return scripts.run(wanted, bootId(), clock.now()) === 0 ? undefined : scriptFailed
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
    packages.replace(parts.images?.[manifest] ?? {})
    scripts.forget()
    pc.hostname = machine.name
    pc.authorizedKeys = machine.profile.identity.authorizedKeys ?? []
    pc.hostKeyChanged = false
    pc.diskFull = false
  }

  const image = createImager({
    clock,
    pace,
    disk,
    era: () => era,
    spend,
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
    model,
    installed: packages.installed,
    held: packages.held,
    hostname: id.slice(id.indexOf('/') + 1),
    authorizedKeys: [],
    sessions: [],
    effects: scripts.effects,
    exitCodes: scripts.exitCodes,
    runs: scripts.runs,
    succeeded: scripts.succeeded,
    passes: scripts.passes,
    record,
    disk,
    inImager: () => on && (imaging || !disk.starts()),
    hangs: () => {
      const { content, state } = disk
      return on && !imaging && content === 'ours' && !(parts.boots?.(state?.manifest ?? '', model) ?? true)
    },
    image,
    hostKeyChanged: false,
    wakeable: true,
    diskFull: false,
    clockSkewMs: 0,
    isOn: () => on,
    era: () => era,
    powerOn,
    powerOff,
    settle: (machine) => {
      const { profile } = machine
      packages.settle(profile)
      scripts.settle(profile, bootId(), clock.now())
      pc.hostname = machine.name
      pc.authorizedKeys = profile.identity.authorizedKeys ?? []
      if (profile.disk?.manifest !== undefined) disk.settle(profile.disk, clock.now())
    },
    facts: (machine) =>
      withRunning(record.running(), {
        at: clock.now(),
        bootId: bootId(),
        bootedAt,
        clockSkewMs: pc.clockSkewMs,
        os: debian,
        hardware: hardwareOf(model, machine.mac, pc.diskFull ? 0 : 100e9),
        sessions: pc.sessions,
        rebootPending: false,
        packages: packages.observe(machine),
        scripts: scripts.observe(machine.profile),
        identity: { hostname: pc.hostname, authorizedKeys: pc.authorizedKeys },
      }),
    make: async (change, machine, killed) => {
      const begun = clock.now()
      const before = era
      await spend(pace.change(change))
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

const debian: Facts['os'] = {
  id: 'debian',
  version: '12',
  name: 'Debian GNU/Linux 12',
  kernel: '6.1.0',
  arch: 'x86_64',
}

const noScripts: ReadonlySet<Digest> = new Set()

const withRunning = (running: ActionId | undefined, facts: Facts): Facts =>
  running === undefined ? facts : { ...facts, running }

const scriptFailed: Reason = {
  code: 'script-failed',
  message: say('The script failed.', 'Le script a échoué.'),
  detail: 'exit 1',
}

const unknownScript: Reason = {
  code: 'script-unknown',
  message: say('The script is not in the specs.', 'Le script ne figure pas dans les spécifications.'),
}
