import { dirname, resolve } from 'node:path'
import { exportImage } from '../../imaging/export-image.ts'
import { findImage } from '../../imaging/image-contents.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { createByteProgress } from '../images/progress.ts'
import { isFile, isFolder } from '../place.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (_, images) => {
    const found = await findImage(images, given.argument(0) ?? '')
    if (!found.ok) return context.fail({ code: found.code, message: found.message })
    const path = resolve(context.cwd, given.argument(1) ?? '')
    const unfit = await unfitFor(path)
    if (unfit !== undefined) return context.fail(unfit)
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

/** Why nothing can be made at this path: what is there stays. */
const unfitFor = async (
  path: string,
): Promise<{ readonly code: string; readonly message: Text } | undefined> => {
  if (await isFolder(path)) {
    const message = say(
      `${path} is a folder. Name a file in it.`,
      `${path} est un dossier. Indiquez un fichier de ce dossier.`,
    )
    return { code: 'file-exists', message }
  }
  if (await isFile(path)) {
    const message = say(
      `${path} is there already. Name another file, or remove it first.`,
      `${path} existe déjà. Indiquez un autre fichier, ou supprimez-le d’abord.`,
    )
    return { code: 'file-exists', message }
  }
  if (await isFolder(dirname(path))) return undefined
  const message = say(
    `There is no folder ${dirname(path)}. Make it, or check the path.`,
    `Le dossier ${dirname(path)} n’existe pas. Créez-le, ou vérifiez le chemin.`,
  )
  return { code: 'folder-missing', message }
}
