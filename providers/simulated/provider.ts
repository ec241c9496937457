/** A Provider over PCs in memory, with seeded faults: what the loop is tested against on a virtual clock. */
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Outcome, Progress } from '../../reconciler/model/outcome.ts'
import type { Action, FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Provider, Random } from '../../reconciler/ports.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { type Faults, noFaults } from './faults.ts'
import type { SimulatedPc } from './pc.ts'
import { isImagerChange, runOnPc } from './pc-run.ts'
import { between } from './random.ts'
import { asleep, busy, didNotCome, interrupted, keyChanged, lost, off, refused, tooLate } from './reasons.ts'
import type { Witness } from './witness.ts'

export type SimulatedParts = {
  readonly clock: Clock
  readonly random: Random
  readonly pcs: ReadonlyMap<MachineId, SimulatedPc>
  /** Asked at each connection, so that a test can break the world and heal it. */
  readonly faults?: () => Faults
  readonly observer?: string
  /** Whether the lycée of this PC can be reached at all; else it looks as if everything there were off. */
  readonly connected?: (machine: MachineId) => boolean
  /** Another PC with the same MAC address: packets for the one reach the other. */
  readonly doubleOf?: (machine: MachineId) => MachineId | undefined
  readonly witness?: Witness
  /** A PC has started that nobody had called. */
  readonly onStart?: (machine: MachineId) => void
  /** Milliseconds until a PC, or nobody, has answered. */
  readonly answersIn?: () => number
}

/** As a PC's own record names it. */
const refusal = { 'fence-older': 'fence-older', 'fence-content': 'fence-conflict' } as const

/** Longer than any caller waits. */
const foreverMs = 365 * 24 * 3_600_000

/** An order that the network holds back arrives within this time, and one that it doubles again. */
const delayedMs = 10 * 60_000

