import type { ActionId, Instant } from '../../reconciler/model/ids.ts'
import type { StepResult } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import type { ImagerChange, SimulatedDisk } from './disk.ts'
import type { Pace, Stint } from './pace.ts'

export type ImagerParts = {
  readonly clock: Clock
  readonly pace: Pace
  readonly disk: SimulatedDisk
  readonly era: () => number
  /** Work that ends with the power. */
  readonly spend: (work: Stint) => Promise<void>
  readonly enter: () => void
  /** The PC starts its own system. */
  readonly leave: () => void
  /** The disk has this image now. */
  readonly written: (manifest: string, machine: DesiredMachine) => void
}

/** One change of a disk; undefined if the power went first or what ran was `killed`: a disk that was being written is then torn. */
export type Imager = (
  change: ImagerChange,
  action: ActionId,
  machine: DesiredMachine,
  killed: () => boolean,
) => Promise<StepResult | undefined>

export const createImager =
  ({ clock, pace, disk, era, spend, enter, leave, written }: ImagerParts): Imager =>
  async (change, action, machine, killed) => {
    const begun = clock.now()
    enter()
    const before = era()
    /** False: the power went. */
    const goesOn = async (work: Promise<void>): Promise<boolean> => {
      await work
      return era() === before && !killed()
    }
    const ended = (problem?: Pick<StepResult, 'class' | 'reason'>): StepResult => {
      leave()
      const durationMs = clock.now() - begun
      const fetchedBytes = change.facet === 'disk' ? (change.bytes ?? 0) : 0
      return { change, ok: problem === undefined, output: '', durationMs, fetchedBytes, ...problem }
    }
    if (!(await goesOn(clock.sleep(pace.imagerStartMs())))) return undefined
    if (disk.refusal) return ended({ class: disk.refusal.class, reason: said(disk.refusal.code) })
    // What is equal already is read, and not written.
    const isEqual = change.facet === 'disk' && writes(change) && disk.equals(change)
    const write = writes(change) && !isEqual ? disk.begin(action, change) : undefined
    if (!(await goesOn(spend(pace.imaging(change))))) return undefined
    finish(clock.now())
    if (!(await goesOn(clock.sleep(pace.imagerEndMs())))) return undefined
    return ended()

    function finish(at: Instant): void {
      if (write) {
        disk.finish(write, change, at)
        written(change.to, machine)
      } else if (isEqual) disk.note(action, change, at)
      else disk.verify(at)
    }
  }

const writes = (change: ImagerChange): boolean =>
  change.facet === 'reset' || (change.operation !== 'verify' && change.operation !== 'capture')

const said = (code: string): Reason => ({
  code,
  message: say('The imager could not write the disk.', 'L’imageur n’a pas pu écrire le disque.'),
})
