/** A machine as the compiler would make it, at a port of 127.0.0.1, and actions for it. */
import { createHash, randomUUID } from 'node:crypto'
import { systemClock } from '../../cli/clock.ts'
import { identityDriver } from '../../providers/identity/driver.ts'
import { inventoryDriver } from '../../providers/inventory/driver.ts'
import { packagesDriver } from '../../providers/packages/driver.ts'
import { powerDriver } from '../../providers/power/reboot.ts'
import { scriptsDriver } from '../../providers/scripts/driver.ts'
import { createSshProvider, type SshParts, type SshProvider } from '../../providers/ssh/provider.ts'
import type { Change, ScriptChange } from '../../reconciler/model/change.ts'
import type { ActionId, Digest } from '../../reconciler/model/ids.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type {
  Desired,
  DesiredMachine,
  DesiredSecret,
  DesiredSite,
  Profile,
  WantedPackage,
  WantedScript,
} from '../../specs/desired.ts'
import type { Mac, MachineId, PackageName, RoomId, ScriptName, SecretName, SiteId } from '../../specs/ids.ts'

const origin = { file: 'lycees/victor-hugo.yaml', line: 1, column: 1 }

export const site: DesiredSite = {
  id: 'victor-hugo' as SiteId,
  title: 'Lycée Victor Hugo',
  timezone: 'Europe/Paris',
  wake: { broadcast: '127.255.255.255', port: 9 },
  capacity: { actions: 4, wakes: 4, images: 4, lanBitsPerSecond: 1e9, roomShare: 1 },
  rooms: new Map(),
  origin,
}

export type MachineWishes = {
  readonly port: number
  readonly hostKey: string
  readonly scripts?: readonly WantedScript[]
  readonly packages?: readonly WantedPackage[]
  readonly hostname?: boolean
  readonly user?: string
}

export function makeMachine(wishes: MachineWishes): DesiredMachine {
  const profile: Profile = {
    digest: digestOf('profile'),
    facetDigests: {},
    roles: [],
    os: 'debian',
    packages: new Map((wishes.packages ?? []).map((wanted) => [wanted.name, wanted])),
    scripts: new Map((wishes.scripts ?? []).map((wanted) => [wanted.name, wanted])),
    identity: { hostname: wishes.hostname ?? false },
    windows: [],
    drift: {
      disk: 'enforce',
      packages: 'enforce',
      scripts: 'enforce',
      identity: 'enforce',
      reset: 'enforce',
    },
    inUse: { kind: 'wait' },
    power: { wake: true, reboot: 'when-needed' },
    ssh: { user: wishes.user ?? 'root', port: wishes.port, firstContact: 'refuse' },
    retry: { attempts: 3, baseMs: 1000, capMs: 60_000 },
    origins: new Map(),
  }
  return {
    id: 'victor-hugo/b204-01' as MachineId,
    name: 'b204-01',
    site: site.id,
    room: 'victor-hugo/b204' as RoomId,
    mac: '52:54:00:25:02:01' as Mac,
    address: '127.0.0.1',
    hostKey: wishes.hostKey,
    labels: [],
    profile,
    origin,
  }
}

export const digestOf = (text: string): Digest =>
  `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest

export function makeScript(name: string, apply: string, more: Partial<WantedScript> = {}): WantedScript {
  return {
    name: name as ScriptName,
    digest: digestOf(`${name} ${apply}`),
    interpreter: ['/bin/sh'],
    trigger: { kind: 'change' },
    apply,
    timeoutMs: 60_000,
    secrets: [],
    effect: 'quiet',
    ...more,
  }
}

export const runScript = (script: WantedScript): ScriptChange => ({
  facet: 'scripts',
  item: script.name,
  cause: 'never-run',
  from: null,
  to: script.digest,
  effect: 'quiet',
})

export const wantPackage = (name: string, want: WantedPackage['want']): WantedPackage => ({
  name: name as PackageName,
  source: { kind: 'apt', name },
  want,
  effect: 'quiet',
})

export function makeAction(changes: readonly Change[], more: Partial<Action> = {}): Action {
  return {
    id: digestOf(randomUUID()) as string as ActionId,
    machine: 'victor-hugo/b204-01' as MachineId,
    changes,
    fence: { epoch: 1, generation: 1 },
    content: digestOf('content'),
    expect: { packages: {} },
    deadline: Date.now() + 120_000,
    ...more,
  }
}

export function makeDesired(machine: DesiredMachine, secrets: readonly string[] = []): Desired {
  return {
    digest: digestOf('content'),
    park: { name: 'franche-comte', timezone: 'Europe/Paris', locale: 'fr', removalLimit: 0.1 },
    sites: new Map([[site.id, site]]),
    machines: new Map([[machine.id, machine]]),
    secrets: new Map(
      secrets.map((name) => {
        const secret: DesiredSecret = { name: name as SecretName, digest: digestOf(name), armored: name }
        return [secret.name, secret]
      }),
    ),
  }
}

/** All drivers, no pins, secrets that open to `opened <name>`, and a record in `folder`. */
export const makeProvider = (privateKey: string, folder: string, more: Partial<SshParts> = {}): SshProvider =>
  createSshProvider({
    drivers: [inventoryDriver, packagesDriver, scriptsDriver, identityDriver, powerDriver],
    privateKey,
    pins: { get: async () => undefined, pin: async () => {} },
    openSecret: async (secret) => ({ kind: 'opened', bytes: Buffer.from(`opened ${secret.name}`) }),
    wake: async () => ({ kind: 'sent' }),
    clock: systemClock,
    observer: 'test',
    paths: { state: `${folder}/state`, run: `${folder}/run` },
    limits: { rejoinEveryMs: 50 },
    ...more,
  })
