/** The provider for PCs that run an operating system with SSH: reads and changes them by shell programs, without any agent. */
import { randomBytes } from 'node:crypto'
import type { Mac, MachineId, SecretName } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Outcome, StepResult } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Provider } from '../../reconciler/ports.ts'
import type { Desired, DesiredMachine, DesiredSecret, DesiredSite } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { locate } from './address.ts'
import { type ApplicationParts, carryOut, conclude } from './application.ts'
import { type Endpoint, readHostKey } from './connection.ts'
import type { FacetDriver } from './facet-driver.ts'
import type { HostKeyPins } from './host-key.ts'
import { createNeighbourhood, type Neighbourhood } from './neighbourhood.ts'
import { type Look, look, type ObservationParts } from './observation.ts'
import { createPool, defaultPoolLimits, type PoolLimits } from './pool.ts'
import { defaultRecordPaths, type RecordPaths } from './program.ts'
import type { Unreached } from './reach.ts'

/** Opens an age-encrypted secret with the key that this process holds. */
export type SecretOpener = (
  secret: DesiredSecret,
) => Promise<
  | { readonly kind: 'opened'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: Reason }
>

/** Sends magic packets. */
export type Waker = (
  mac: Mac,
  to: { readonly broadcast: string; readonly port: number },
  signal: AbortSignal,
) => Promise<{ readonly kind: 'sent' } | { readonly kind: 'failed'; readonly reason: Reason }>

export type SshParts = {
  readonly drivers: readonly FacetDriver[]
  /** OpenSSH or PEM, without passphrase. */
  readonly privateKey: string | Uint8Array
  readonly pins: HostKeyPins
  readonly openSecret: SecretOpener
  readonly wake: Waker
  readonly clock: Clock
  /** Who looks, as written into observations. */
  readonly observer: string
  readonly limits?: Partial<SshLimits>
  readonly paths?: RecordPaths
  /** Injected, so that tests need no such neighbour. */
  readonly neighbours?: Neighbourhood
}

export type SshLimits = PoolLimits & {
  readonly observeTimeoutMs: number
  readonly rejoinMs: number
  readonly rejoinEveryMs: number
  readonly restartTimeoutMs: number
  /** From the first magic packet to the first login. */
  readonly wakeTimeoutMs: number
}

export const defaultSshLimits: SshLimits = {
  ...defaultPoolLimits,
  observeTimeoutMs: 120_000,
  rejoinMs: 60_000,
  rejoinEveryMs: 2_000,
  restartTimeoutMs: 600_000,
  wakeTimeoutMs: 240_000,
}

export type SshProvider = Provider & {
  /** The host key that the machine shows now, without logging in: for `proviseur trust`. */
  hostKey(
    machine: DesiredMachine,
    site: DesiredSite,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'host-key'; readonly fingerprint: string } | Unreached>
  /** Closes all connections. What runs on PCs goes on. */
  close(): Promise<void>
}

