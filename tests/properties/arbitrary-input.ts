/** Any park, with anything that may have been seen of it and remembered of it. */
import fc from 'fast-check'
import type { Change } from '../../reconciler/model/change.ts'
import type { PaceCount } from '../../reconciler/model/duration.ts'
import type { ActionId, ChangeKey, DiskRequestId, PackageName } from '../../reconciler/model/ids.ts'
import type { Facts, Observed, ObservedDisk, ObservedScript } from '../../reconciler/model/observed.ts'
import type {
  Backoff,
  DiskRequest,
  History,
  KnownImage,
  Pause,
  PlanInput,
} from '../../reconciler/model/plan.ts'
import { durationsOf } from '../../reconciler/pace.ts'
import type {
  Desired,
  Profile,
  WantedDisk,
  WantedPackage,
  WantedScript,
  Window,
} from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import {
  calendar,
  digest,
  diskState,
  everyDay,
  facts,
  machine,
  machineId,
  manifest,
  now,
  off,
  park,
  planInput,
  profile,
  server,
  siteId,
  up,
  wantedDisk,
  wantedPackage,
  wantedScript,
  weekly,
} from '../reconciler/sample-park.ts'

const ids = ['hugo/a1-01', 'hugo/a1-02', 'hugo/b2-01', 'hugo/b2-02', 'zola/a1-01', 'zola/a1-02', 'zola/c3-01']
const freshMs = 600_000

const effects = fc.constantFrom('quiet', 'disruptive', 'destructive' as const)

const packages = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('vim', 'zsh', 'blender', 'geogebra'),
      want: fc.constantFrom<WantedPackage['want']>(
        { kind: 'present' },
        { kind: 'latest' },
        { kind: 'absent' },
        { kind: 'version', version: '2.0' },
      ),
      hold: fc.constantFrom(undefined, true, false),
      effect: effects,
      nowhere: fc.integer({ min: 0, max: 9 }),
    }),
    { selector: (one) => one.name },
  )
  .map((list) =>
    list.map(({ name, want, hold, effect, nowhere }) => {
      const wanted = wantedPackage(name, want, hold === undefined ? { effect } : { effect, hold })
      const { source: _, ...none } = wanted
      return nowhere === 0 ? none : wanted
    }),
  )

const scripts: fc.Arbitrary<readonly WantedScript[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('proxy', 'printers', 'wallpaper'),
      kind: fc.constantFrom('check', 'change', 'boot', 'once' as const),
      effect: effects,
    }),
    { selector: (one) => one.name },
  )
  .map((list) => list.map(({ name, kind, effect }) => wantedScript(name, kind, { effect })))

const windows: fc.Arbitrary<readonly Window[]> = fc.array(
  fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 23 }), fc.boolean(), effects)
      .map(([from, to, deny, allow]) => weekly(everyDay, `${from}:00`, `${to}:00`, { deny, allow })),
    fc
      .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }), fc.boolean(), effects)
      .map(([from, days, deny, allow]) =>
        calendar(`2026-10-${two(from)}T00:00`, `2026-10-${two(from + days)}T12:00`, { deny, allow }),
      ),
  ),
  { maxLength: 3 },
)

/** The newest version, one that was not imported yet, and one with another layout. */
const disks: fc.Arbitrary<WantedDisk | undefined> = fc.constantFrom(
  undefined,
  wantedDisk(),
  wantedDisk(),
  withoutManifest(wantedDisk('2027.01')),
  wantedDisk('2026.09', { layoutDigest: digest('other-layout') }),
  wantedDisk('2026.09', { settingsDigest: digest('other-settings') }),
)

const resets = fc.constantFrom<Profile['reset']>(
  undefined,
  { policy: 'on-demand', keep: [], by: [] },
  { policy: 'nightly', keep: [], by: [] },
  { policy: 'at-boot', keep: [], by: [] },
  { policy: 'never', keep: [], by: [] },
)

const drifts = fc.constantFrom('enforce', 'enforce', 'report', 'ignore' as const)

