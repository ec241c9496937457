import { basename, join, resolve } from 'node:path'
import type { ImageStore } from '../../imaging/folder-store.ts'
import { findImage } from '../../imaging/image-contents.ts'
import { findDiskImages } from '../../imaging/import/disk-image.ts'
import { type From, nothingToImport } from '../../imaging/import/image-parts.ts'
import { type Imported, importImage } from '../../imaging/import/import-image.ts'
import type { ImportRequest } from '../../imaging/import/import-request.ts'
import { parseImageLabel } from '../../imaging/store-paths.ts'
import { formatSize } from '../../specs/size.ts'
import { say, type Text } from '../../specs/text.ts'
import { layoutOf } from '../../specs/wanted-disk.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCode } from '../exit.ts'
import type { Given } from '../given.ts'
import { badLabel } from '../images/image-label.ts'
import {
  type FoundSpec,
  findImageSpec,
  readImageSpec,
  versionLine,
  writeDigest,
} from '../images/image-spec.ts'
import { withImages, withScratch } from '../images/image-store.ts'
import { createByteProgress } from '../images/progress.ts'
import { isFile, type Place } from '../place.ts'
import { ok, type Result, refuse } from '../result.ts'
import { ensureSigningKey, signingKeyPath } from '../signing-keys.ts'
import { makeStateFolder } from '../state.ts'
import { stopOnSignals } from '../stopping.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (place, images) => {
    const word = given.argument(0) ?? ''
    const label = parseImageLabel(word)
    if (label === undefined) return context.fail(badLabel(word), exitCode.usage)
    const singles = readSingles(context, given)
    if (!singles.ok) return context.fail(singles.reason, exitCode.usage)
    const from = await readFrom(images, given)
    if (!from.ok) return context.fail(from.reason)
    const spec = await readSpecOf(context, given, place, label.name)
    if (!spec.ok) return context.fail(spec.reason)
    const file = given.argument(1)
    const disk = file === undefined ? [] : [resolve(context.cwd, file)]
    const paths = [...disk, ...singles.value.map(({ path }) => path)]
    // Before a key is made that nobody needs yet.
    if (paths.length === 0 && from.value.length === 0)
      return context.fail(reasonOf(nothingToImport), exitCode.usage)
    const there = await findDiskImages(paths)
    if (!there.ok) return context.fail(reasonOf(there))
    await makeStateFolder(place.state)
    const isNew = !(await isFile(signingKeyPath(place.state, 'image-signing')))
    const key = await ensureSigningKey(place.state, 'image-signing')
    if (!key.ok) return context.fail(key.reason)
    const ended = await withProgress(context, (onNote, onProgress, signal) => {
      if (isNew) onNote(keyMade(signingKeyPath(place.state, 'image-signing')))
      const layout = spec.value === undefined ? {} : { layout: layoutOf(spec.value.spec) }
      return withScratch(
        resolve(context.cwd, given.value('scratch') ?? join(place.state, 'scratch')),
        (scratch) =>
          importImage(images, {
            ...label,
            ...(disk[0] === undefined ? {} : { diskPath: disk[0] }),
            ...layout,
            singles: singles.value,
            from: from.value,
            replace: given.flag('replace'),
            createdAt: new Date(context.clock.now()).toISOString().replace(/\.\d+Z$/u, 'Z'),
            source: [...paths.map((path) => basename(path)), ...given.values('from')].join(' '),
            scratch,
            privateKeyPem: key.value.privateKeyPem,
            onNote,
            onProgress,
            signal,
          }),
      )
    })
    if (ended === 'interrupted') return context.fail(interrupted, exitCode.interrupted)
    if (!ended.ok) return context.fail(reasonOf(ended))
    return finish(context, given, ended.value, spec.value)
  })

const withProgress = async <T>(
  context: Context,
  work: (
    onNote: (note: Text) => void,
    onProgress: ImportRequest['onProgress'],
    signal: AbortSignal,
  ) => Promise<T>,
): Promise<T | 'interrupted'> => {
  const progress = createByteProgress(context)
  const stopping = stopOnSignals()
  try {
    return await work(
      progress.note,
      (partition, { doneBytes, totalBytes, newBytes }) =>
        progress.show(partition, doneBytes, totalBytes, newBytes),
      stopping.signal,
    )
  } catch (error) {
    if (stopping.signal.aborted && error instanceof Error && error.name === 'AbortError') return 'interrupted'
    throw error
  } finally {
    stopping.release()
    progress.close()
  }
}

