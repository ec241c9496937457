/** A PC in memory. What it does takes virtual time, and a power cut at any instant leaves it as far as it was. */
import type { Change } from '../../reconciler/model/change.ts'
import type { Digest, Instant, MachineId, ScriptName } from '../../reconciler/model/ids.ts'
import type { Facts, Session } from '../../reconciler/model/observed.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Random } from '../../reconciler/ports.ts'
import type { DesiredMachine, WantedScript } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { Archive } from './archive.ts'
import { SimulatedDisk } from './disk.ts'
import { hardwareOf, type PcModel, plainModel } from './hardware.ts'
import { createImager, type Imager } from './imager.ts'
import { guessedPace, type Pace, type Stint } from './pace.ts'
import { PcPackages } from './pc-packages.ts'
import { PcScripts, type ScriptRun } from './pc-scripts.ts'
import { PcRecord } from './record.ts'

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

export class SimulatedPc {
  readonly id: MachineId
  readonly model: PcModel
  readonly record = new PcRecord()
  readonly disk = new SimulatedDisk()
  hostname: string
  authorizedKeys: readonly string[] = []
  sessions: readonly Session[] = []
  hostKeyChanged = false
  /** Whether a magic packet turns it on. */
  wakeable = true
  diskFull = false
  /** Its own clock less the true time. */
  clockSkewMs = 0
  readonly #clock: Clock
  readonly #images: PcParts['images']
  readonly #boots: PcParts['boots']
  readonly #pace: Pace
  readonly #packages: PcPackages
  readonly #scripts: PcScripts
  #on: boolean
  #era = 1
  #boot = 1
  #bootedAt: Instant
  #imaging = false
  #stint: Stint | undefined

  constructor(parts: PcParts) {
    const { id, clock, random, archive, model = plainModel } = parts
    this.id = id
    this.model = model
    this.hostname = id.slice(id.indexOf('/') + 1)
    this.#clock = clock
    this.#images = parts.images
    this.#boots = parts.boots
    this.#pace = parts.pace ?? guessedPace(clock, random)
    this.#packages = new PcPackages(archive, parts.installed ?? {})
    this.#scripts = new PcScripts(parts.brokenScripts ?? noScripts)
    this.#on = parts.on ?? true
    this.#bootedAt = clock.now()
  }

  get installed(): Map<string, string> {
    return this.#packages.installed
  }

  get held(): Set<string> {
    return this.#packages.held
  }

  get effects(): PcScripts['effects'] {
    return this.#scripts.effects
  }

  get exitCodes(): PcScripts['exitCodes'] {
    return this.#scripts.exitCodes
  }

  get runs(): readonly ScriptRun[] {
    return this.#scripts.runs
  }

  /** The version of a script that succeeded last since the disk was written. */
  succeeded(script: ScriptName): Digest | undefined {
    return this.#scripts.succeeded(script)
  }

  /** What a script's check would say. */
  passes(wanted: WantedScript): boolean {
    return this.#scripts.passes(wanted)
  }

  /** On, but in the imager: its disk has no system that could start, or somebody works on it. */
  inImager(): boolean {
    return this.#on && (this.#imaging || !this.disk.starts())
  }

