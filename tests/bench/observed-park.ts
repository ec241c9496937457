/** The stored inventory of a generated park: as a loop leaves it when nearly everything is right, one PC in twenty drifted, one in ten off. */
import { createHash } from 'node:crypto'
import type { ScriptName } from '../../reconciler/model/ids.ts'
import type { Facts, Observed, ObservedPackages, ObservedScript } from '../../reconciler/model/observed.ts'
import type { Desired, DesiredMachine, WantedPackage } from '../../specs/desired.ts'
import type { Digest, SiteId } from '../../specs/ids.ts'

/** What a Debian desktop installs besides the wanted packages; about what `dpkg-query` lists on a school PC. */
const BASE_PACKAGES = 600

/** Each lycée was installed another day, so that no two have quite the same versions. */
const basePackages = (site: number): readonly (readonly [string, string])[] =>
  Array.from(
    { length: BASE_PACKAGES },
    (_, index) =>
      [
        `lib-base-${index}`,
        `${index % 9}.${index}-1+deb12u${index === site % BASE_PACKAGES ? 9 : index % 4}`,
      ] as const,
  )

type Builder = {
  readonly at: number
  readonly sites: readonly SiteId[]
  readonly sets: Map<string, ObservedPackages>
}

export function observePark(desired: Desired, at: number): readonly Observed[] {
  const builder: Builder = { at, sites: [...desired.sites.keys()], sets: new Map() }
  return [...desired.machines.values()].map((machine, index) => observeMachine(builder, machine, index))
}

const drifted = (index: number): boolean => index % 20 === 7
const off = (index: number): boolean => index % 10 === 3

function observeMachine(builder: Builder, machine: DesiredMachine, index: number): Observed {
  return {
    machine: machine.id,
    observedAt: builder.at,
    observer: 'bench',
    reach: off(index) ? 'off' : 'up',
    facts: factsOf(builder, machine, index),
    errors: [],
  }
}

function factsOf(builder: Builder, machine: DesiredMachine, index: number): Facts {
  const bootId = bootIdOf(index)
  return {
    at: builder.at,
    bootId,
    bootedAt: builder.at - 3_600_000,
    clockSkewMs: index % 40,
    os: {
      id: 'debian',
      version: '12',
      name: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-31-amd64',
      arch: 'x86_64',
    },
    hardware: {
      vendor: 'HP',
      model: `ProDesk ${400 + (index % 7)}`,
      serial: `S${index}`,
      uuid: bootIdOf(index + 0x10_00_00_00),
      cpu: 'Intel(R) Core(TM) i5-8500 CPU @ 3.00GHz',
      cpus: 4,
      memoryBytes: 8_000_000_000,
      firmware: 'uefi',
      macs: [machine.mac],
      disks: [{ name: 'sda', sizeBytes: 256_000_000_000, rotational: false }],
      rootFreeBytes: 20_000_000_000,
    },
    sessions: [],
    rebootPending: false,
    packages: packagesOf(builder, machine, drifted(index) ? index % 3 : undefined),
    scripts: new Map(
      [...machine.profile.scripts.values()].map((script, position) => [
        script.name,
        ranScript(script, builder.at - 60_000 - position * 1_000 - (index % 977), bootId),
      ]),
    ),
    identity: { hostname: machine.name, authorizedKeys: [] },
  }
}

function packagesOf(
  builder: Builder,
  machine: DesiredMachine,
  missing: number | undefined,
): ObservedPackages {
  const key = `${machine.site} ${machine.profile.digest} ${missing}`
  const known = builder.sets.get(key)
  if (known) return known
  const installed = new Map(basePackages(builder.sites.indexOf(machine.site)))
  let position = 0
  for (const wanted of machine.profile.packages.values()) {
    if (position++ !== missing && wanted.want.kind !== 'absent')
      installed.set(wanted.source?.name ?? wanted.name, versionOf(wanted))
  }
  const set: ObservedPackages = {
    digest: `sha256:${createHash('sha256')
      .update(JSON.stringify([...installed]))
      .digest('hex')}` as Digest,
    installed,
    held: new Set(),
    broken: [],
    candidates: new Map(),
  }
  builder.sets.set(key, set)
  return set
}

/** Written like the kernel's: 36 characters. */
const bootIdOf = (index: number): string => `6d1f0c52-8a3e-4b7d-9c10-${index.toString(16).padStart(12, '0')}`

const versionOf = ({ want }: WantedPackage): string =>
  want.kind === 'version' ? `${want.version}-1` : '1.0-1'

function ranScript(
  script: { readonly digest: Digest; readonly name: ScriptName; readonly trigger: { readonly kind: string } },
  at: number,
  bootId: string,
): ObservedScript {
  const run = { digest: script.digest, bootId, at }
  return {
    lastRun: { ...run, exitCode: 0 },
    succeeded: run,
    ...(script.trigger.kind === 'check' ? { check: { digest: script.digest, exitCode: 0, output: '' } } : {}),
  }
}