export const createSimulatedProvider = (parts: SimulatedParts): Provider => {
  const { clock, random, pcs, witness } = parts
  const answersIn = parts.answersIn ?? (() => Math.round(between(random, 20, 900)))
  const chance = (kind: keyof Faults): boolean => {
    const probability = (parts.faults?.() ?? noFaults)[kind]
    return probability !== undefined && random() < probability
  }

  const pcOf = (id: MachineId): SimulatedPc => {
    const pc = pcs.get(id)
    if (!pc) throw new Error(`there is no simulated PC ${id}`)
    return pc
  }

  const doubleOf = (pc: SimulatedPc): SimulatedPc | undefined => {
    const other = parts.doubleOf?.(pc.id)
    return other === undefined ? undefined : pcOf(other)
  }

  const isConnected = (pc: SimulatedPc): boolean => parts.connected?.(pc.id) ?? true

  /** Undefined once connected; else why not. */
  const connect = async (pc: SimulatedPc, signal: AbortSignal): Promise<Reason | undefined> => {
    await clock.sleep(answersIn(), signal)
    if (chance('hang')) await clock.sleep(foreverMs, signal)
    if (signal.aborted) return lost
    if (!isConnected(pc) || !pc.isOn() || pc.hangs()) return off
    if (pc.inImager()) return chance('connect') ? lost : undefined
    // Of two with one address, now this one answers and now the other.
    if (pc.hostKeyChanged || (doubleOf(pc)?.isOn() && random() < 0.5)) return keyChanged
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
    if (trouble === undefined && chance('slow')) {
      const era = pc.era()
      await clock.sleep(Math.round(between(random, 5_000, 55_000)), signal)
      if (signal.aborted || pc.era() !== era) return seen('silent', [lost])
    }
    if (trouble) return seen('silent', [trouble])
    if (pc.inImager()) return { ...seen('imager', []), disk: pc.disk.observe(clock.now(), 'imager') }
    witness?.({ kind: 'answered', machine: machine.id, at: clock.now() })
    const up = { ...seen('up', []), facts: pc.facts(machine) }
    return machine.profile.disk === undefined ? up : { ...up, disk: pc.disk.observe(clock.now(), 'system') }
  }

  const apply: Provider['apply'] = async (action, machine, _site, _desired, report, signal) => {
    const pc = pcOf(machine.id)
    const sentAt = clock.now()
    if (action.changes.some((change) => change.facet === 'power' && change.item === 'wake'))
      return wake(pc, action, signal)
    const trouble = await connect(pc, signal)
    const isCalled = action.changes.some(isImagerChange) && trouble === off
    // One that is off is woken into the imager, one without a system that starts is there already.
    const comes = isCalled && pc.wakeable && isConnected(pc)
    if (isCalled && !comes) {
      await clock.sleep(pc.model.bootMs, signal)
      return failed('wait', didNotCome)
    }
    if (trouble && !comes) return failed(trouble === keyChanged ? 'terminal' : 'wait', trouble)
    const order: Order = { pc, action, machine, sentAt, report }
    if (chance('late')) {
      void deliverLater(order)
      return failed('wait', lost)
    }
    const delivered = deliver(order)
    if (chance('double')) void deliverLater(order)
    switch (delivered.kind) {
      case 'refused':
        return delivered
      case 'late':
        return failed('wait', tooLate)
      case 'busy':
        return failed('wait', busy)
      case 'joined':
        return follow(delivered.outcome, signal)
      case 'started':
        return chance('lose') || chance('cut') ? breakOff(pc, action) : follow(delivered.outcome, signal)
    }
  }

  type Order = {
    readonly pc: SimulatedPc
    readonly action: Action
    readonly machine: DesiredMachine
    readonly sentAt: number
    readonly report: (progress: Progress) => void
  }
  type Delivered =
    | Extract<Outcome, { kind: 'refused' }>
    | { readonly kind: 'late' | 'busy' }
    | { readonly kind: 'joined' | 'started'; readonly outcome: Promise<Outcome | undefined> }

  /** The order is there. */
  const deliver = ({ pc, action, machine, sentAt, report }: Order): Delivered => {
    const known = pc.record.outcome(action)
    if (!known && clock.now() > action.deadline) return { kind: 'late' }
    const sessions = pc.sessions.length
    const admission = pc.record.admit(action, clock.now())
    switch (admission.kind) {
      case 'fence-older':
      case 'fence-content':
        return { kind: 'refused', reason: refused(refusal[admission.kind]), at: clock.now() }
      case 'busy':
        return { kind: 'busy' }
      case 'joined':
        return admission
      case 'started': {
        const outcome = pc.record.outcome(action)
        if (!outcome) throw new Error('a started action has no record')
        witness?.({ kind: 'started', machine: pc.id, action, at: clock.now(), sentAt, sessions })
        void runOnPc(clock, pc, action, machine, report)
        if (!action.changes.some(isImagerChange)) void stopAtDeadline(pc, action)
        void outcome.then((ended) =>
          witness?.({ kind: 'ended', machine: pc.id, action, at: clock.now(), outcome: ended }),
        )
        return { kind: 'started', outcome }
      }
    }
  }

  /** A PC that went off meanwhile never sees it. */
  const deliverLater = async (order: Order): Promise<void> => {
    await clock.sleep(Math.round(between(random, 1_000, delayedMs)))
    if (isConnected(order.pc) && order.pc.isOn() && !order.pc.hangs()) deliver(order)
  }

  const stopAtDeadline = async (pc: SimulatedPc, action: Action): Promise<void> => {
    await clock.sleep(action.deadline - clock.now())
    if (pc.record.running() === action.id) pc.record.interrupt()
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

  /** Of the one that was called it is known. */
  const startBy = (called: SimulatedPc, pc: SimulatedPc): void => {
    pc.powerOn()
    if (pc !== called) parts.onStart?.(pc.id)
  }

  const wake = async (pc: SimulatedPc, action: Action, signal: AbortSignal): Promise<Outcome> => {
    const begun = clock.now()
    if (begun > action.deadline) return failed('wait', tooLate)
    const sessions = pc.sessions.length
    witness?.({ kind: 'started', machine: pc.id, action, at: begun, sentAt: begun, sessions })
    await clock.sleep(pc.model.bootMs, signal)
    if (isConnected(pc))
      for (const one of [pc, doubleOf(pc)]) if (one?.wakeable && !one.isOn()) startBy(pc, one)
    const woken = isConnected(pc) && pc.isOn() && !pc.hangs()
    const durationMs = clock.now() - begun
    const results = action.changes.map((change) => ({ change, ok: true, output: '', durationMs }))
    const outcome: Outcome = woken ? { kind: 'complete', results, at: clock.now() } : failed('wait', asleep)
    witness?.({ kind: 'ended', machine: pc.id, action, at: clock.now(), outcome })
    return outcome
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
