import { resolve } from 'node:path'
import { exportImage } from '../../imaging/export-image.ts'
import { findImage } from '../../imaging/image-contents.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { createByteProgress } from '../images/progress.ts'
import { isFile } from '../place.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (_, images) => {
    const found = await findImage(images, given.argument(0) ?? '')
    if (!found.ok) return context.fail({ code: found.code, message: found.message })
    const path = resolve(context.cwd, given.argument(1) ?? '')
    if (await isFile(path)) {
      return context.fail({
        code: 'file-exists',
        message: say(
          `${path} is there already. Name another file, or remove it first.`,
          `${path} existe déjà. Indiquez un autre fichier, ou supprimez-le d’abord.`,
        ),
      })
    }
    const progress = createByteProgress(context)
    const written = await exportImage(images, found.value.manifest, path, (done, total) =>
      progress.show(found.value.label, done, total),
    )
    progress.close()
    if (!written.ok) return context.fail({ code: written.code, message: written.message })
    if (context.json) context.writeJson({ image: found.value.label, path, ...written.value })
    else context.out.line(path)
    return exitCode.done
  })
