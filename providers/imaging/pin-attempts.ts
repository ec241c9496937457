/**
 * How often the PIN may be guessed: a PIN has few digits, so that only the limit protects it. Each address has few attempts; all addresses
 * together have more, but far too few to try them all, since whoever is on the network can have many addresses. One pupil with a dozen of
 * them must not keep the teachers out: addresses from which the right PIN came lately are counted together by themselves.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../../reconciler/model/ids.ts'

export type PinLimits = {
  readonly perAddress: number
  readonly inAll: number
  readonly windowMs: number
  /** How long an address counts as a teacher's after the right PIN came from it. */
  readonly trustMs: number
}

export const defaultPinLimits: PinLimits = {
  perAddress: 5,
  inAll: 60,
  windowMs: 15 * 60_000,
  trustMs: 30 * 24 * 3_600_000,
}

export type PinAttempts = {
  /** Counts an attempt beforehand, so that many at once do not slip through. `refused`: none is left before that instant. */
  begin(
    address: string,
    now: Instant,
  ): { readonly kind: 'begun' } | { readonly kind: 'refused'; readonly until: Instant }
  /** It was the right one: it does not count, and what this address had got wrong before is forgotten. */
  succeed(address: string, now: Instant): void
}

export function createPinAttempts(limits: PinLimits): PinAttempts {
  let attempts: readonly { readonly address: string; readonly at: Instant }[] = []
  const trusted = new Map<string, Instant>()
  const isTrusted = (address: string, now: Instant): boolean =>
    now - (trusted.get(address) ?? Number.NEGATIVE_INFINITY) < limits.trustMs

  return {
    begin(address, now) {
      attempts = attempts.filter(({ at }) => now - at < limits.windowMs)
      const own = attempts.filter((attempt) => attempt.address === address)
      const trust = isTrusted(address, now)
      const all = attempts.filter((attempt) => isTrusted(attempt.address, now) === trust)
      const full = own.length >= limits.perAddress ? own : all.length >= limits.inAll ? all : []
      const oldest = full[0]
      if (oldest !== undefined) return { kind: 'refused', until: oldest.at + limits.windowMs }
      attempts = [...attempts, { address, at: now }]
      return { kind: 'begun' }
    },
    succeed(address, now) {
      for (const known of [...trusted.keys()]) if (!isTrusted(known, now)) trusted.delete(known)
      trusted.set(address, now)
      attempts = attempts.filter((attempt) => attempt.address !== address)
    },
  }
}

/** Takes the same time whatever is wrong, the length too. White space around either does not count. */
export const pinMatches = (wanted: string, given: string): boolean =>
  timingSafeEqual(digestOf(wanted.trim()), digestOf(given.trim())) && wanted.trim() !== ''

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()
