import { listImages } from '../../imaging/list-images.ts'
import { readTrials, type TrialRecord } from '../../imaging/trial-record.ts'
import { counted } from '../../reconciler/wording.ts'
import { formatSize } from '../../specs/size.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { table } from '../output/table.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (_, images) => {
    const listed = await listImages(images)
    const trials = new Map<string, readonly TrialRecord[]>()
    for (const { digest } of listed) trials.set(digest, await readTrials(images, digest))
    const { out, text, locale } = context
    if (context.json) {
      context.writeJson({
        images: listed.map((image) =>
          'refusal' in image
            ? {
                image: image.label,
                digest: `sha256:${image.digest}`,
                error: { code: image.refusal.code, message: text(image.refusal.message) },
              }
            : {
                image: image.label,
                digest: `sha256:${image.digest}`,
                createdAt: image.manifest.createdAt,
                createdFrom: image.manifest.createdFrom,
                partitions: image.manifest.partitions.map(({ name, fileSystem, sizeBytes }) => ({
                  name,
                  fileSystem: fileSystem.kind,
                  sizeBytes,
                })),
                usedBytes: image.usedBytes,
                storedBytes: image.storedBytes,
                ownBytes: image.ownBytes,
                sharedBytes: image.sharedBytes,
                missingChunks: image.missingChunks,
                trials: trials.get(image.digest) ?? [],
              },
        ),
      })
      return exitCode.done
    }
    if (listed.length === 0) {
      out.line(
        text(
          say(
            'No images yet. Import one: proviseur image import NAME@VERSION FILE',
            'Aucune image pour l’instant. Importez-en une\u00a0: proviseur image import NOM@VERSION FICHIER',
          ),
        ),
      )
      return exitCode.done
    }
    const columns = [
      { title: text(say('image', 'image')) },
      { title: text(say('used', 'utilisé')), align: 'right' },
      { title: text(say('stored', 'enregistré')), align: 'right' },
      { title: text(say('its own', 'en propre')), align: 'right' },
      { title: text(say('partitions', 'partitions')) },
      { title: text(say('tested', 'essais')) },
      { title: text(say('digest', 'empreinte')) },
    ] as const
    const rows = listed.map((image) =>
      'refusal' in image
        ? [
            image.label,
            '',
            '',
            '',
            out.colors.red(text(say('cannot be read', 'illisible'))),
            '',
            image.digest.slice(0, 12),
          ]
        : [
            image.label,
            formatSize(image.usedBytes, locale),
            formatSize(image.storedBytes, locale),
            formatSize(image.ownBytes, locale),
            image.manifest.partitions.map(({ name }) => name).join(' ') +
              (image.missingChunks > 0 ? out.colors.red(text(incomplete(image.missingChunks))) : ''),
            (trials.get(image.digest) ?? [])
              .map(({ firmware, passed }) => `${firmware} ${passed ? '✓' : out.colors.red('✗')}`)
              .join(' '),
            image.digest.slice(0, 12),
          ],
    )
    for (const line of table(columns, rows, out.colors.dim)) out.line(line)
    for (const image of listed)
      if ('refusal' in image)
        out.line(`${out.colors.red('✗')} ${image.label}: ${text(image.refusal.message)}`)
    return exitCode.done
  })

const incomplete = (chunks: number) => {
  const missing = counted(
    chunks,
    ['chunk is missing', 'chunks are missing'],
    ['bloc manque', 'blocs manquent'],
  )
  return say(` (incomplete: ${missing.en})`, ` (incomplète\u00a0: ${missing.fr})`)
}
