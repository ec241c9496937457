/**
 * The imager desk of a site: PCs that run the imager come here, are told what to do, and report. It keeps nothing over a restart: the
 * reconciler posts its open actions again under the same ids, and tokens are derived, so that a running job does not notice. Only
 * which disks are half-written nobody else knows: that is told to whoever keeps it (`onTorn`).
 */
import { encodeJob } from '../../imaging/job-codec.ts'
import type { Answer, Done, Hello, Job, Progress } from '../../imaging/protocol.ts'
import { signBytes } from '../../imaging/signature.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Clock } from '../../reconciler/ports.ts'
import { say, type Text } from '../../specs/text.ts'
import type { ImagerDesk, Order, OrderState } from './desk-port.ts'
import {
  alive,
  chooseBoot,
  type DeskLimits,
  defaultDeskLimits,
  emptyPlace,
  finish,
  greet,
  hear,
  isLive,
  type Place,
  post,
  type Torn,
} from './desk-state.ts'
import { createJobTokens } from './job-token.ts'
import { createStrangers } from './strangers.ts'

export type DeskParts = {
  readonly clock: Clock
  /** Private Ed25519 key, PKCS #8 PEM: signs jobs. */
  readonly siteKeyPem: string
  /** Which machine of the specs has one of these MACs. */
  readonly lookup: (macs: readonly string[]) => { readonly machine: string } | undefined
  /** A machine of the specs is in the imager, with these disks: at its first hello, and when that tells something new. */
  readonly onHello?: (machine: string, hello: Hello) => void
  /** A PC that is in no spec, at most once a day. */
  readonly onDiscovered: (hello: Hello) => void
  /** PCs discovered before this process started, from the store. */
  readonly discovered?: Iterable<{ readonly mac: string; readonly seenAt: Instant }>
  /** Disks that were left half-written before this process started, by machine. */
  readonly torn?: Iterable<readonly [machine: string, torn: Torn]>
  /** A disk was left half-written, or (undefined) has become whole. */
  readonly onTorn?: (machine: string, torn: Torn | undefined) => void
  /** What a waiting PC shows: why it waits. */
  readonly waitMessage?: (machine: string) => Text | undefined
  readonly limits?: Partial<DeskLimits>
}

export type Desk = ImagerDesk & {
  hello(hello: Hello): Answer
  progress(token: string, progress: Progress): Reception
  done(token: string, done: Done): Reception
  /** Whether this token belongs to a capture that runs. `later`: not known (yet): this process may have just started. */
  mayUpload(token: string): 'yes' | 'no' | 'later'
  /** For netboot: what a PC with this MAC is to start. Everything unknown or doubtful is `local`. */
  bootAnswer(mac: string): 'imager' | 'local'
}

/** `refused`: wrong token. `over`: the job has ended, or a later start of the imager has it. */
export type Reception = 'taken' | 'refused' | 'over'

/** Ends that are kept for who asks for, or posts again, the same action. */
const keptEnds = 2_000

