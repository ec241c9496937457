/**
 * The site server's part of `up`: for each lycée whose `server` is here, its HTTP and netboot; and for all of them together the imager
 * desk, the image store and the disk provider.
 */
import { join } from 'node:path'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { finishCapture } from '../../imaging/publish.ts'
import { createDesk } from '../../providers/imaging/desk.ts'
import type { DiskParts } from '../../providers/imaging/disk-parts.ts'
import { createDiskProvider } from '../../providers/imaging/disk-provider.ts'
import { captureFailed } from '../../providers/imaging/disk-reasons.ts'
import { resetRoutes } from '../../providers/imaging/reset-page.ts'
import type { Route } from '../../providers/imaging/route.ts'
import { imagerRoutes } from '../../providers/imaging/routes.ts'
import { storeRoutes } from '../../providers/imaging/store-routes.ts'
import { wake } from '../../providers/power/wake.ts'
import type { SecretOpener } from '../../providers/ssh/provider.ts'
import type { LoopProgress } from '../../reconciler/loop/progress.ts'
import type { MachineId, SiteId } from '../../reconciler/model/ids.ts'
import type { DiskProgress } from '../../reconciler/model/outcome.ts'
import type { Decision, KnownImage } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import type { Clock, Provider } from '../../reconciler/ports.ts'
import type { Store } from '../../reconciler/store/store.ts'
import type { Desired, DesiredMachine, DesiredSite, SiteServer } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { statesInForce } from '../images/states-in-force.ts'
import type { Place } from '../place.ts'
import { ok, type Result } from '../result.ts'
import { ensureImageKey, ensureSigningKey } from '../signing-keys.ts'
import { noteDiscovered } from './discovered.ts'
import { storedDisks } from './disk-memory.ts'
import { givenImager } from './given-imager.ts'
import { openHalfWritten, rememberingTorn } from './half-written.ts'
import { createImageSupply } from './image-supply.ts'
import { imagedKeys, keepingKeys } from './imaged-keys.ts'
import { createKnownImages } from './known-images.ts'
import { lyceeResets } from './lycee-resets.ts'
import { type LyceeServices, startLycee } from './lycee-services.ts'
import { macTable, type Placed } from './mac-table.ts'
import { createOwnLycees } from './own-lycees.ts'
import { broke, storeTrouble } from './site-reasons.ts'
import { wantedImages } from './wanted-images.ts'

export type SiteParts = {
  readonly place: Place
  readonly store: Store
  readonly clock: Clock
  readonly observer: string
  /** As in `ssh-ed25519 AAAA… comment`. */
  readonly managementKeys: readonly string[]
  /** This lycée only, whatever addresses this machine has; undefined: those whose server's address is one of this machine's. */
  readonly only: string | undefined
  readonly kernelOptions: readonly string[]
  readonly openSecret: SecretOpener
  /** Base address from which wanted images are fetched ahead; undefined: they are brought into the store by hand. */
  readonly imagesFrom: string | undefined
  readonly trouble: (reason: Reason) => void
  /** A machine is in the imager: look at it now. */
  readonly look: (machine: MachineId) => void
  /** What is to be decided from has changed: plan anew. */
  readonly wake: () => void
}

export type Site = {
  /** The provider of disks, around the one that reaches PCs' own systems. */
  disks(inner: Provider): Provider
  images(): ReadonlyMap<string, KnownImage>
  /** Of the images that these machines are to have: those that are not known to be complete in the store, and why. */
  awaited(desired: Desired): ReadonlyMap<string, Reason>
  /** What the loop tells: a new target may want other services; decisions are shown on the screens of PCs that wait. */
  hear(progress: LoopProgress): void
  stop(): Promise<void>
}

