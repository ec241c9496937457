/** Values of the model for tests: complete, small, and different where their number is. */
import type {
  ActionId,
  ChangeKey,
  Digest,
  Instant,
  MachineId,
  PackageName,
  PlanId,
  Revision,
  ScriptName,
} from '../../reconciler/model/ids.ts'
import type { Facts, Observed } from '../../reconciler/model/observed.ts'
import type { Action, Backoff, Decision, Plan, Target } from '../../reconciler/model/plan.ts'
import type { EndedAction, NewEvent } from '../../reconciler/store/store.ts'

/** 2026-10-14T08:00:00Z. */
export const start: Instant = Date.UTC(2026, 9, 14, 8)

export const machineId = (number: number, site = 'victor-hugo'): MachineId =>
  `${site}/b204-${String(number).padStart(2, '0')}` as MachineId

export const digest = (number: number): Digest => `sha256:${number.toString(16).padStart(64, '0')}` as Digest

export const target = (generation: number, overrides: Partial<Target> = {}): Target => ({
  fence: { epoch: 1, generation },
  parent: generation === 1 ? null : { epoch: 1, generation: generation - 1 },
  revision: `commit-${generation}` as Revision,
  desired: digest(generation),
  at: start + generation,
  ...overrides,
})

export const facts = (overrides: Partial<Facts> = {}): Facts => ({
  at: start,
  bootId: 'boot-1',
  bootedAt: start - 3_600_000,
  clockSkewMs: -12,
  os: {
    id: 'debian',
    version: '12',
    name: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0-31',
    arch: 'x86_64',
  },
  hardware: {
    vendor: 'Éditeur',
    model: 'ProDesk 400 G6',
    serial: 'S-1',
    cpus: 4,
    memoryBytes: 8_589_934_592,
    firmware: 'uefi',
    macs: ['52:54:00:25:02:01'],
    disks: [{ name: 'sda', sizeBytes: 256_060_514_304, rotational: false }],
    rootFreeBytes: 12_000_000_000,
  },
  sessions: [{ user: 'éléonore', terminal: 'tty7', since: start - 60_000 }],
  rebootPending: false,
  packages: {
    digest: digest(77),
    installed: new Map([
      ['geogebra', '6.0.850-1'],
      ['libc6:i386', '2.36-9+deb12u9'],
    ]),
    held: new Set(['geogebra']),
    broken: [{ name: 'minetest', state: 'half-configured' }],
    candidates: new Map([['geogebra', '6.0.850-1']]),
  },
  scripts: new Map([
    [
      'proxy' as ScriptName,
      {
        lastRun: { digest: digest(5), bootId: 'boot-1', at: start - 5, exitCode: 3 },
        succeeded: { digest: digest(4), bootId: 'boot-0', at: start - 50_000 },
        check: { digest: digest(5), exitCode: 1, output: 'proxy: absent\n' },
      },
    ],
  ]),
  identity: { hostname: 'b204-01', authorizedKeys: ['ssh-ed25519 AAAA'] },
  ...overrides,
})

export const observed = (machine: MachineId, overrides: Partial<Observed> = {}): Observed => ({
  machine,
  observedAt: start,
  observer: 'test',
  reach: 'up',
  facts: facts(),
  errors: [],
  ...overrides,
})

export const action = (id: string, machine: MachineId, overrides: Partial<Action> = {}): Action => ({
  id: id as ActionId,
  machine,
  changes: [
    {
      facet: 'packages',
      item: 'geogebra' as PackageName,
      source: 'geogebra',
      operation: 'install',
      from: null,
      to: 'present',
      effect: 'quiet',
    },
  ],
  fence: { epoch: 1, generation: 1 },
  content: digest(1),
  expect: { packages: { geogebra: null } },
  deadline: start + 3_600_000,
  ...overrides,
})

export const backoff = (key: string, overrides: Partial<Backoff> = {}): Backoff => ({
  key: key as ChangeKey,
  attempts: 1,
  class: 'retry',
  notBefore: start + 60_000,
  reason: { code: 'package-failed', message: { en: 'It failed', fr: 'Échec' }, detail: 'E: …' },
  ...overrides,
})

export const ended = (of: Action, owner: string, overrides: Partial<EndedAction> = {}): EndedAction => ({
  id: of.id,
  machine: of.machine,
  owner,
  at: start + 30_000,
  outcome: { kind: 'complete', results: [], at: start + 29_000 },
  applied: {},
  backoffs: [],
  clear: [],
  events: [],
  fence: of.fence,
  ...overrides,
})

export const event = (overrides: Partial<NewEvent> = {}): NewEvent => ({
  at: start,
  kind: 'decided',
  actor: 'loop',
  message: { en: 'Decided', fr: 'Décidé' },
  ...overrides,
})

export const plan = (
  decisions: readonly (readonly [MachineId, Decision])[],
  overrides: Partial<Plan> = {},
): Plan => ({
  id: 'plan-1' as PlanId,
  target: target(1),
  at: start,
  decisions: new Map(decisions),
  unmanaged: [],
  ...overrides,
})
