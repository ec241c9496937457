import { findImage } from '../../imaging/image-contents.ts'
import { parseImageLabel } from '../../imaging/store-paths.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { badLabel } from '../images/image-label.ts'
import { withImages } from '../images/image-store.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (_, images) => {
    const found = await findImage(images, given.argument(0) ?? '')
    if (!found.ok) return context.fail({ code: found.code, message: found.message })
    const word = given.argument(1) ?? ''
    const label = parseImageLabel(word)?.label
    if (label === undefined) return context.fail(badLabel(word), exitCode.usage)
    const before = await images.pointer(label)
    const set = await images.setPointer(label, found.value.digest)
    if (!set.ok) return context.fail({ code: set.code, message: set.message })
    const digest = `sha256:${found.value.digest}`
    if (context.json) {
      context.writeJson({
        image: label,
        digest,
        ...(before === undefined ? {} : { before: `sha256:${before}` }),
      })
    } else {
      const was = before === undefined || before === found.value.digest ? '' : ` (← sha256:${before})`
      context.out.line(`${label}  ${digest}${context.out.colors.dim(was)}`)
    }
    return exitCode.done
  })
