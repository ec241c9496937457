/**
 * The loop: reads what is wanted and what is, decides, acts, and looks again, for ever.
 *
 * Level-triggered: whatever wakes it (a file, an outcome, a timer) says only *that* something may have happened. What is to be
 * done is decided each time from the desired state and the observations in the store, so that nothing is lost with a missed
 * event, a crash or a second loop on the same store. Looks and actions go on beside the turns and never hold one up.
 */
import { say } from '../../specs/text.ts'
import type { Instant, MachineId } from '../model/ids.ts'
import type { Plan } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import { StoreError } from '../store/store-error.ts'
import { createBell } from './bell.ts'
import { createExecutor, type Ending, reasonOf } from './execute.ts'
import { createImageWait } from './image-wait.ts'
import { createLease } from './lease.ts'
import { type Loop, type LoopConfig, type LoopParts, settingsOf } from './loop-parts.ts'
import { createObserver } from './observe.ts'
import { createPatience } from './patience.ts'
import { createPlanning } from './planning.ts'
import { createRequestWatch } from './request-watch.ts'
import { isSettled, type Verdict } from './settled.ts'
import { createSteerer } from './steer.ts'
import { createTargeting, type Standing } from './target.ts'
import { wantedLooks } from './wanted-looks.ts'

export type { Loop, LoopConfig, LoopParts }

/** How long a stopping loop waits for its looks and actions to let go. */
const letGoMs = 15_000

/** `once` gives up with the store's error after so many failures in a row. */
const patienceOfOnce = 8

