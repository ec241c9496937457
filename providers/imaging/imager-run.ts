/** From an order at the desk to the imager's last word: brings the PC into the imager, and follows what it does there. */
import type { Done, Progress as ImagerProgress, Work } from '../../imaging/protocol.ts'
import type { DiskProgress, Outcome } from '../../reconciler/model/outcome.ts'
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Provider } from '../../reconciler/ports.ts'
import { createComing } from './coming.ts'
import type { DiskLimits, DiskParts } from './disk-parts.ts'
import { fellSilent, letGo, outOfTime } from './disk-reasons.ts'
import type { ImagerChange } from './work.ts'

export type Problem = { readonly class: FailureClass; readonly reason: Reason }

export type Ended =
  | { readonly kind: 'done'; readonly done: Done }
  /** Its own system runs already and says that this very job was done: the message was for a process that is no more. */
  | { readonly kind: 'found-done' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  /** The PC itself refused to be restarted: that is the action's outcome. */
  | { readonly kind: 'outcome'; readonly outcome: Outcome }

export async function runImager(
  parts: DiskParts,
  limits: DiskLimits,
  work: Work,
  change: ImagerChange,
  asked: Parameters<Provider['apply']>,
): Promise<Ended> {
  const { desk } = parts
  const [action, machine, , desired, , signal] = asked
  const { id, fence } = action
  desk.post({ id, machine: machine.id, mac: machine.mac, fence, locale: desired.park.locale, work })
  try {
    return await follow(parts, limits, work, change, asked)
  } finally {
    // Whoever joins the action after us posts it again; for anybody else it must not lie there.
    if (!signal.aborted) desk.withdraw(id)
  }
}

/** As long as the imager is not on the line, step by step towards it; while it is, what it says is passed on. */
async function follow(
  parts: DiskParts,
  limits: DiskLimits,
  work: Work,
  change: ImagerChange,
  asked: Parameters<Provider['apply']>,
): Promise<Ended> {
  const { desk, clock } = parts
  const [action, machine, , , report, signal] = asked
  const coming = createComing(parts, limits, work, change, asked)
  let hereAt = clock.now()
  for (;;) {
    const { done, progress, heardAt } = desk.order(action.id)
    if (done !== undefined) return { kind: 'done', done }
    if (signal.aborted) return failed('wait', letGo(machine.id))
    const now = clock.now()
    if (now > action.deadline) return failed('wait', outOfTime(machine.id))
    const here = desk.session(machine.mac) !== undefined
    report({
      step: change,
      done: 0,
      total: action.changes.length,
      disk: shown(here ? progress : undefined),
    })
    if (here) {
      hereAt = now
      await desk.changed(machine.mac, limits.lookEveryMs, signal)
      continue
    }
    const silentMs = now - hereAt
    if (silentMs > limits.patienceMs) {
      const begun = heardAt !== undefined
      return failed('wait', begun ? fellSilent(machine.id, silentMs) : coming.whyNot(silentMs))
    }
    const ended = await coming.step()
    if (ended !== undefined) return ended
  }
}

const failed = (kind: FailureClass, reason: Reason): Ended => ({
  kind: 'failed',
  problem: { class: kind, reason },
})

const shown = (progress: ImagerProgress | undefined): DiskProgress => ({
  phase: progress?.phase ?? 'coming',
  ...(progress?.partition === undefined ? {} : { partition: progress.partition }),
  readBytes: progress?.read ?? 0,
  totalBytes: progress?.total ?? 0,
  fetchedBytes: progress?.fetched ?? 0,
  writtenBytes: progress?.written ?? 0,
  bytesPerSecond: progress?.rate ?? 0,
  ...(progress?.leftMs === undefined ? {} : { leftMs: progress.leftMs }),
})
