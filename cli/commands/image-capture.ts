import { parseImageLabel } from '../../imaging/store-paths.ts'
import { say } from '../../specs/text.ts'
import { findMachine } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import { type Asking, ask } from '../disk-asking.ts'
import { exitCode } from '../exit.ts'
import { badLabel } from '../images/image-label.ts'
import { withSession } from '../session.ts'

export const run: Run = (context, given) =>
  withSession(context, given, async (session) => {
    const image = given.argument(1) ?? ''
    if (parseImageLabel(image) === undefined) return context.fail(badLabel(image), exitCode.usage)
    const found = findMachine(session.desired, given.argument(0) ?? '')
    if (!found.ok) return context.fail(found.reason)
    return ask(context, given, session, [found.value], captureOf(found.value.id, image))
  })

const captureOf = (machine: string, image: string): Asking => ({
  kind: 'capture',
  image,
  question: () =>
    say(
      `${machine} will restart at once, and its disk is read into ${image}; nothing is written to it. Capture? [y/N] `,
      `${machine} va redémarrer aussitôt et son disque sera lu dans ${image}\u00a0; rien n’y est écrit. Capturer\u00a0? [o/N] `,
    ),
  elsewhere: say(
    'Not on a terminal: add --yes to capture it.',
    'Hors d’un terminal\u00a0: ajoutez --yes pour le capturer.',
  ),
  nothing: say('Nothing is captured.', 'Rien n’est capturé.'),
  done: () =>
    say(
      `Capture of ${machine} into ${image} asked for. A running proviseur up does it; proviseur image list then shows the version and its digest, which goes into the image’s spec.`,
      `Capture de ${machine} dans ${image} demandée. Un proviseur up en cours la fait\u00a0; proviseur image list montre ensuite la version et son empreinte, à reporter dans la spécification de l’image.`,
    ),
})
