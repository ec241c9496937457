/** A Provider over PCs in memory, with seeded faults: what the loop is tested against on a virtual clock. */
import type { Change } from '../../reconciler/model/change.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Outcome, Progress, StepResult } from '../../reconciler/model/outcome.ts'
import type { Action, FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Provider, Random } from '../../reconciler/ports.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { ImagerChange } from './disk.ts'
import { type Faults, noFaults } from './faults.ts'
import type { SimulatedPc } from './pc.ts'
import { between } from './random.ts'

export type SimulatedParts = {
  readonly clock: Clock
  readonly random: Random
  readonly pcs: ReadonlyMap<MachineId, SimulatedPc>
  /** Asked at each connection, so that a test can break the world and heal it. */
  readonly faults?: () => Faults
  readonly observer?: string
}

/** Longer than any caller waits. */
const foreverMs = 365 * 24 * 3_600_000

/** From a magic packet to a login. */
const bootMs = 45_000

export const createSimulatedProvider = (parts: SimulatedParts): Provider => {
  const { clock, random, pcs } = parts
  const chance = (kind: keyof Faults): boolean => random() < (parts.faults?.() ?? noFaults)[kind]

  const pcOf = (id: MachineId): SimulatedPc => {
    const pc = pcs.get(id)
    if (!pc) throw new Error(`there is no simulated PC ${id}`)
    return pc
  }

  /** Undefined once connected; else why not. */
  const connect = async (pc: SimulatedPc, signal: AbortSignal): Promise<Reason | undefined> => {
    await clock.sleep(Math.round(between(random, 20, 900)), signal)
    if (chance('hang')) await clock.sleep(foreverMs, signal)
    if (signal.aborted) return lost
    if (!pc.isOn()) return off
    if (pc.inImager()) return chance('connect') ? lost : undefined
    if (pc.hostKeyChanged) return keyChanged
    return chance('connect') ? lost : undefined
  }

  const observe: Provider['observe'] = async (machine, _site, previous, signal) => {
    const pc = pcOf(machine.id)
    const trouble = await connect(pc, signal)
    const seen = (reach: Observed['reach'], errors: readonly Reason[]): Observed => ({
      machine: machine.id,
      observedAt: clock.now(),
      observer: parts.observer ?? 'simulated',
      reach,
      ...(previous?.facts ? { facts: previous.facts } : {}),
      ...(previous?.disk ? { disk: previous.disk } : {}),
      errors,
    })
    if (trouble === off) return seen('off', [])
    if (trouble) return seen('silent', [trouble])
    if (pc.inImager()) return { ...seen('imager', []), disk: pc.disk.observe(clock.now(), 'imager') }
    const up = { ...seen('up', []), facts: pc.facts(machine) }
    return machine.profile.disk === undefined ? up : { ...up, disk: pc.disk.observe(clock.now(), 'system') }
  }

  const apply: Provider['apply'] = async (action, machine, _site, _desired, report, signal) => {
    const pc = pcOf(machine.id)
    if (action.changes.some((change) => change.facet === 'power' && change.item === 'wake'))
      return wake(pc, action, signal)
    const imager = action.changes.find(isImagerChange)
    const trouble = await connect(pc, signal)
    // One that is off is woken into the imager, one without a system that starts is there already.
    const comes = imager !== undefined && trouble === off && pc.wakeable
    if (trouble && !comes) return failed(trouble === keyChanged ? 'terminal' : 'wait', trouble)
    const admission = pc.record.admit(action)
    switch (admission.kind) {
      case 'fence-older':
      case 'fence-content':
        return { kind: 'refused', reason: refused(admission.kind), at: clock.now() }
      case 'busy':
        return failed('wait', busy)
      case 'joined':
        return follow(admission.outcome, signal)
      case 'started': {
        void run(pc, action, machine, report)
        const outcome = pc.record.outcome(action.id)
        if (!outcome) throw new Error('a started action has no record')
        return chance('lose') || chance('cut') ? breakOff(pc, action) : follow(outcome, signal)
      }
    }
  }

  /** What the PC does by itself, whether anybody is connected or not. */
  const run = async (
    pc: SimulatedPc,
    action: Action,
    machine: DesiredMachine,
    report: (progress: Progress) => void,
  ): Promise<void> => {
    const era = pc.era()
    const wrong = wrongPrecondition(pc, action)
    const imager = action.changes.find(isImagerChange)
    if (imager !== undefined && !wrong) {
      const killed = () => pc.record.running() !== action.id
      const result = await pc.image(imager, action.id, machine, killed)
      if (result) pc.record.end(action.id, summary([result]))
      return
    }
    if (wrong) return pc.record.end(action.id, { kind: 'wrong-precondition', reason: wrong, at: clock.now() })
    if (action.warnMs !== undefined) await clock.sleep(action.warnMs)
    const results: StepResult[] = []
    const total = action.changes.length
    const killed = () => pc.record.running() !== action.id
    for (const change of action.changes) {
      if (killed()) return
      report({ step: change, done: results.length, total })
      const result = await pc.make(change, machine, killed)
      const restarted = change.facet === 'power'
      if (!result || (pc.era() !== era && !restarted)) return
      results.push(result)
    }
    pc.record.end(action.id, summary(results))
  }

  const summary = (results: readonly StepResult[]): Outcome => {
    const wrong = results.find((result) => !result.ok)
    const at = clock.now()
    if (!wrong) return { kind: 'complete', results, at }
    return { kind: 'failed', class: wrong.class ?? 'retry', reason: wrong.reason ?? interrupted, results, at }
  }

  const follow = async (ended: Promise<Outcome | undefined>, signal: AbortSignal): Promise<Outcome> => {
    const left = Promise.withResolvers<'left'>()
    const leave = () => left.resolve('left')
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    const outcome = await Promise.race([ended, left.promise])
    signal.removeEventListener('abort', leave)
    if (outcome === 'left') return failed('wait', lost)
    return outcome ?? failed('retry', interrupted)
  }

  /** The connection breaks at some instant; the action goes on, or is killed with it. */
  const breakOff = async (pc: SimulatedPc, action: Action): Promise<Outcome> => {
    await clock.sleep(Math.round(between(random, 0, 30_000)))
    if (chance('cut') && pc.record.running() === action.id) pc.record.interrupt()
    return failed('wait', lost)
  }

  const wake = async (pc: SimulatedPc, action: Action, signal: AbortSignal): Promise<Outcome> => {
    await clock.sleep(bootMs, signal)
    if (pc.wakeable) pc.powerOn()
    if (!pc.isOn()) return failed('wait', asleep)
    const results = action.changes.map((change) => ({ change, ok: true, output: '', durationMs: bootMs }))
    return { kind: 'complete', results, at: clock.now() }
  }

  const failed = (kind: FailureClass, reason: Reason): Outcome => ({
    kind: 'failed',
    class: kind,
    reason,
    results: [],
    at: clock.now(),
  })

  return { observe, apply }
}

