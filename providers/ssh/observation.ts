/** Reads one machine: one command over SSH runs the probes of all drivers. */
import type { Facts, Observed, ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import { say } from '../../specs/text.ts'
import type { Endpoint } from './connection.ts'
import type { FacetDriver, ObserveRequest, Sections } from './facet-driver.ts'
import { frameReader, type Section } from './frames.ts'
import type { Pool } from './pool.ts'
import { allProbes, observationProgram, type RecordPaths, shellCommand } from './program.ts'
import { shellFailure } from './shell-failure.ts'

export type ObservationParts = {
  readonly pool: Pool
  readonly drivers: readonly FacetDriver[]
  readonly clock: Clock
  readonly boundary: () => string
  readonly paths: RecordPaths
  /** For the whole look, the scripts' checks included. */
  readonly timeoutMs: number
}

/** The list of a full desktop's packages is about 300 KiB. */
const sectionLimitBytes = 8 << 20

export type Look = Pick<Observed, 'reach' | 'errors'> & {
  readonly facts?: Facts
  readonly disk?: ObservedDisk
}

export async function look(
  parts: ObservationParts,
  endpoint: Endpoint,
  request: ObserveRequest,
  signal: AbortSignal,
): Promise<Look> {
  const first = await lookOnce(parts, endpoint, request, signal)
  // A kept connection whose other end is gone shows it only when it is used: reading again is free.
  return first === 'nothing-heard' ? await secondLook(parts, endpoint, request, signal) : first
}

async function secondLook(...again: Parameters<typeof lookOnce>): Promise<Look> {
  const second = await lookOnce(...again)
  return second === 'nothing-heard'
    ? { reach: 'silent', errors: [cutShort(again[1].machine, 'lost', undefined)] }
    : second
}

async function lookOnce(
  parts: ObservationParts,
  endpoint: Endpoint,
  request: ObserveRequest,
  signal: AbortSignal,
): Promise<Look | 'nothing-heard'> {
  const boundary = parts.boundary()
  const frames = frameReader(boundary, () => parts.clock.now(), {}, sectionLimitBytes)
  const program = observationProgram(
    allProbes(parts.drivers, request),
    boundary,
    parts.paths,
    parts.timeoutMs,
  )
  const executed = await parts.pool.run(
    endpoint,
    {
      line: shellCommand(endpoint.user),
      stdin: Buffer.from(program),
      timeoutMs: parts.timeoutMs,
      keepBytes: 16 << 10,
      onStdout: frames.push,
    },
    signal,
  )
  if (executed.kind === 'unreached') return { reach: executed.reach, errors: [executed.reason] }
  if (executed.kind === 'exited' && frames.sections().size === 0) {
    return { reach: 'silent', errors: [shellFailure(endpoint.machine, endpoint.user, executed).reason] }
  }
  const silent = executed.kind === 'lost' || executed.kind === 'not-started'
  if (silent && frames.sections().size === 0) return 'nothing-heard'
  const seen = understand(parts.drivers, request, frames.sections())
  // What did not arrive could not be understood either: the cut alone is the reason.
  return executed.kind === 'exited' && executed.exitCode !== null
    ? seen
    : { ...seen, errors: [cutShort(endpoint.machine, executed.kind, frames.unfinished())] }
}

/** Puts the drivers' readings together. Without the base facts (boot, OS, hardware) nothing can be decided: `silent`. */
export function understand(
  drivers: readonly FacetDriver[],
  request: ObserveRequest,
  sections: ReadonlyMap<string, Section>,
): Look {
  let facts: Partial<Facts> = {}
  let disk: ObservedDisk | undefined
  const found: Reason[] = []
  for (const driver of drivers) {
    const reading = driver.read(sectionsOf(driver.name, sections), request)
    facts = { ...facts, ...reading.facts }
    disk = reading.disk ?? disk
    found.push(...reading.errors)
  }
  return isWhole(facts)
    ? { reach: 'up', facts, ...(disk === undefined ? {} : { disk }), errors: found }
    : { reach: 'silent', errors: found.length > 0 ? found : [unreadable(request.machine.id)] }
}

function sectionsOf(driver: string, sections: ReadonlyMap<string, Section>): Sections {
  const own = new Map<string, Section>()
  for (const [name, section] of sections) {
    if (name.startsWith(`${driver}/`)) own.set(name.slice(driver.length + 1), section)
  }
  return own
}

const isWhole = (facts: Partial<Facts>): facts is Facts =>
  facts.at !== undefined &&
  facts.bootId !== undefined &&
  facts.bootedAt !== undefined &&
  facts.clockSkewMs !== undefined &&
  facts.os !== undefined &&
  facts.hardware !== undefined &&
  facts.sessions !== undefined &&
  facts.rebootPending !== undefined

function cutShort(machine: string, kind: string, unfinished: string | undefined): Reason {
  const at = unfinished ?? 'start'
  return kind === 'timeout'
    ? {
        code: 'observe-timeout',
        message: say(
          `${machine} took too long to be read and was left at "${at}": it is overloaded, or a disk or a network file system hangs.`,
          `La lecture de ${machine} a pris trop de temps et s’est arrêtée à «\u00a0${at}\u00a0»\u00a0: le poste est surchargé, ou bien un disque ou un système de fichiers réseau est bloqué.`,
        ),
      }
    : {
        code: kind === 'aborted' ? 'abandoned' : 'connection-lost',
        message: say(
          `The connection to ${machine} ended while it was being read (at "${at}"). It is looked at again.`,
          `La connexion à ${machine} s’est terminée pendant la lecture (à «\u00a0${at}\u00a0»). Le poste sera relu.`,
        ),
      }
}

const unreadable = (machine: string): Reason => ({
  code: 'unreadable',
  message: say(
    `${machine} answered, but its state could not be understood.`,
    `${machine} a répondu, mais son état n’a pas pu être compris.`,
  ),
})
