/**
 * Sees to it that what the PCs of this server are to have is in its image store, complete, ahead of the hour at which it is written:
 * fetches it from the origin where there is one, in the background, else says that it is not there. A version's manifest comes into the
 * store last, so nobody is ever served half of it.
 */
import type { ManifestDigest } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import type { ImageLabel } from '../../imaging/store-paths.ts'
import { isComplete, pullImage } from '../../providers/imaging/pull.ts'
import { imageShare } from '../../reconciler/link.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import { say } from '../../specs/text.ts'
import { openOrigin } from '../images/origin.ts'

export type WantedImages = {
  readonly images: ReadonlyMap<ManifestDigest, ImageLabel>
  /** Of the lycée's uplink; undefined: not limited. */
  readonly bitsPerSecond: number | undefined
}

export type ImageSupply = {
  follow(wanted: WantedImages): void
  /** Which of these (by default of those that are followed) cannot be written yet, by manifest digest; a version that was not looked for yet is among them. */
  awaited(images?: WantedImages['images']): ReadonlyMap<string, Reason>
  stop(): Promise<void>
}

export type SupplyParts = {
  readonly store: ImageStore
  readonly clock: Clock
  /** SPKI PEM. */
  readonly parkKey: string
  /** Base address; undefined: images come by import, capture or `image pull`. */
  readonly origin: string | undefined
  readonly trouble: (reason: Reason) => void
  /** Something has become complete, or was found to be missing. */
  readonly changed: () => void
  /** How soon what somebody else brings into the store is seen, and what failed is tried again. */
  readonly recheckMs?: number
}

const failuresTill = { firstMs: 15_000, capMs: 10 * 60_000 }

type State = { readonly kind: 'complete' } | { readonly kind: 'awaited'; readonly reason: Reason }

export const createImageSupply = (parts: SupplyParts): ImageSupply => {
  const { store, clock, origin } = parts
  const stopping = new AbortController()
  const states = new Map<ManifestDigest, State>()
  const failures = new Map<ManifestDigest, { readonly count: number; readonly notBefore: number }>()
  let wanted: WantedImages = { images: new Map(), bitsPerSecond: undefined }
  let pulling: { readonly digest: ManifestDigest; readonly end: AbortController } | undefined
  let pause = new AbortController()

  const enter = (digest: ManifestDigest, state: State): void => {
    const before = states.get(digest)
    states.set(digest, state)
    if (before === undefined || gist(before) !== gist(state)) parts.changed()
  }

  const check = async (digest: ManifestDigest, label: ImageLabel): Promise<void> => {
    const known = states.get(digest)?.kind === 'complete'
    // Whether each of thousands of chunks is there is asked once; gc takes manifests first.
    const complete = known ? (await store.readManifest(digest)).ok : await isComplete(store, digest)
    if (complete) return enter(digest, { kind: 'complete' })
    if (origin === undefined) return enter(digest, { kind: 'awaited', reason: notHere(label) })
    if ((failures.get(digest)?.notBefore ?? 0) > clock.now()) return
    await fetchFrom(origin, digest, label)
  }

  const fetchFrom = async (baseUrl: string, digest: ManifestDigest, label: ImageLabel): Promise<void> => {
    if (states.get(digest)?.kind !== 'awaited')
      enter(digest, { kind: 'awaited', reason: coming(label, baseUrl) })
    const { bitsPerSecond } = wanted
    const source = openOrigin(clock, baseUrl, bitsPerSecond && bitsPerSecond * imageShare)
    const end = new AbortController()
    const signal = AbortSignal.any([stopping.signal, end.signal])
    pulling = { digest, end }
    try {
      const pulled = await pullImage(
        { from: source, into: store, parkKey: parts.parkKey, clock },
        { label, digest },
        signal,
      )
      if (!pulled.ok) return failed(digest, notFetched(label, baseUrl, pulled))
      failures.delete(digest)
      enter(digest, { kind: 'complete' })
    } catch (thrown) {
      // Stopped, or wanted no longer: what has come stays for the next time.
      if (!signal.aborted) throw thrown
    } finally {
      pulling = undefined
      source.close()
    }
  }

  const failed = (digest: ManifestDigest, reason: Reason): void => {
    const count = (failures.get(digest)?.count ?? 0) + 1
    const pauseMs = Math.min(failuresTill.firstMs * 2 ** (count - 1), failuresTill.capMs)
    failures.set(digest, { count, notBefore: clock.now() + pauseMs })
    const before = states.get(digest)
    enter(digest, { kind: 'awaited', reason })
    if (before === undefined || gist(before) !== gist({ kind: 'awaited', reason })) parts.trouble(reason)
  }

  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      pause = new AbortController()
      for (const [digest, label] of wanted.images) {
        if (stopping.signal.aborted || pause.signal.aborted) break
        await check(digest, label).catch((thrown: unknown) => failed(digest, broke(label, thrown)))
      }
      const either = AbortSignal.any([stopping.signal, pause.signal])
      if (!either.aborted) await clock.sleep(parts.recheckMs ?? 15_000, either)
    }
  }

  const worked = work()

  return {
    follow: (next) => {
      wanted = next
      for (const digest of states.keys()) if (!next.images.has(digest)) states.delete(digest)
      for (const digest of failures.keys()) if (!next.images.has(digest)) failures.delete(digest)
      if (pulling !== undefined && !next.images.has(pulling.digest)) pulling.end.abort()
      pause.abort()
    },
    awaited: (images = wanted.images) =>
      new Map(
        [...images].flatMap(([digest, label]) => {
          const state = states.get(digest) ?? { kind: 'awaited', reason: unchecked(label) }
          return state.kind === 'awaited' ? [[digest, state.reason]] : []
        }),
      ),
    stop: async () => {
      stopping.abort()
      await worked
    },
  }
}

