import type { Compilation } from './compilation.ts'
import { defaults } from './defaults.ts'
import type {
  DriftPolicy,
  Facet,
  Origin,
  Profile,
  WantedIdentity,
  WantedPackage,
  WantedReset,
  WantedScript,
} from './desired.ts'
import { checkDisk } from './disk.ts'
import { byCodeUnit } from './files.ts'
import type { Digest, PackageName, ScriptName } from './ids.ts'
import { leaves, valuesOf } from './layers.ts'
import { facetDigestsOf, type ProfileContent, profileDigest } from './profile-digest.ts'
import type { LayeredSettings } from './settings-layer.ts'
import { placeOfKey } from './source-path.ts'
import { positionOf } from './source-text.ts'
import type { Stack } from './stack.ts'
import { say } from './text.ts'
import { wantedDisk } from './wanted-disk.ts'

type Digested = Omit<Profile, 'origins'>

/** Resolves stacks to profiles: each stack once, equal contents kept once. */
export class ProfileTable {
  readonly #compilation: Compilation
  readonly #packages = new Map<string, WantedPackage>()
  readonly #bySettings = new Map<string, Digested>()
  readonly #byDigest = new Map<Digest, Digested>()

  constructor(compilation: Compilation) {
    this.#compilation = compilation
  }

  profileOf(stack: Stack): Profile {
    stack.profile ??= this.#resolve(stack)
    return stack.profile
  }