  /** Its system does not come up: it is on, and nothing answers. */
  hangs(): boolean {
    const { content, state } = this.disk
    if (!this.#on || this.#imaging || content !== 'ours') return false
    return !(this.#boots?.(state?.manifest ?? '', this.model) ?? true)
  }

  isOn(): boolean {
    return this.#on
  }

  /** Changes with each boot and each power cut: what began before is over. */
  era(): number {
    return this.#era
  }

  powerOn(): void {
    if (!this.#on) this.#start()
  }

  powerOff(): void {
    if (!this.#on) return
    this.#on = false
    this.#imaging = false
    this.#era += 1
    this.sessions = []
    this.#stint?.stop()
    this.record.interrupt()
  }

  /** Makes it as the spec wants it, as if it had been so for long. */
  settle(machine: DesiredMachine): void {
    const { profile } = machine
    const now = this.#clock.now()
    this.#packages.settle(profile)
    this.#scripts.settle(profile, this.#on ? this.#bootId() : undefined, now)
    this.hostname = machine.name
    this.authorizedKeys = profile.identity.authorizedKeys ?? []
    if (profile.disk?.manifest !== undefined) this.disk.settle(profile.disk, now)
  }

  facts(machine: DesiredMachine): Facts {
    const running = this.record.running()
    return {
      at: this.#clock.now(),
      bootId: this.#bootId(),
      bootedAt: this.#bootedAt,
      clockSkewMs: this.clockSkewMs,
      os: debian,
      hardware: hardwareOf(this.model, machine.mac, this.diskFull ? 0 : 100e9),
      sessions: this.sessions,
      rebootPending: false,
      packages: this.#packages.observe(machine),
      scripts: this.#scripts.observe(machine.profile),
      identity: { hostname: this.hostname, authorizedKeys: this.authorizedKeys },
      ...(running === undefined ? {} : { running }),
    }
  }

  /** One change of its disk, by the imager: see there. */
  image(...[change, action, machine, killed]: Parameters<Imager>): ReturnType<Imager> {
    const work = createImager({
      clock: this.#clock,
      pace: this.#pace,
      disk: this.disk,
      era: () => this.#era,
      spend: (stint) => this.#spend(stint),
      enter: () => {
        // Woken, or restarted: whoever sat there is logged out.
        this.#start()
        this.sessions = []
        this.#imaging = true
      },
      leave: () => {
        this.#imaging = false
        this.#start()
      },
      written: (manifest, of) => this.#becomeImage(manifest, of),
    })
    return work(change, action, machine, killed)
  }

  /** Makes one change; undefined, and no effect, if the power went first or what ran was `killed`: a kill takes the step with it. */
  async make(
    change: Change,
    machine: DesiredMachine,
    killed: () => boolean,
  ): Promise<StepResult | undefined> {
    const begun = this.#clock.now()
    const before = this.#era
    await this.#spend(this.#pace.change(change))
    if (this.#era !== before || killed()) return undefined
    // Its record was written before it went down, so that the action goes on where it was.
    if (change.facet === 'power' && change.item === 'reboot') {
      this.sessions = []
      this.#start()
    }
    const reason = this.#effect(change, machine)
    const done = { change, output: reason?.detail ?? '', durationMs: this.#clock.now() - begun }
    return reason
      ? { ...done, ok: false, exitCode: 1, class: 'retry', reason }
      : { ...done, ok: true, exitCode: 0 }
  }

  #bootId(): string {
    return `${this.id}#${this.#boot}`
  }

  #start(): void {
    this.#on = true
    this.#era += 1
    this.#boot += 1
    this.#bootedAt = this.#clock.now()
  }

  async #spend(work: Stint): Promise<void> {
    this.#stint = work
    await work.over
    if (this.#stint === work) this.#stint = undefined
  }

  /** What the change does, at the instant when it is done; the reason if it fails. */
  #effect(change: Change, machine: DesiredMachine): Reason | undefined {
    switch (change.facet) {
      case 'packages':
        return this.#packages.change(change, this.diskFull)
      case 'scripts': {
        const wanted = machine.profile.scripts.get(change.item)
        if (!wanted) return unknownScript
        const exitCode = this.#scripts.run(wanted, this.#bootId(), this.#clock.now())
        return exitCode === 0 ? undefined : scriptFailed
      }
      case 'identity':
        if (change.item === 'hostname') this.hostname = change.to
        else this.authorizedKeys = [...new Set([...this.authorizedKeys, ...change.to])]
        return undefined
      case 'power':
        return undefined
      case 'disk':
      case 'reset':
        throw new Error('a disk is written by the imager, not by its own system')
    }
  }

  /** The disk holds the image and nothing else: what was installed, set or remembered on it is gone. */
  #becomeImage(manifest: string, machine: DesiredMachine): void {
    this.#packages.replace(this.#images?.[manifest] ?? {})
    this.#scripts.forget()
    this.hostname = machine.name
    this.authorizedKeys = machine.profile.identity.authorizedKeys ?? []
    this.hostKeyChanged = false
    this.diskFull = false
  }
}

const debian: Facts['os'] = {
  id: 'debian',
  version: '12',
  name: 'Debian GNU/Linux 12',
  kernel: '6.1.0',
  arch: 'x86_64',
}

const noScripts: ReadonlySet<Digest> = new Set()

const scriptFailed: Reason = {
  code: 'script-failed',
  message: say('The script failed.', 'Le script a échoué.'),
  detail: 'exit 1',
}

const unknownScript: Reason = {
  code: 'script-unknown',
  message: say('The script is not in the specs.', 'Le script ne figure pas dans les spécifications.'),
}