const profiles: fc.Arbitrary<Profile> = fc
  .record({
    packages,
    scripts,
    windows,
    hostname: fc.boolean(),
    keys: fc.constantFrom(undefined, ['ssh-ed25519 AAAA marie']),
    drift: fc.tuple(drifts, drifts, drifts, drifts, drifts),
    disk: disks,
    reset: resets,
    inUse: fc.constantFrom<Profile['inUse']>(
      { kind: 'wait' },
      { kind: 'quiet' },
      { kind: 'warn', delayMs: 60_000 },
    ),
    wake: fc.boolean(),
    reboot: fc.constantFrom('when-needed', 'never' as const),
    os: fc.constantFrom('debian', 'debian', 'debian', 'debian', 'windows' as const),
  })
  .map(({ hostname, keys, drift, wake, reboot, disk, reset, ...rest }) =>
    profile({
      ...rest,
      ...(disk === undefined ? {} : { disk }),
      ...(reset === undefined ? {} : { reset }),
      facetDigests: { ...profile().facetDigests, ...(disk === undefined ? {} : { disk: digest('disk') }) },
      identity: keys === undefined ? { hostname } : { hostname, authorizedKeys: keys },
      drift: {
        identity: drift[0],
        packages: drift[1],
        scripts: drift[2],
        disk: drift[3],
        reset: drift[4],
      },
      power: { wake, reboot },
    }),
  )

const parks: fc.Arbitrary<Desired> = fc
  .record({
    members: fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 }),
    profiles: fc.array(profiles, { minLength: 1, maxLength: 3 }),
    limits: fc.record({
      actions: fc.integer({ min: 0, max: 3 }),
      wakes: fc.integer({ min: 0, max: 3 }),
      images: fc.integer({ min: 1, max: 3 }),
      lanBitsPerSecond: fc.constantFrom(60e6, 110e6, 1e9),
      roomShare: fc.constantFrom(0, 0.5, 1),
    }),
    uplinkBitsPerSecond: fc.constantFrom(5e6, 21e6, 1e9),
    served: fc.constantFrom(true, true, false),
  })
  .map(({ members, profiles: kinds, limits, uplinkBitsPerSecond, served }) =>
    park(
      members.map((id, index) => machine(id, kinds[index % kinds.length])),
      { capacity: limits, uplinkBitsPerSecond, ...(served ? { server } : {}) },
    ),
  )

const observedDisks: fc.Arbitrary<ObservedDisk | undefined> = fc
  .record({
    known: fc.boolean(),
    by: fc.constantFrom('system', 'imager' as const),
    state: fc.constantFrom(
      undefined,
      wantedDisk(),
      wantedDisk(),
      wantedDisk('2026.03'),
      wantedDisk('2026.09', { layoutDigest: digest('old-layout') }),
    ),
    agoMs: fc.constantFrom(1000, 3 * 3_600_000, 20 * 3_600_000, 40 * 3_600_000),
    partitions: fc.subarray(['esp', 'root', 'cache', 'data', 'old', undefined]),
    seen: fc.boolean(),
    damaged: fc.constantFrom(undefined, 0, 3),
  })
  .map(({ known, by, state, agoMs, partitions, seen, damaged }) =>
    known
      ? {
          at: now - 60_000,
          by,
          ...(state === undefined ? {} : { state: diskState(state, now - agoMs) }),
          ...(seen
            ? {
                disks: [
                  {
                    name: 'sda',
                    sizeBytes: 2 ** 37,
                    partitions: partitions.map((name, index) => ({
                      number: index + 1,
                      sizeBytes: 2 ** 30,
                      ...(name === undefined ? { fileSystem: 'ntfs' } : { name }),
                    })),
                  },
                ],
              }
            : {}),
          ...(damaged === undefined || state === undefined
            ? {}
            : {
                verified: {
                  at: now - 900,
                  manifest: state.manifest ?? '',
                  differing: [{ partition: 'root', chunks: 900, differing: damaged }],
                },
              }),
        }
      : undefined,
  )

const observedScript: fc.Arbitrary<(name: string) => ObservedScript> = fc
  .record({
    lastDigest: fc.constantFrom(undefined, 'same', 'other'),
    exitCode: fc.constantFrom(0, 1),
    bootId: fc.constantFrom('boot-1', 'boot-0'),
    check: fc.constantFrom(undefined, 0, 1),
  })
  .map(({ lastDigest, exitCode, bootId, check }) => (name) => {
    const own = digest(`script-${name}`)
    const ran = lastDigest === 'same' ? own : digest('older')
    return {
      ...(lastDigest === undefined ? {} : { lastRun: { digest: ran, bootId, at: now, exitCode } }),
      ...(lastDigest === undefined || exitCode !== 0 ? {} : { succeeded: { digest: ran, bootId, at: now } }),
      ...(check === undefined ? {} : { check: { digest: own, exitCode: check, output: '' } }),
    }
  })

