import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { withImages } from '../images/image-store.ts'
import { nearest } from '../nearest.ts'
import { didYouMean } from '../output/suggestion.ts'

export const run: Run = (context, given) =>
  withImages(context, given, async (_, images) => {
    const word = given.argument(0) ?? ''
    const pointers = await images.pointers()
    const label = [...pointers.keys()].find((known) => known === word)
    if (label === undefined) {
      const meant = didYouMean(nearest(word, pointers.keys()))
      const message = say(`There is no image ${word}.${meant.en}`, `Il n’y a pas d’image ${word}.${meant.fr}`)
      return context.fail({ code: 'image-unknown', message })
    }
    await images.removePointer(label)
    const { out, text } = context
    if (context.json) context.writeJson({ removed: label, digest: `sha256:${pointers.get(label)}` })
    else {
      out.line(
        text(
          say(
            `Removed: ${label}. Its space is freed by proviseur image gc.`,
            `Retirée\u00a0: ${label}. Sa place sera libérée par proviseur image gc.`,
          ),
        ),
      )
    }
    return exitCode.done
  })
