/** Why an operation of the engine ends before its end. Inside it travels as an exception; at the edge it becomes a value. */
import type { ImagerReason } from '../../imaging/protocol.ts'
import type { SourceFailure } from '../../imaging/source.ts'
import { say, type Text } from '../../specs/text.ts'
import { DiskFault } from './device.ts'

export type Place = { readonly device: string; readonly partition?: string; readonly byte?: number }

export type EngineFailure = {
  readonly ok: false
  /** `aborted`: the caller's signal. */
  readonly reason: ImagerReason | 'aborted'
  /** The particulars: which partition, chunk, byte, program. */
  readonly detail: Text
  readonly place?: Place
}

export class Stop extends Error {
  readonly failure: EngineFailure

  constructor(reason: EngineFailure['reason'], detail: Text, place?: Place) {
    super(`${reason}: ${detail.en}`)
    this.failure = { ok: false, reason, detail, ...(place === undefined ? {} : { place }) }
  }
}

/** Undefined: a bug, to be thrown on. */
export const failureOf = (error: unknown, partition?: string): EngineFailure | undefined => {
  if (error instanceof Stop) return error.failure
  if (!(error instanceof DiskFault)) return undefined
  const { reason, path, position, message } = error
  const place = {
    device: path,
    ...(partition === undefined ? {} : { partition }),
    ...(position === undefined ? {} : { byte: position }),
  }
  const on = partition === undefined ? '' : ` (${partition})`
  return { ok: false, reason, detail: say(`${message}${on}`, `${message}${on}`), place }
}

/** What a source did not give, as the failure of the operation that needed it. */
export const sourceStop = (what: 'list' | 'chunk', failure: SourceFailure): Stop => {
  const detail: Text =
    failure.detail === undefined
      ? failure.message
      : say(`${failure.message.en} (${failure.detail})`, `${failure.message.fr} (${failure.detail})`)
  switch (failure.code) {
    case 'missing':
      return new Stop(`${what}-missing`, detail)
    case 'damaged':
      return new Stop(`${what}-damaged`, detail)
    case 'source-silent':
    case 'source-refused':
      return new Stop('server-silent', detail)
  }
}

export const aborted = (): Stop =>
  new Stop('aborted', say('The work was called off.', 'Le travail a été annulé.'))
