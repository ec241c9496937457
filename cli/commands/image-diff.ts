import { diffImages, type PartitionDiff } from '../../imaging/diff-images.ts'
import { findImage } from '../../imaging/image-contents.ts'
import { formatCount } from '../../reconciler/wording.ts'
import { formatSize } from '../../specs/size.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { table } from '../output/table.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (_, images) => {
    const older = await findImage(images, given.argument(0) ?? '')
    if (!older.ok) return context.fail({ code: older.code, message: older.message })
    const newer = await findImage(images, given.argument(1) ?? '')
    if (!newer.ok) return context.fail({ code: newer.code, message: newer.message })
    const diff = await diffImages(images, older.value.manifest, newer.value.manifest)
    if (!diff.ok) return context.fail({ code: diff.code, message: diff.message })
    if (context.json) {
      context.writeJson({ from: older.value.label, to: newer.value.label, ...diff.value })
      return exitCode.done
    }
    const { out, text, locale } = context
    const columns = [
      { title: text(say('partition', 'partition')) },
      { title: '' },
      { title: text(say('chunks', 'blocs')), align: 'right' },
      { title: text(say('same', 'identiques')), align: 'right' },
      { title: text(say('written', 'écrit')), align: 'right' },
      { title: text(say('fetched', 'à télécharger')), align: 'right' },
    ] as const
    const rows = diff.value.partitions.map((one) => [
      one.name,
      text(kinds[one.kind]),
      formatCount(one.chunks, locale),
      formatCount(one.sameChunks, locale),
      formatSize(one.changedBytes, locale),
      formatSize(one.fetchBytes, locale),
    ])
    for (const line of table(columns, rows, out.colors.dim)) out.line(line)
    const total = formatSize(diff.value.fetchBytes, locale)
    out.line(
      text(
        say(
          `A PC with ${older.value.label} fetches ${total}.`,
          `Un poste en ${older.value.label} télécharge ${total}.`,
        ),
      ),
    )
    return exitCode.done
  })

const kinds: Readonly<Record<PartitionDiff['kind'], Text>> = {
  same: say('same', 'identique'),
  changed: say('changed', 'modifiée'),
  added: say('added', 'ajoutée'),
  removed: say('removed', 'retirée'),
}