const finish = async (
  context: Context,
  given: Given,
  { digest, manifest, newBytes }: Imported,
  spec: FoundSpec | undefined,
): Promise<ExitCode> => {
  const target = given.value('spec') === undefined ? undefined : spec?.path
  if (target !== undefined) {
    const wrote = await writeDigest(target, manifest.version, digest)
    if (!wrote.ok) return context.fail(wrote.reason)
  }
  const usedBytes = manifest.partitions.reduce((sum, one) => sum + one.usedBytes, 0)
  const storedBytes = manifest.partitions.reduce((sum, one) => sum + one.storedBytes, 0)
  if (context.json) {
    const written = target === undefined ? {} : { spec: target }
    context.writeJson({ digest: `sha256:${digest}`, manifest, usedBytes, storedBytes, newBytes, ...written })
    return exitCode.done
  }
  const { out, text, locale } = context
  const size = (bytes: number): string => formatSize(bytes, locale)
  out.line(
    `${out.colors.green('✓')} ${out.colors.bold(`${manifest.name}@${manifest.version}`)}  sha256:${digest}`,
  )
  for (const one of manifest.partitions)
    out.line(`  ${one.name}  ${one.fileSystem.kind}  ${size(one.usedBytes)} → ${size(one.storedBytes)}`)
  out.line(
    `  ${text(say(`${size(usedBytes)} used, ${size(storedBytes)} stored, ${size(newBytes)} of it new`, `${size(usedBytes)} utilisés, ${size(storedBytes)} enregistrés, dont ${size(newBytes)} nouveaux`))}`,
  )
  out.line()
  const told =
    target === undefined
      ? say(
          `In images/${manifest.name}.yaml, under versions:`,
          `Dans images/${manifest.name}.yaml, sous versions\u00a0:`,
        )
      : say(`Written into ${target}:`, `Inscrit dans ${target}\u00a0:`)
  out.line(text(told))
  out.line(`  ${versionLine(manifest.version, digest)}`)
  return exitCode.done
}

const readSingles = (context: Context, given: Given): Result<ImportRequest['singles']> => {
  const singles: { name: string; path: string }[] = []
  for (const word of given.values('partition')) {
    const [, name, path] = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)=(.+)$/u.exec(word) ?? []
    if (name === undefined || path === undefined || singles.some((one) => one.name === name)) {
      return refuse(
        'bad-partition',
        say(
          `--partition takes NAME=FILE, each name once, not “${word}”.`,
          `--partition attend NOM=FICHIER, chaque nom une seule fois, et non «\u00a0${word}\u00a0».`,
        ),
      )
    }
    singles.push({ name, path: resolve(context.cwd, path) })
  }
  return ok(singles)
}

const readFrom = async (images: ImageStore, given: Given): Promise<Result<readonly From[]>> => {
  const from: From[] = []
  for (const word of given.values('from')) {
    const [label = '', only] = word.split(':')
    const found = await findImage(images, label)
    if (!found.ok) return { ok: false, reason: reasonOf(found) }
    const { manifest } = found.value
    if (only !== undefined && !manifest.partitions.some(({ name }) => name === only)) {
      const names = manifest.partitions.map(({ name }) => name).join(', ')
      return refuse(
        'partition-unknown',
        say(
          `${label} has no partition “${only}”. It has: ${names}.`,
          `${label} n’a pas de partition «\u00a0${only}\u00a0». Elle contient\u00a0: ${names}.`,
        ),
      )
    }
    from.push({ manifest, ...(only === undefined ? {} : { only }) })
  }
  return ok(from)
}

/** The spec that was named, else the park's own of this name; undefined: none, and partitions get names of their own. */
const readSpecOf = (
  context: Context,
  given: Given,
  place: Place,
  name: string,
): Promise<Result<FoundSpec | undefined>> => {
  const named = given.value('spec')
  return named === undefined ? findImageSpec(place.folder, name) : readImageSpec(resolve(context.cwd, named))
}

const reasonOf = ({ code, message, detail }: { code: string; message: Text; detail?: string }) => ({
  code,
  message,
  ...(detail === undefined ? {} : { detail }),
})

const keyMade = (path: string): Text =>
  say(
    `Made the park’s signing key ${path}. Keep a copy in a safe place; PCs trust images signed by it once the imager is built (proviseur imager build).`,
    `Clé de signature du parc créée\u00a0: ${path}. Conservez-en une copie en lieu sûr\u00a0; les postes font confiance aux images qu’elle signe dès que l’imageur est construit (proviseur imager build).`,
  )

const interrupted = {
  code: 'interrupted',
  message: say(
    'Interrupted. What was stored stays: the same command goes on from there.',
    'Interrompu. Ce qui est enregistré le reste\u00a0: la même commande reprendra à partir de là.',
  ),
}