export const openSite = async (parts: SiteParts): Promise<Result<Site>> => {
  const { place, store, clock, observer } = parts
  const siteKey = await ensureSigningKey(place.state, 'site-signing')
  if (!siteKey.ok) return siteKey
  const imageKey = await ensureImageKey(place.state)
  if (!imageKey.ok) return imageKey
  const images = openFolderStore(join(place.state, 'images'))
  const known = createKnownImages(images)
  const memory = storedDisks(store, observer)
  const halfWritten = await openHalfWritten(join(place.state, 'half-written.json'), (thrown) =>
    parts.trouble(broke(thrown)),
  )
  const own = createOwnLycees(parts.only)
  const lycees = new Map<SiteId, LyceeServices>()
  const decisions = new Map<MachineId, Decision>()
  const running = new Map<MachineId, DiskProgress>()
  let current: Desired | undefined
  let table: ReadonlyMap<string, Placed> = new Map()
  let background: Promise<void> = Promise.resolve()

  /** Work that an event started: one at a time, and never unseen if it fails. */
  const inBackground = (work: () => Promise<void>): void => {
    background = background.then(work).catch((thrown: unknown) => parts.trouble(broke(thrown)))
  }

  const supply = createImageSupply({
    store: images,
    clock,
    parkKey: imageKey.value.publicKeyPem,
    origin: parts.imagesFrom,
    trouble: parts.trouble,
    changed: () =>
      inBackground(async () => {
        await known.refresh()
        parts.wake()
      }),
  })

  const lookup = (macs: readonly string[]) => {
    const placed = macs.map((mac) => table.get(mac)).find((one) => one !== undefined)
    return placed && { machine: placed.machine.id }
  }

  const desk = createDesk({
    clock,
    siteKeyPem: siteKey.value.privateKeyPem,
    lookup,
    onHello: (machine) => parts.look(machine as MachineId),
    onDiscovered: (hello) => inBackground(() => noteDiscovered(store, clock, observer, hello)),
    discovered: await store.discovered(),
    torn: halfWritten.disks(),
    onTorn: halfWritten.note,
    waitMessage: (machine) => messageOf(decisions.get(machine as MachineId)),
  })

  const bootAnswer = async (mac: string): Promise<{ readonly kind: 'imager' | 'local' }> => {
    const placed = table.get(mac)
    const unseen =
      placed?.machine.profile.disk !== undefined && (await memory.disk(placed.machine.id)) === undefined
    if (placed !== undefined && unseen) desk.wantLook(placed.machine.mac)
    return { kind: desk.bootAnswer(mac) }
  }

  const pins = imagedKeys(store, clock, observer)
  const diskOf = (machine: MachineId) =>
    table.values().find((placed) => placed.machine.id === machine)?.machine.profile.disk

  const routes: readonly Route[] = [
    storeRoutes({
      store: images,
      mayUpload: (token) => desk.mayUpload(token),
      onTrouble: (path, error) => parts.trouble(storeTrouble(path, error)),
    }),
    imagerRoutes({
      ...desk,
      done: keepingKeys({ done: rememberingTorn(desk, halfWritten) }, store, pins, diskOf),
    }),
  ]

  const finish: DiskParts['finishCapture'] = async (action, work, draft) => {
    const image = `${work.name}@${work.version}`
    const { privateKeyPem } = imageKey.value
    if (privateKeyPem === undefined) return { ok: false, reason: captureNotSigned(image) }
    const finished = await finishCapture(images, draft, privateKeyPem)
    if (!finished.ok) return { ok: false, reason: captureFailed(image, finished.message.en) }
    await known.refresh()
    await store.append([
      {
        at: clock.now(),
        kind: 'image-captured',
        machine: action.machine,
        actor: observer,
        message: say(
          `Captured as ${image}: sha256:${finished.value}`,
          `Capturé sous ${image}\u00a0: sha256:${finished.value}`,
        ),
        data: { action: action.id, image, digest: finished.value },
      },
    ])
    return { ok: true }
  }

  const resetPage = (desired: Desired, site: DesiredSite, { resetPin }: SiteServer): readonly Route[] => {
    if (resetPin === undefined) return []
    const resets = lyceeResets({
      store,
      clock,
      site: site.id,
      pin: resetPin,
      openSecret: parts.openSecret,
      desired: () => current,
      decision: (machine) => decisions.get(machine),
      running: (machine) => running.get(machine),
    })
    const { title, timezone } = site
    return [resetRoutes({ desk: resets, clock, lycee: title, timezone, locale: desired.park.locale })]
  }

  const start = (desired: Desired, site: DesiredSite, machines: ReadonlyMap<MachineId, DesiredMachine>) => {
    if (site.server === undefined) return
    lycees.set(
      site.id,
      startLycee({
        site: site.id,
        server: site.server,
        machines,
        locale: desired.park.locale,
        clock,
        bootFolder: join(place.state, 'boot'),
        stateFolder: join(place.state, 'netboot'),
        kernelOptions: parts.kernelOptions,
        routes: [...routes, ...resetPage(desired, site, site.server)],
        bootAnswer,
        trouble: parts.trouble,
      }),
    )
  }

  /** @param states the first is what is wanted now; images of the others are fetched ahead. */
  const follow = async (desired: Desired, states: readonly Desired[]): Promise<void> => {
    current = desired
    table = macTable(desired)
    await known.refresh()
    const mine = own.look(desired)
    supply.follow(wantedImages(states, mine))
    for (const [id, services] of lycees) {
      if (JSON.stringify(mine.get(id)?.server) === JSON.stringify(services.server)) continue
      lycees.delete(id)
      await services.stop()
    }
    for (const [id, site] of mine) {
      const machines = new Map([...desired.machines].filter(([, { site: of }]) => of === id))
      const running = lycees.get(id)
      if (running === undefined) start(desired, site, machines)
      else running.follow(machines)
    }
  }

  return ok({
    disks: (inner) =>
      createDiskProvider({
        inner,
        desk,
        wake: (mac, to, signal) => wake(mac, to, { signal }),
        clock,
        observer,
        managementKeys: parts.managementKeys,
        imager: () => givenImager(join(place.state, 'boot')),
        pins,
        memory,
        finishCapture: finish,
      }),
    images: known.all,
    awaited: (desired) => supply.awaited(wantedImages([desired], own.of(desired)).images),
    hear: (progress) => {
      switch (progress.kind) {
        case 'planned':
          for (const [machine, decision] of progress.plan.decisions) decisions.set(machine, decision)
          return
        case 'running':
          if (progress.progress.disk !== undefined) running.set(progress.machine, progress.progress.disk)
          return
        case 'ended':
          running.delete(progress.action.machine)
          return
        case 'target':
          inBackground(async () => {
            const states = await statesInForce(store, { back: false })
            const [desired] = states
            if (desired !== undefined) await follow(desired, states)
          })
          return
      }
    },
    stop: async () => {
      await supply.stop()
      await background
      await Promise.all([...lycees.values()].map((services) => services.stop()))
    },
  })
}

/** Why the PC waits, where that is more than that its turn comes in a moment. */
const messageOf = (decision: Decision | undefined): Text | undefined => {
  if (decision === undefined || !('reason' in decision)) return undefined
  if (decision.kind === 'held' && ['fresh', 'in-flight', 'capacity'].includes(decision.by)) return undefined
  return decision.kind === 'unknown' ? undefined : decision.reason.message
}

const captureNotSigned = (image: string): Reason => ({
  code: 'capture-not-signed',
  message: say(
    `${image} was read, but this server has only the public half of the park’s key and cannot sign it. Capture from the server that has keys/image-signing.`,
    `${image} a été lue, mais ce serveur n’a que la moitié publique de la clé du parc et ne peut pas la signer. Capturez depuis le serveur qui possède keys/image-signing.`,
  ),
})