export function createSshProvider(parts: SshParts): SshProvider {
  const limits: SshLimits = { ...defaultSshLimits, ...parts.limits }
  const { clock, drivers } = parts
  const pool = createPool({ privateKey: parts.privateKey, pins: parts.pins }, limits)
  const paths = parts.paths ?? defaultRecordPaths
  const boundary = () => `proviseur-${randomBytes(16).toString('hex')}`
  const observation: ObservationParts = {
    pool,
    drivers,
    clock,
    boundary,
    paths,
    timeoutMs: limits.observeTimeoutMs,
  }
  const application: ApplicationParts = { pool, drivers, clock, boundary, paths, ...limits }
  const neighbours = parts.neighbours ?? createNeighbourhood(parts.clock)

  async function endpointOf(
    machine: DesiredMachine,
    site: DesiredSite,
    signal: AbortSignal,
  ): Promise<Endpoint | Unreached> {
    const located = await locate(machine, site, neighbours, signal)
    if (located.kind === 'unreached') return located
    const { ssh } = machine.profile
    return {
      machine: machine.id,
      host: located.host,
      port: ssh.port,
      user: ssh.user,
      firstContact: ssh.firstContact,
      ...(machine.hostKey === undefined ? {} : { hostKey: machine.hostKey }),
    }
  }

  async function observe(
    machine: DesiredMachine,
    site: DesiredSite,
    previous: Observed | undefined,
    signal: AbortSignal,
  ): Promise<Observed> {
    const seen =
      machine.profile.os === 'debian'
        ? await lookAt(machine, site, signal)
        : ({ reach: 'silent', errors: [notYet(machine.id)] } satisfies Look)
    const disk = seen.disk ?? previous?.disk
    const facts = seen.facts ?? previous?.facts
    return {
      machine: machine.id,
      observedAt: clock.now(),
      observer: parts.observer,
      reach: seen.reach,
      errors: seen.errors,
      ...(facts === undefined ? {} : { facts }),
      ...(disk === undefined ? {} : { disk }),
    }
  }

  async function lookAt(machine: DesiredMachine, site: DesiredSite, signal: AbortSignal): Promise<Look> {
    const endpoint = await endpointOf(machine, site, signal)
    if ('kind' in endpoint) return { reach: endpoint.reach, errors: [endpoint.reason] }
    return look(observation, endpoint, { machine, site }, signal)
  }

  async function wake(
    action: Action,
    machine: DesiredMachine,
    site: DesiredSite,
    signal: AbortSignal,
  ): Promise<readonly StepResult[]> {
    const begun = clock.now()
    const changes = action.changes.filter((change) => change.facet === 'power' && change.item === 'wake')
    const results = (problem?: Pick<StepResult, 'class' | 'reason'>): readonly StepResult[] =>
      changes.map((change) => ({
        change,
        ok: problem === undefined,
        output: '',
        durationMs: clock.now() - begun,
        ...problem,
      }))
    if (changes.length === 0) return []
    while (clock.now() - begun <= limits.wakeTimeoutMs && clock.now() < action.deadline && !signal.aborted) {
      const sent = await parts.wake(machine.mac, site.wake, signal)
      if (sent.kind === 'failed') return results({ class: 'retry', reason: sent.reason })
      const endpoint = await endpointOf(machine, site, signal)
      const problem = 'kind' in endpoint ? endpoint : await pool.reach(endpoint, signal)
      // One that answers and would not let us in is awake as well; why it would not, the next look tells.
      if (problem === undefined || problem.class === 'terminal') return results()
      await clock.sleep(limits.rejoinEveryMs, signal)
    }
    return results({ class: 'wait', reason: didNotWake(machine, clock.now() - begun) })
  }

  async function apply(
    action: Action,
    machine: DesiredMachine,
    site: DesiredSite,
    desired: Desired,
    report: Parameters<Provider['apply']>[4],
    signal: AbortSignal,
  ): Promise<Outcome> {
    const now = clock.now()
    if (machine.profile.os !== 'debian') {
      return { kind: 'failed', class: 'terminal', reason: notYet(machine.id), results: [], at: now }
    }
    const secrets = await openSecrets(action, machine, desired, parts.openSecret)
    if (!(secrets instanceof Map)) {
      return { kind: 'failed', class: 'terminal', reason: secrets, results: [], at: now }
    }
    const woken = await wake(action, machine, site, signal)
    if (woken.some((result) => !result.ok) || woken.length === action.changes.length) {
      return conclude(action, woken, clock.now())
    }
    const locateNow = () => endpointOf(machine, site, signal)
    const input = { action, machine, site, locale: desired.park.locale, secrets, locate: locateNow }
    return carryOut(application, input, woken, report, signal)
  }

  return {
    observe,
    apply,
    async hostKey(machine, site, signal) {
      const located = await locate(machine, site, neighbours, signal)
      if (located.kind === 'unreached') return located
      return readHostKey(
        { machine: machine.id, host: located.host, port: machine.profile.ssh.port },
        limits,
        signal,
      )
    },
    close: () => pool.close(),
  }
}

async function openSecrets(
  action: Action,
  machine: DesiredMachine,
  desired: Desired,
  open: SecretOpener,
): Promise<Map<SecretName, Uint8Array> | Reason> {
  const opened = new Map<SecretName, Uint8Array>()
  for (const change of action.changes) {
    if (change.facet !== 'scripts') continue
    for (const name of machine.profile.scripts.get(change.item)?.secrets ?? []) {
      const secret = desired.secrets.get(name)
      if (secret === undefined) return secretMissing(machine.id, name)
      const result = await open(secret)
      if (result.kind === 'failed') return result.reason
      opened.set(name, result.bytes)
    }
  }
  return opened
}

const secretMissing = (machine: MachineId, name: SecretName): Reason => ({
  code: 'secret-missing',
  message: say(
    `A script of ${machine} needs the secret "${name}", which this revision does not contain.`,
    `Un script de ${machine} a besoin du secret «\u00a0${name}\u00a0», absent de cette révision.`,
  ),
})

const notYet = (machine: MachineId): Reason => ({
  code: 'os-not-supported',
  message: say(
    `${machine} is to run Windows: this version reads and changes Debian PCs only. Its spec is checked, nothing is done to it.`,
    `${machine} doit fonctionner sous Windows\u00a0: cette version ne lit et ne modifie que les postes Debian. Sa spécification est vérifiée, rien n’est fait sur le poste.`,
  ),
})

const didNotWake = (machine: DesiredMachine, waitedMs: number): Reason => ({
  code: 'did-not-wake',
  message: say(
    `${machine.id} did not answer within ${Math.round(waitedMs / 1000)} s after the magic packets to ${machine.mac}. Check that it has mains power and a network cable, and that Wake-on-LAN is on in its firmware.`,
    `${machine.id} n’a pas répondu dans les ${Math.round(waitedMs / 1000)} s après l’envoi des paquets magiques à ${machine.mac}. Vérifiez l’alimentation, le câble réseau et l’activation du Wake-on-LAN dans son microgiciel.`,
  ),
})