const gist = (state: State): string =>
  state.kind === 'complete' ? '' : `${state.reason.code} ${state.reason.message.en}`

const notHere = (label: string): Reason => ({
  code: 'image-not-here',
  message: say(
    `The image ${label} is not complete in this server’s image store, so nothing is written from it. Bring it here: proviseur image pull ${label} --from URL, or start up with --images-from URL.`,
    `L’image ${label} n’est pas complète dans le dépôt de ce serveur\u00a0: rien n’est écrit à partir d’elle. Récupérez-la\u00a0: proviseur image pull ${label} --from URL, ou lancez up avec --images-from URL.`,
  ),
})

const unchecked = (label: string): Reason => ({
  code: 'image-unchecked',
  message: say(
    `Whether all of the image ${label} is in this server’s image store is being checked.`,
    `La présence de toute l’image ${label} dans le dépôt de ce serveur est en cours de vérification.`,
  ),
})

const coming = (label: string, origin: string): Reason => ({
  code: 'image-coming',
  message: say(
    `The image ${label} is being fetched from ${origin}; PCs are written once all of it is here.`,
    `L’image ${label} est en cours de récupération depuis ${origin}\u00a0; les postes seront écrits dès qu’elle sera complète.`,
  ),
})

const notFetched = (
  label: string,
  origin: string,
  { message, detail }: { readonly message: Reason['message']; readonly detail?: string },
): Reason => ({
  code: 'image-not-fetched',
  message: say(
    `The image ${label} could not be fetched from ${origin}; it is tried again by itself. ${message.en}`,
    `L’image ${label} n’a pas pu être récupérée depuis ${origin}\u00a0; un nouvel essai aura lieu de lui-même. ${message.fr}`,
  ),
  ...(detail === undefined ? {} : { detail }),
})

const broke = (label: string, thrown: unknown): Reason => ({
  code: 'image-not-fetched',
  message: say(
    `The image ${label} could not be brought into the image store. Check the disk of this server.`,
    `L’image ${label} n’a pas pu être placée dans le dépôt d’images. Vérifiez le disque de ce serveur.`,
  ),
  detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
})
