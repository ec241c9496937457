import type { Mac } from '../../reconciler/model/ids.ts'
import type { ImagerDesk } from './desk-port.ts'

type Parts = { readonly desk: Pick<ImagerDesk, 'session' | 'changed'> }

/** The desk tells of every hello; that a session ends by itself, nobody waits for here. */
const longMs = 60_000

/** Until the imager is on the line, or the signal aborts. True: it is. */
const arrivalOf = async ({ desk }: Parts, mac: Mac, signal: AbortSignal): Promise<boolean> => {
  for (;;) {
    if (desk.session(mac) !== undefined) return true
    if (signal.aborted) return false
    await desk.changed(mac, longMs, signal)
  }
}

export type Arrival<Result> =
  | { readonly kind: 'imager' }
  | { readonly kind: 'other'; readonly result: Result }

/** Whichever comes first: the imager, or the end of other work on the way there, which is told to stop when the imager is here. */
export const raceArrival = async <Result>(
  parts: Parts,
  mac: Mac,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Arrival<Result>> => {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const arriving = arrivalOf(parts, mac, either)
  const working = work(either)
  const first = await Promise.race([
    arriving.then((came) => (came ? ({ kind: 'imager' } as const) : undefined)),
    working.then((result) => ({ kind: 'other', result }) as const),
  ])
  stop.abort()
  const [result, came] = await Promise.all([working, arriving])
  return first ?? (came ? { kind: 'imager' } : { kind: 'other', result })
}
