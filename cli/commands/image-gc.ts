import { collectGarbage, defaultGraceMs } from '../../imaging/collect-garbage.ts'
import { parseDuration } from '../../specs/duration.ts'
import { formatSize } from '../../specs/size.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { neededImages } from '../images/needed-images.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (place, images) => {
    const grace = given.value('grace')
    const graceMs = grace === undefined ? defaultGraceMs : parseDuration(grace)
    if (graceMs === undefined) {
      return context.fail(
        {
          code: 'wrong-value',
          message: say(
            `--grace takes a duration such as 24h, not “${grace}”.`,
            `--grace attend une durée comme 24h, et non «\u00a0${grace}\u00a0».`,
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
    out.line(
      text(
        dryRun
          ? say(
              `Would be removed: ${size(removedBytes)} in ${removedFiles} files.`,
              `Serait supprimé\u00a0: ${size(removedBytes)} en ${removedFiles} fichiers.`,
            )
          : say(
              `Removed: ${size(removedBytes)} in ${removedFiles} files.`,
              `Supprimé\u00a0: ${size(removedBytes)} en ${removedFiles} fichiers.`,
            ),
      ),
    )
    out.line(
      out.colors.dim(
        text(
          say(
            `Kept: ${size(keptBytes)} that images need, ${size(youngBytes)} in ${youngFiles} files that are too young.`,
            `Conservé\u00a0: ${size(keptBytes)} nécessaires aux images, ${size(youngBytes)} en ${youngFiles} fichiers trop récents.`,
          ),
        ),
      ),
    )
    return exitCode.done
  })