export const createLoop = (parts: LoopParts): Loop => {
  const { store, source, clock, owner, onProgress } = parts
  const settings = settingsOf(parts.config)
  const bell = createBell(clock)
  const patience = createPatience(parts)
  const targeting = createTargeting(parts, settings)
  const steerer = createSteerer(parts, settings, targeting)
  const planning = createPlanning(parts, settings)
  const observer = createObserver(parts, settings, (machine) => planning.inventory.get(machine), bell.ring)
  const ended: Ending = (machine, kind, at) => {
    if (kind === 'ended' || kind === 'outdated' || kind === 'refused') {
      planning.outdate(machine, at)
      observer.lookSince(machine, at)
    }
    if (kind === 'outdated' || kind === 'refused') loadDue = true
    steerer.mark('now')
    planning.mark(machine)
    bell.ring()
  }
  const executor = createExecutor(parts, settings, ended, (machine) => {
    observer.lookAfter(machine)
    bell.ring()
  })
  const requests = createRequestWatch(store, clock, settings.requestsEveryMs)
  const lease = settings.lease && createLease(store, clock, settings.lease.name, owner, settings.lease.ttlMs)
  let offerDue = true
  /** Somebody else has moved the target, or an action has shown so. */
  let loadDue = true
  let standby = false
  let latest: Plan | undefined
  let passAt: Instant = 0
  let touchAt: Instant = 0
  let collectAt: Instant = 0

  const touch = async (): Promise<void> => {
    if (clock.now() < touchAt) return
    await store.touchOwner(owner, clock.now())
    touchAt = clock.now() + settings.staleOwnerMs / 3
  }

  /** The source's trouble is not the park's: what was wanted last goes on being kept. */
  const offer = async (): Promise<void> => {
    offerDue = false
    try {
      await targeting.offer()
    } catch (thrown) {
      if (thrown instanceof StoreError) {
        offerDue = true
        throw thrown
      }
      onProgress?.({
        kind: 'trouble',
        reason: unreadable(thrown),
        retryAt: clock.now() + settings.passEveryMs,
      })
    }
  }

  const fullPass = async (signal: AbortSignal): Promise<void> => {
    passAt = clock.now() + settings.passEveryMs
    const standing = targeting.standing()
    if (standing) {
      await executor.takeOver(standing, signal)
      await steerer.refresh()
      latest = await planning.park(targeting.standing() ?? standing)
      steerer.mark()
      observer.schedule(standing, planning.inventory)
      await steerAndAct(latest, standing, signal)
      await collect()
    }
  }

  /** Brings the target up to date; true if it is another one than before. */
  const aim = async (passDue: boolean): Promise<boolean> => {
    const before = targeting.standing()?.target
    if (passDue || loadDue) await targeting.load()
    loadDue = false
    if (passDue || offerDue) await offer()
    return targeting.standing()?.target !== before
  }

  const collect = async (): Promise<void> => {
    if (clock.now() < collectAt) return
    collectAt = clock.now() + 3_600_000
    await store.collectGarbage(clock.now())
  }

  const act = (plan: Plan, standing: Standing, signal: AbortSignal): void => {
    for (const look of wantedLooks(plan, planning.inventory)) observer.lookBy(look.machine, look.at)
    executor.start(plan.decisions, standing, planning.inventory, signal)
  }

  /** A rollout that has to stop does so before anything more is started for it. */
  const steerAndAct = async (
    plan: Plan | undefined,
    standing: Standing,
    signal: AbortSignal,
  ): Promise<void> => {
    if (await steerer.step(planning)) passAt = 0
    else if (plan !== undefined) act(plan, standing, signal)
    if (targeting.candidate() !== undefined && targeting.standing()?.steering === undefined) offerDue = true
  }

  /** One round of read, decide, act. */
  const turn = async (signal: AbortSignal): Promise<void> => {
    observer.check()
    executor.check()
    await touch()
    await executor.record()
    standby = lease !== undefined && !(await lease.held())
    if (standby) return
    const seen = observer.seen()
    await planning.store(seen)
    observer.stored(seen)
    for (const machine of await requests.news()) {
      planning.mark(machine)
      observer.lookBy(machine, clock.now())
    }
    const passDue = clock.now() >= passAt
    const moved = await aim(passDue)
    const standing = targeting.standing()
    if (moved || passDue) await fullPass(signal)
    else if (standing) {
      if (clock.now() >= executor.nextTakeOverAt()) await executor.takeOver(standing, signal)
      const made = await planning.marked(standing)
      if (made !== undefined) steerer.mark()
      await steerAndAct(made, standing, signal)
    }
    if (standing) observer.fill(standing, executor.busy, signal)
  }

  const nextAt = (): Instant => {
    if (executor.unrecorded() > 0) return clock.now()
    if (standby) return Math.min(touchAt, clock.now() + (settings.lease?.ttlMs ?? 0) / 3)
    if (offerDue || loadDue || observer.seen().length > 0) return clock.now()
    const own = Math.min(passAt, touchAt, requests.nextAt())
    if (!targeting.standing()) return own
    return Math.min(own, planning.nextAt(), observer.nextAt(), executor.nextTakeOverAt(), steerer.nextAt())
  }

  const verdict = (): Verdict => {
    const now = clock.now()
    const quiet =
      !standby &&
      !offerDue &&
      !loadDue &&
      executor.size() === 0 &&
      observer.idle(now) &&
      !planning.dirty(now) &&
      !steerer.isDue()
    if (!quiet) return 'working'
    const standing = targeting.standing()
    if (!standing) return 'blocked'
    const looked = (machine: MachineId): boolean => {
      const seenAt = planning.inventory.get(machine)?.observedAt
      return seenAt !== undefined && seenAt > standing.target.at
    }
    const leaving = (machine: MachineId): boolean => {
      const seen = planning.inventory.get(machine)
      return seen?.reach === 'imager' && seen.disk?.state !== undefined
    }
    return isSettled(planning.decisions, now + settings.horizonMs, looked, leaving)
  }

  /** Takes turns until the signal aborts or `done` says so. */
  const drive = async (signal: AbortSignal, done: () => boolean, onTrouble: (error: StoreError) => void) => {
    const stopWatching = source.watch(() => {
      offerDue = true
      bell.ring()
    })
    signal.addEventListener('abort', bell.ring)
    try {
      while (!signal.aborted) {
        const waitMs = await attempt(signal, onTrouble)
        if (waitMs > 0) {
          await clock.sleep(waitMs, signal)
          continue
        }
        if (done()) return
        await bell.wait(nextAt() - clock.now())
        if (!signal.aborted) await clock.sleep(settings.gatherMs, signal)
      }
    } finally {
      signal.removeEventListener('abort', bell.ring)
      await stopWatching()
      await letGo()
    }
  }

  /** A turn, or how long to wait before the next because the store does not work. */
  const attempt = async (signal: AbortSignal, onTrouble: (error: StoreError) => void): Promise<number> => {
    try {
      await turn(signal)
      patience.reset()
      return 0
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown
      const waitMs = patience.next()
      onProgress?.({ kind: 'trouble', reason: reasonOf(thrown), retryAt: clock.now() + waitMs })
      onTrouble(thrown)
      return waitMs
    }
  }

  const letGo = async (): Promise<void> => {
    const enough = new AbortController()
    await Promise.race([
      Promise.all([executor.settled(), observer.settled()]),
      clock.sleep(letGoMs, enough.signal),
    ])
    enough.abort()
    try {
      await executor.record()
      const seen = observer.seen()
      await planning.store(seen)
      observer.stored(seen)
      await store.touchOwner(owner, 0)
      await lease?.release()
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown
      // The others find out by themselves, only later: this owner is not seen any more.
      onProgress?.({ kind: 'trouble', reason: reasonOf(thrown), retryAt: clock.now() })
    }
    observer.check()
    executor.check()
  }

  return {
    wake: () => {
      offerDue = true
      passAt = 0
      bell.ring()
    },
    look: (machine) => {
      observer.lookNow(machine)
      bell.ring()
    },
    pass: async (signal) => {
      passAt = 0
      await turn(signal)
      return latest
    },
    run: (signal) =>
      drive(
        signal,
        () => false,
        () => undefined,
      ),
    once: async (signal) => {
      let looksAsked = false
      const answers: Verdict[] = []
      const waitsFor = createImageWait(parts, settings, planning.decisions)
      await drive(
        signal,
        () => {
          if (!looksAsked && targeting.standing()) {
            looksAsked = true
            observer.lookAtAll()
            return false
          }
          const answer = verdict()
          if (answer === 'working' || waitsFor(answer)) return false
          answers.push(answer)
          return true
        },
        (error) => {
          if (patience.failures() >= patienceOfOnce) throw error
        },
      )
      return answers.includes('converged') ? 'converged' : 'blocked'
    },
  }
}

const unreadable = (thrown: unknown): Reason => ({
  code: 'source-unreadable',
  message: say(
    'The park’s files could not be read; what was wanted last stays in force.',
    'Les fichiers du parc n’ont pas pu être lus\u00a0; le dernier état souhaité reste en vigueur.',
  ),
  detail: thrown instanceof Error ? thrown.message : String(thrown),
})