  #resolve(stack: Stack): Profile {
    // Every leaf was written by `settingsLayer` from checked settings, and merging keeps the shape.
    const settings = valuesOf(stack.merged) as LayeredSettings
    const origins = originsOf(stack)
    const layout = this.#layoutOrigin(settings)
    if (layout !== undefined) origins.set('layout', layout)
    const os = settings.os ?? settings.image?.os ?? defaults.os
    const imageOs = settings.image?.os
    const osAt = origins.get('os')
    if (osAt && imageOs !== undefined && imageOs !== os) {
      this.#compilation.findings.error(
        this.#compilation.catalog.placeAt(osAt),
        'os-mismatch',
        say(
          `This says ${os}, but image “${settings.image?.name}” is ${imageOs}. Leave \`os\` out: the image tells it.`,
          `Il est écrit ${os}, mais l’image « ${settings.image?.name} » est ${imageOs}. Retirez \`os\` : l’image le dit.`,
        ),
      )
    }
    const profile = { ...this.#digested(settings, stack.roles, os), origins }
    checkDisk(profile, this.#compilation)
    return profile
  }

  /** The layout is the image's own, whoever wants the image. */
  #layoutOrigin({ image }: LayeredSettings): Origin | undefined {
    const spec = image && this.#compilation.catalog.get('Image', image.name)
    if (spec === undefined) return undefined
    const { name } = spec.spec
    return { ...positionOf(placeOfKey(spec.document, ['disk'])), layer: { kind: 'image', name } }
  }

  /** The same settings give the same profile: a package of its own on one PC in each of 500 rooms is digested once. */
  #digested(settings: LayeredSettings, roles: readonly string[], os: Profile['os']): Digested {
    const key = JSON.stringify([roles, settings])
    const known = this.#bySettings.get(key)
    if (known) return known
    const content = this.#contentOf(settings, roles, os)
    const facetDigests = facetDigestsOf(content)
    const digest = profileDigest({ ...content, facetDigests })
    const twin = this.#byDigest.get(digest)
    const digested = twin ? { ...twin, windows: content.windows } : { digest, facetDigests, ...content }
    if (!twin) this.#byDigest.set(digest, digested)
    this.#bySettings.set(key, digested)
    return digested
  }

  #contentOf(settings: LayeredSettings, roles: readonly string[], os: Profile['os']): ProfileContent {
    const image = settings.image && this.#compilation.catalog.get('Image', settings.image.name)
    // A managed disk can always be reset; without an image there is nothing to go back to.
    const reset =
      settings.reset === undefined && image === undefined ? undefined : resetOf(settings.reset ?? {})
    return {
      roles,
      os,
      ...(settings.image === undefined || image === undefined || reset === undefined
        ? {}
        : { disk: wantedDisk(settings.image, image.spec, settings.boot, reset) }),
      packages: this.#packagesOf(settings, os),
      scripts: this.#scriptsOf(settings),
      identity: identityOf(settings),
      ...(reset === undefined ? {} : { reset }),
      ...(settings.userData === undefined
        ? {}
        : { userData: { migrate: settings.userData.migrate ?? false } }),
      windows: settings.windows ?? [],
      drift: driftOf(settings),
      inUse: settings.inUse ?? { kind: defaults.inUse },
      power: {
        wake: settings.power?.wake ?? defaults.power.wake,
        reboot: settings.power?.reboot ?? defaults.power.reboot,
      },
      ssh: {
        user: settings.ssh?.user ?? defaults.ssh.user,
        port: settings.ssh?.port ?? defaults.ssh.port,
        firstContact: settings.ssh?.firstContact ?? defaults.ssh.firstContact,
      },
      retry: {
        attempts: settings.retry?.attempts ?? defaults.retry.attempts,
        baseMs: settings.retry?.base ?? defaults.retry.baseMs,
        capMs: Math.max(settings.retry?.cap ?? defaults.retry.capMs, settings.retry?.base ?? 0),
      },
    }
  }

  #packagesOf(
    { packages = {} }: LayeredSettings,
    os: Profile['os'],
  ): ReadonlyMap<PackageName, WantedPackage> {
    const wanted = new Map<PackageName, WantedPackage>()
    for (const name of Object.keys(packages).sort(byCodeUnit)) {
      const setting = packages[name] ?? {}
      const key = `${os} ${name} ${JSON.stringify([setting.version, setting.hold, setting.effect])}`
      let found = this.#packages.get(key)
      if (!found) {
        found = this.#wantedPackage(name, setting, os)
        this.#packages.set(key, found)
      }
      wanted.set(found.name, found)
    }
    return wanted
  }

  #wantedPackage(
    name: string,
    setting: NonNullable<LayeredSettings['packages']>[string],
    os: Profile['os'],
  ): WantedPackage {
    const spec = this.#compilation.catalog.get('Package', name)?.spec
    const apt = spec?.debian?.apt
    const winget = spec?.windows?.winget
    const want = setting.version ?? { kind: 'present' }
    return {
      name: name as PackageName,
      ...(os === 'debian' && apt !== undefined ? { source: { kind: 'apt', name: apt } } : {}),
      ...(os === 'windows' && winget !== undefined ? { source: { kind: 'winget', name: winget } } : {}),
      want,
      // What is not there cannot be held.
      ...(setting.hold === undefined || want.kind === 'absent' ? {} : { hold: setting.hold }),
      effect: setting.effect ?? spec?.effect ?? defaults.packageEffect,
    }
  }

  /** In the order written: the lower layers' first. */
  #scriptsOf({ scripts = {} }: LayeredSettings): ReadonlyMap<ScriptName, WantedScript> {
    const wanted = new Map<ScriptName, WantedScript>()
    for (const [name, want] of Object.entries(scripts)) {
      const script = want === 'present' ? this.#compilation.scripts.get(name) : undefined
      if (script) wanted.set(script.name, script)
    }
    return wanted
  }
}

/** `packages.blender.version` is where Blender itself is wanted: `packages.blender`. */
function originsOf(stack: Stack): Map<string, Origin> {
  const origins = new Map<string, Origin>()
  for (const [path, { at }] of leaves(stack.merged)) {
    origins.set(path.startsWith('packages.') ? path.replace(/\.version$/, '') : path, at)
  }
  return origins
}

const identityOf = ({ identity }: LayeredSettings): WantedIdentity => ({
  hostname: identity?.hostname ?? defaults.identity.hostname,
  ...(identity?.authorizedKeys === undefined ? {} : { authorizedKeys: identity.authorizedKeys }),
})

const resetOf = (reset: NonNullable<LayeredSettings['reset']>): WantedReset => ({
  policy: reset.policy ?? defaults.resetPolicy,
  keep: reset.keep ?? [],
  by: reset.by ?? [],
})

function driftOf({ drift = {} }: LayeredSettings): Readonly<Record<Facet, DriftPolicy>> {
  return {
    disk: drift.disk ?? defaults.diskDrift,
    packages: drift.packages ?? defaults.drift,
    scripts: drift.scripts ?? defaults.drift,
    identity: drift.identity ?? defaults.drift,
    reset: drift.reset ?? defaults.drift,
  }
}
