import { collectGarbage, defaultGraceMs } from '../../imaging/collect-garbage.ts'
import { counted } from '../../reconciler/wording.ts'
import { parseDuration } from '../../specs/duration.ts'
import { formatSize } from '../../specs/size.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { neededImages } from '../images/needed-images.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (place, images) => {
    const grace = given.value('grace')
    const graceMs = grace === undefined ? defaultGraceMs : grace === '0s' ? 0 : parseDuration(grace)
    if (graceMs === undefined) {
      return context.fail(
        {
          code: 'wrong-value',
          message: say(
            `--grace takes a duration such as 24h, or 0s, not “${grace}”.`,
            `--grace attend une durée comme 24h, ou 0s, et non «\u00a0${grace}\u00a0».`,
          ),
        },
        exitCode.usage,
      )
    }
    const dryRun = given.flag('dry-run')
    const keep = await neededImages(place, images)
    const collected = await collectGarbage(images, { keep, graceMs, now: context.clock.now(), dryRun })
    if (!collected.ok) return context.fail({ code: collected.code, message: collected.message })
    const { removedFiles, removedBytes, youngFiles, youngBytes, keptBytes } = collected.value
    if (context.json) {
      context.writeJson({ dryRun, needed: keep.map((digest) => `sha256:${digest}`), ...collected.value })
      return exitCode.done
    }
    const { out, text, locale } = context
    const size = (bytes: number): string => formatSize(bytes, locale)
    const young = counted(
      youngFiles,
      ['file that is too young', 'files that are too young'],
      ['fichier trop récent', 'fichiers trop récents'],
    )
    out.line(
      text(
        dryRun
          ? say(
              `Would be removed: ${size(removedBytes)} in ${files(removedFiles).en}.`,
              `Serait supprimé\u00a0: ${size(removedBytes)} en ${files(removedFiles).fr}.`,
            )
          : say(
              `Removed: ${size(removedBytes)} in ${files(removedFiles).en}.`,
              `Supprimé\u00a0: ${size(removedBytes)} en ${files(removedFiles).fr}.`,
            ),
      ),
    )
    out.line(
      out.colors.dim(
        text(
          say(
            `Kept: ${size(keptBytes)} that images need, ${size(youngBytes)} in ${young.en}.`,
            `Conservé\u00a0: ${size(keptBytes)} nécessaires aux images, ${size(youngBytes)} en ${young.fr}.`,
          ),
        ),
      ),
    )
    return exitCode.done
  })

const files = (count: number): Text => counted(count, ['file', 'files'], ['fichier', 'fichiers'])