export function createDesk(parts: DeskParts): Desk {
  const { clock } = parts
  const limits: DeskLimits = { ...defaultDeskLimits, ...parts.limits }
  const tokens = createJobTokens(parts.siteKeyPem)
  const strangers = createStrangers(parts.discovered ?? [], limits.sameBootMs)
  const places = new Map<string, Place>(
    [...(parts.torn ?? [])].map(([machine, torn]) => [machine, { ...emptyPlace(machine), torn }]),
  )
  const ends = new Map<string, OrderState>()
  const watchers = new Map<string, Set<() => void>>()

  const placeOf = (machine: string): Place => places.get(machine) ?? emptyPlace(machine)
  const placeWith = (id: string): Place | undefined =>
    places.values().find((place) => place.job?.order.id === id)
  const placeAt = (mac: string): Place | undefined => {
    const known = parts.lookup([mac])
    return known === undefined ? undefined : placeOf(known.machine)
  }

  function keep(place: Place): void {
    const { machine, torn } = place
    const before = places.get(machine)?.torn
    places.set(machine, place)
    if (torn !== before) parts.onTorn?.(machine, torn)
  }

  function tell(machine: string): void {
    for (const wake of watchers.get(machine) ?? []) wake()
  }

  function signed(order: Order, nonce: string, issuedAt: Instant): Answer {
    const job: Job = {
      format: 'proviseur-job-1',
      ...order,
      nonce,
      token: tokens.issue(order.id, nonce),
      issuedAt,
    }
    const bytes = encodeJob(job)
    const signature = signBytes(parts.siteKeyPem, Buffer.from(bytes))
    return { kind: 'job', job: bytes, signature, now: clock.now() }
  }

  return {
    hello(hello) {
      const now = clock.now()
      const known = parts.lookup(hello.macs)
      if (known === undefined) {
        if (strangers.met(hello.macs, now)) parts.onDiscovered(hello)
        return { kind: 'local', now, message: unknownHere }
      }
      const before = placeOf(known.machine)
      const { place, verdict } = greet(before, hello, now, limits)
      keep(place)
      if (before.session === undefined || changed(before.session.hello, hello)) {
        parts.onHello?.(known.machine, hello)
      }
      tell(known.machine)
      switch (verdict.kind) {
        case 'issue':
          return signed(verdict.order, verdict.nonce, verdict.issuedAt)
        case 'wait': {
          const message = parts.waitMessage?.(known.machine)
          return {
            kind: 'wait',
            afterMs: verdict.afterMs,
            now,
            ...(message === undefined ? {} : { message }),
          }
        }
        case 'local':
          return { kind: 'local', now }
      }
    },

    progress(token, progress) {
      const nonce = tokens.check(progress.job, token)
      if (nonce === undefined) return 'refused'
      if (ends.has(progress.job)) return 'over'
      const now = clock.now()
      const place = placeWith(progress.job)
      // Withdrawn, or given out before a restart and not posted again yet: what was begun is finished.
      if (place === undefined) {
        for (const one of places.values())
          if (one.session?.hello.nonce === nonce) keep(alive(one, nonce, now))
        return 'taken'
      }
      const heard = hear(place, nonce, now, progress)
      if (heard === undefined) return 'over'
      keep(alive(heard, nonce, now))
      tell(place.machine)
      return 'taken'
    },

    done(token, done) {
      const nonce = tokens.check(done.job, token)
      if (nonce === undefined) return 'refused'
      // Its first report was taken, and the answer to it lost.
      if (ends.has(done.job)) return 'taken'
      const now = clock.now()
      const place = placeWith(done.job)
      if (place !== undefined) {
        const heard = hear(place, nonce, now)
        if (heard === undefined) return 'over'
        keep(finish(heard, done, now))
      }
      const progress = place?.job?.progress
      ends.set(done.job, { heardAt: now, done, ...(progress === undefined ? {} : { progress }) })
      const oldest = ends.size > keptEnds ? ends.keys().next().value : undefined
      if (oldest !== undefined) ends.delete(oldest)
      if (place !== undefined) tell(place.machine)
      return 'taken'
    },

    post(order) {
      if (ends.has(order.id)) return
      keep(post(placeOf(order.machine), order))
      tell(order.machine)
    },

    withdraw(id) {
      const place = placeWith(id)
      if (place === undefined) return
      const { job: _, ...rest } = place
      keep(rest)
      tell(place.machine)
    },

    order(id) {
      const job = placeWith(id)?.job
      if (job === undefined) return ends.get(id) ?? {}
      return {
        ...(job.heardAt === undefined ? {} : { heardAt: job.heardAt }),
        ...(job.progress === undefined ? {} : { progress: job.progress }),
      }
    },

    session(mac) {
      const session = placeAt(mac)?.session
      return session !== undefined && isLive(session, clock.now(), limits)
        ? { hello: session.hello, since: session.firstAt }
        : undefined
    },

    wantLook(mac) {
      const place = placeAt(mac)
      if (place !== undefined && !place.look) keep({ ...place, look: true, boots: 0 })
    },

    async changed(mac, timeoutMs, signal) {
      const machine = placeAt(mac)?.machine
      const stop = new AbortController()
      const wake = () => stop.abort()
      const watching = machine === undefined ? undefined : (watchers.get(machine) ?? new Set())
      if (machine !== undefined && watching !== undefined) watchers.set(machine, watching.add(wake))
      await clock.sleep(timeoutMs, AbortSignal.any([signal, stop.signal]))
      watching?.delete(wake)
      if (machine !== undefined && watching?.size === 0) watchers.delete(machine)
    },

    mayUpload(token) {
      let wrong = false
      for (const { job } of places.values()) {
        const nonce = job === undefined ? undefined : tokens.check(job.order.id, token)
        if (job === undefined || nonce === undefined) continue
        const current = job.issue === undefined || job.issue.nonce === nonce
        if (current && job.order.work.kind === 'capture') return 'yes'
        wrong = true
      }
      return wrong ? 'no' : 'later'
    },

    bootAnswer(mac) {
      const now = clock.now()
      const place = placeAt(mac)
      if (place === undefined) return strangers.boot(mac, now)
      const chosen = chooseBoot(place, now, limits)
      keep(chosen.place)
      return chosen.boot
    },
  }
}

/** Another start of the imager, or one that tells something new of its disks. */
const changed = (before: Hello, now: Hello): boolean =>
  JSON.stringify([before.nonce, before.disks, before.state]) !==
  JSON.stringify([now.nonce, now.disks, now.state])

const unknownHere = say(
  'This PC is in no spec: it was noted as discovered and starts its own system.',
  'Ce poste ne figure dans aucune spécification\u00a0: il a été noté comme découvert et démarre son propre système.',
)