const isImagerChange = (change: Change): change is ImagerChange =>
  change.facet === 'disk' || change.facet === 'reset'

const wrongPrecondition = (pc: SimulatedPc, action: Action): Reason | undefined => {
  if (action.expect.unoccupied && pc.sessions.length > 0) return occupied
  for (const [name, version] of Object.entries(action.expect.packages))
    if ((pc.installed.get(name) ?? null) !== version)
      return {
        code: 'wrong-precondition',
        message: say(
          `${name} is not as the plan assumed.`,
          `${name} n’est pas dans l’état prévu par le plan.`,
        ),
      }
  return undefined
}

const occupied: Reason = {
  code: 'occupied',
  message: say('Somebody has logged in.', 'Une session a été ouverte.'),
}

const off: Reason = { code: 'off', message: say('The PC is off.', 'Le poste est éteint.') }
const lost: Reason = {
  code: 'connection-lost',
  message: say('The connection broke.', 'La connexion a été coupée.'),
}
const asleep: Reason = {
  code: 'did-not-wake',
  message: say('The PC did not wake.', 'Le poste ne s’est pas réveillé.'),
}
const busy: Reason = {
  code: 'action-running',
  message: say('Another action runs on the PC.', 'Une autre opération est en cours sur le poste.'),
}
const interrupted: Reason = {
  code: 'interrupted',
  message: say('The action was cut off.', 'L’opération a été interrompue.'),
}
const keyChanged: Reason = {
  code: 'host-key-changed',
  message: say('The PC’s host key has changed.', 'La clé d’hôte du poste a changé.'),
}
const refused = (code: string): Reason => ({
  code,
  message: say('The PC obeys a newer target.', 'Le poste suit une cible plus récente.'),
})