const someFacts: fc.Arbitrary<Facts> = fc
  .record({
    agoMs: fc.constantFrom(1000, 60_000, 60_000, freshMs, freshMs + 1, 86_400_000),
    installed: fc.dictionary(
      fc.constantFrom('vim', 'zsh', 'blender', 'geogebra', 'emacs'),
      fc.constantFrom('1.0-1', '2.0-1', '1:2.0-3', '3.0-1'),
    ),
    candidate: fc.constantFrom(undefined, '3.0-1'),
    held: fc.subarray(['vim', 'zsh']),
    broken: fc.constantFrom([], [], [], [{ name: 'vim', state: 'half-configured' }]),
    seenScripts: fc.subarray(['proxy', 'printers', 'wallpaper']),
    script: observedScript,
    hostname: fc.constantFrom('pc', ...ids.map((id) => id.split('/')[1] ?? '')),
    sessions: fc.constantFrom([], [], [{ user: 'eleve', terminal: 'tty2' }]),
    rebootPending: fc.boolean(),
    running: fc.constantFrom(undefined, undefined, undefined, 'running' as ActionId),
    unread: fc.constantFrom(undefined, undefined, undefined, 'packages', 'scripts', 'identity' as const),
  })
  .map((drawn) => {
    const { unread } = drawn
    const all = facts({
      at: now - drawn.agoMs,
      installed: drawn.installed,
      packages: {
        held: new Set(drawn.held),
        broken: drawn.broken,
        candidates: new Map(drawn.candidate === undefined ? [] : [['vim', drawn.candidate]]),
      },
      scripts: new Map(drawn.seenScripts.map((name) => [wantedScript(name).name, drawn.script(name)])),
      identity: { hostname: drawn.hostname, authorizedKeys: [] },
      sessions: drawn.sessions,
      rebootPending: drawn.rebootPending,
      ...(drawn.running === undefined ? {} : { running: drawn.running }),
    })
    if (unread === undefined) return all
    const { [unread]: _, ...rest } = all
    return rest
  })

const observations: fc.Arbitrary<(id: string) => Observed | undefined> = fc
  .record({
    facts: someFacts,
    known: fc.boolean(),
    reach: fc.constantFrom('up', 'up', 'up', 'off', 'off', 'silent', 'imager', 'unseen' as const),
    agoMs: fc.constantFrom(1000, freshMs, freshMs + 1),
    hostKey: fc.boolean(),
    disk: observedDisks,
  })
  .map((drawn) => (id) => {
    const disk = drawn.disk === undefined ? {} : { disk: drawn.disk }
    const observedAt = now - drawn.agoMs
    switch (drawn.reach) {
      case 'unseen':
        return undefined
      case 'up':
        return up(id, drawn.facts, disk)
      case 'off':
        return off(id, drawn.known ? drawn.facts : undefined, { observedAt, ...disk })
      case 'imager':
        return off(id, drawn.known ? drawn.facts : undefined, { observedAt, reach: 'imager', ...disk })
      case 'silent': {
        const code = drawn.hostKey ? 'host-key-changed' : 'login-refused'
        return { ...off(id), reach: 'silent', ...disk, errors: [{ code, message: say('No.', 'Non.') }] }
      }
    }
  })

const someKeys = [
  'power/wake',
  'power/reboot',
  'packages/vim@vim=present',
  'packages/vim@vim=2.0',
  'packages/zsh@zsh=latest',
  `scripts/proxy=${digest('script-proxy')}`,
  `disk/image=${manifest('2026.09')}+${digest('layout')}`,
  'reset/reset@reset-hugo/a1-01',
]

/** What may be in flight on a PC; undefined: that is not known here. */
const flying: readonly (readonly Change[] | undefined)[] = [
  undefined,
  [{ facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }],
  [{ facet: 'power', item: 'reboot', from: 'up', to: 'rebooted', effect: 'disruptive' }],
  [
    {
      facet: 'packages',
      item: 'vim' as PackageName,
      source: 'vim',
      operation: 'install',
      from: null,
      to: 'present',
      effect: 'quiet',
    },
  ],
  [
    {
      facet: 'disk',
      item: 'image',
      operation: 'restore',
      from: null,
      to: manifest('2026.09'),
      image: 'debian-edu@2026.09',
      layout: digest('layout'),
      settings: digest('settings'),
      effect: 'destructive',
    },
  ],
]

