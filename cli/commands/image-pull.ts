import { isManifestDigest, type ManifestDigest, parseManifestDigest } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import type { HttpSource } from '../../imaging/http-source.ts'
import { parseImageLabel } from '../../imaging/store-paths.ts'
import { type Pulled, pullImage } from '../../providers/imaging/pull.ts'
import { formatSize } from '../../specs/size.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCode } from '../exit.ts'
import { badLabel } from '../images/image-label.ts'
import { findImageSpec } from '../images/image-spec.ts'
import { readPublicKey, withImages } from '../images/image-store.ts'
import { openOrigin, readBandwidth, readOrigin } from '../images/origin.ts'
import { createByteProgress } from '../images/progress.ts'
import { ok, type Result, refuse } from '../result.ts'
import { signingKeyPath } from '../signing-keys.ts'
import { makeStateFolder } from '../state.ts'
import { stopOnSignals } from '../stopping.ts'

type Label = NonNullable<ReturnType<typeof parseImageLabel>>

export const run: Run = (context, given) =>
  withImages(context, given, async (place, images) => {
    const word = given.argument(0) ?? ''
    const label = parseImageLabel(word)
    if (label === undefined) return context.fail(badLabel(word), exitCode.usage)
    const origin = readOrigin(given, 'from')
    if (!origin.ok) return context.fail(origin.reason, exitCode.usage)
    if (origin.value === undefined) return context.fail(noOrigin, exitCode.usage)
    const bandwidth = readBandwidth(given)
    if (!bandwidth.ok) return context.fail(bandwidth.reason, exitCode.usage)
    const parkKey = await readPublicKey(place.state)
    if (parkKey === undefined)
      return context.fail(noParkKey(`${signingKeyPath(place.state, 'image-signing')}.pub`))
    const planned = await plannedDigest(place.folder, label)
    if (!planned.ok) return context.fail(planned.reason)
    await makeStateFolder(place.state)

    const source = openOrigin(context.clock, origin.value, bandwidth.value)
    const stopping = stopOnSignals()
    try {
      const digest = planned.value ?? (await askOrigin(source, label, stopping.signal))
      if (typeof digest !== 'string') return context.fail(digest.reason)
      const pulled = await pull(context, { source, images, parkKey }, label, digest, stopping.signal)
      return pulled.ok ? finish(context, word, digest, pulled.value) : context.fail(pulled.reason)
    } catch (thrown) {
      if (!stopping.signal.aborted) throw thrown
      return context.fail(interrupted, exitCode.interrupted)
    } finally {
      stopping.release()
      source.close()
    }
  })

type Pulling = { readonly source: HttpSource; readonly images: ImageStore; readonly parkKey: string }

const pull = async (
  context: Context,
  { source, images, parkKey }: Pulling,
  { label }: Label,
  digest: ManifestDigest,
  signal: AbortSignal,
): Promise<Result<Pulled>> => {
  const progress = createByteProgress(context)
  const { clock } = context
  try {
    const parts = { from: source, into: images, parkKey, clock }
    const onProgress = ({ chunks, stored, fetchedBytes }: Parameters<OnProgress>[0]): void =>
      progress.show(label, stored * 2 ** 20, chunks * 2 ** 20, fetchedBytes)
    const pulled = await pullImage({ ...parts, onProgress }, { label, digest }, signal)
    if (pulled.ok) return ok(pulled.value)
    const { code, message, detail } = pulled
    return { ok: false, reason: { code, message, ...(detail === undefined ? {} : { detail }) } }
  } finally {
    progress.close()
  }
}

type OnProgress = NonNullable<Parameters<typeof pullImage>[0]['onProgress']>

const finish = (
  context: Context,
  image: string,
  digest: ManifestDigest,
  { fetchedChunks, fetchedBytes }: Pulled,
): ExitCode => {
  if (context.json) {
    context.writeJson({ image, digest: `sha256:${digest}`, fetchedChunks, fetchedBytes })
    return exitCode.done
  }
  const { out, text, locale } = context
  out.line(`${out.colors.green('✓')} ${out.colors.bold(image)}  sha256:${digest}`)
  const size = formatSize(fetchedBytes, locale)
  const told =
    fetchedChunks === 0
      ? say('  It was here already, complete.', '  Elle était déjà ici, complète.')
      : say(`  ${size} fetched in ${fetchedChunks} chunks`, `  ${size} récupérés en ${fetchedChunks} blocs`)
  out.line(text(told))
  return exitCode.done
}

/** As the specs have it: what the origin says of the name is then of no weight. Undefined: they say nothing of this version. */
const plannedDigest = async (folder: string, label: Label): Promise<Result<ManifestDigest | undefined>> => {
  const spec = await findImageSpec(folder, label.name)
  if (!spec.ok) return spec
  const digest = spec.value?.spec.versions[label.version]?.digest
  return ok(digest === undefined ? undefined : parseManifestDigest(digest))
}

const askOrigin = async (
  source: HttpSource,
  { label }: Label,
  signal: AbortSignal,
): Promise<ManifestDigest | Extract<Result<never>, { ok: false }>> => {
  const found = await source.pointer(label, signal)
  if (found.ok && isManifestDigest(found.value)) return found.value
  if (found.ok) throw new Error('the source gave a pointer that is no digest')
  const { code, message } = found
  if (code !== 'missing') return { ok: false, reason: { code, message } }
  return refuse(
    'image-unknown',
    say(
      `The origin has no image ${label}. See there which it has: proviseur image list`,
      `L’origine n’a pas d’image ${label}. Voyez sur place lesquelles elle a\u00a0: proviseur image list`,
    ),
  )
}

const noOrigin = {
  code: 'no-origin',
  message: say(
    'Say where the image comes from: --from http://hub.example.org:8080',
    'Indiquez d’où vient l’image\u00a0: --from http://hub.example.org:8080',
  ),
}

const noParkKey = (path: string) => ({
  code: 'park-key-missing',
  message: say(
    `The park’s public key is not here, so no image can be trusted. Copy keys/image-signing.pub of the state folder where images are made to ${path}.`,
    `La clé publique du parc n’est pas ici\u00a0: aucune image ne peut être vérifiée. Copiez keys/image-signing.pub du dossier d’état où les images sont faites vers ${path}.`,
  ),
})

const interrupted = {
  code: 'interrupted',
  message: say(
    'Interrupted. What came stays: the same command goes on from there.',
    'Interrompu. Ce qui est arrivé est conservé\u00a0: la même commande reprendra à partir de là.',
  ),
}