const histories: fc.Arbitrary<History> = fc
  .record({
    isFlying: fc.integer({ min: 0, max: 3 }),
    flight: fc.record({
      changes: fc.constantFrom(...flying),
      since: fc.constantFrom(now + 5_000, now, now - 4_000, now - 9_999, now - 10_000, now - 600_000),
    }),
    applied: fc.subarray(['packages', 'scripts', 'identity', 'disk']),
    backoffs: fc.uniqueArray(
      fc.record({
        key: fc.constantFrom(...someKeys).map((key) => key as ChangeKey),
        attempts: fc.integer({ min: 1, max: 4 }),
        class: fc.constantFrom<Backoff['class']>('wait', 'retry', 'terminal'),
        notBefore: fc.constantFrom(now - 1, now + 60_000),
        reason: fc.constant({ code: 'boom', message: say('Boom.', 'Boum.'), detail: 'E: boom' }),
      }),
      { selector: (one) => one.key, maxLength: 3 },
    ),
  })
  .map(({ isFlying, flight: { changes, since }, applied, backoffs }) => ({
    ...(isFlying > 0
      ? {}
      : {
          inFlight: {
            action: 'a' as ActionId,
            owner: 'x',
            since,
            ...(changes === undefined ? {} : { changes }),
          },
        }),
    applied: Object.fromEntries(applied.map((facet) => [facet, digest(facet)])),
    backoffs,
  }))

const pauses: fc.Arbitrary<readonly Pause[]> = fc.array(
  fc.record({
    scope: fc.constantFrom<Pause['scope']>(
      { kind: 'park' },
      { kind: 'lycee', id: 'zola' },
      { kind: 'room', id: 'hugo/a1' },
      { kind: 'machine', id: 'hugo/b2-01' },
    ),
    who: fc.constant('marie'),
    why: fc.constant('travaux'),
    at: fc.constant(now - 5000),
    until: fc.constantFrom(now - 1, now, now + 1000, now + 2000),
  }),
  { maxLength: 2 },
)

const requests: fc.Arbitrary<readonly DiskRequest[]> = fc
  .uniqueArray(
    fc.record({
      machine: fc.constantFrom(...ids, 'hugo/gone-01'),
      kind: fc.constantFrom('reset', 'verify', 'capture' as const),
      agoMs: fc.constantFrom(0, 2000, 86_400_000),
    }),
    { selector: ({ machine: of, kind }) => `${of} ${kind}`, maxLength: 4 },
  )
  .map((list) =>
    list.map(({ machine: of, kind, agoMs }) => ({
      id: `${kind}-${of}` as DiskRequestId,
      machine: machineId(of),
      kind,
      ...(kind === 'capture' ? { image: 'golden@1' } : {}),
      who: 'marie',
      at: now - agoMs,
    })),
  )

const images: ReadonlyMap<string, KnownImage> = new Map([
  [manifest('2026.09'), { usedBytes: 8e9, storedBytes: 3e9, deltaBytes: () => 4e8 }],
])

const counts: fc.Arbitrary<readonly PaceCount[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('packages', 'scripts/proxy', 'disk/restore', 'disk/upgrade', 'power/wake', 'reset'),
    model: fc.constant(''),
    site: fc.constantFrom('hugo', 'zola').map(siteId),
    step: fc.integer({ min: -40, max: 29 }),
    times: fc.integer({ min: 1, max: 20 }),
  }),
  { maxLength: 8 },
)

export const inputs: fc.Arbitrary<PlanInput> = fc
  .record({
    desired: parks,
    seen: fc.array(observations, { minLength: ids.length + 1, maxLength: ids.length + 1 }),
    past: fc.array(histories, { minLength: ids.length + 1, maxLength: ids.length + 1 }),
    pauses: fc.oneof(fc.constant([]), pauses),
    requests: fc.oneof(fc.constant([]), requests),
    known: fc.boolean(),
    measured: counts,
  })
  .map(({ desired, seen, past, pauses: list, requests: asked, known, measured }) => {
    const all = [...ids, 'hugo/gone-01']
    const observed = all.flatMap((id, index) => seen[index]?.(id) ?? [])
    const history = new Map(
      all.flatMap((id, index) => {
        const one = past[index]
        return one === undefined ? [] : [[machineId(id), one] as const]
      }),
    )
    const durations = durationsOf(measured)
    const more = known ? { images, durations } : { durations }
    return planInput(desired, observed, { history, pauses: list, requests: asked, freshMs, ...more })
  })

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function withoutManifest({ manifest: _, ...rest }: WantedDisk): WantedDisk {
  return rest
}
