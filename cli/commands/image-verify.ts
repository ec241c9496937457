import { findImage } from '../../imaging/image-contents.ts'
import type { ImageLabel } from '../../imaging/store-paths.ts'
import { type Fault, verifyStore } from '../../imaging/verify-store.ts'
import { formatSize } from '../../specs/size.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { exitCode } from '../exit.ts'
import { readPublicKey, withImages } from '../images/image-store.ts'
import { createByteProgress } from '../images/progress.ts'

/** A store with thousands of faults has one cause; the first few show it. */
const mostLines = 20

export const run: Run = (context, given) =>
  withImages(context, given, async (place, images) => {
    const only: ImageLabel[] = []
    const word = given.argument(0)
    if (word !== undefined) {
      const found = await findImage(images, word)
      // One whose manifest is damaged is just what verify is for: only a version that has no name is refused.
      const label = [...(await images.pointers()).keys()].find((known) => known === word)
      if (label === undefined && !found.ok) return context.fail({ code: found.code, message: found.message })
      if (label !== undefined) only.push(label)
    }
    const publicKeyPem = await readPublicKey(place.state)
    const progress = createByteProgress(context)
    const verified = await verifyStore(images, {
      ...(word === undefined ? {} : { only }),
      ...(publicKeyPem === undefined ? {} : { publicKeyPem }),
      removeDamaged: given.flag('discard'),
      onProgress: (image, done, total) => progress.show(image, done * 2 ** 20, total * 2 ** 20),
    })
    progress.close()
    const { faults } = verified
    if (context.json) context.writeJson({ ...verified, signatures: publicKeyPem !== undefined })
    else tell(context, verified, publicKeyPem !== undefined)
    return faults.length > 0 ? exitCode.failed : exitCode.done
  })

const tell = (
  { out, text, locale }: Context,
  { images, chunks, storedBytes, faults, removed }: Awaited<ReturnType<typeof verifyStore>>,
  signatures: boolean,
): void => {
  const { colors } = out
  for (const { image, sound } of images) out.line(`${sound ? colors.green('✓') : colors.red('✗')} ${image}`)
  for (const fault of faults.slice(0, mostLines)) {
    const where = fault.partition === undefined ? fault.image : `${fault.image} ${fault.partition}`
    out.line(`  ${colors.red(text(faultTexts[fault.code]))}  ${where}  ${colors.dim(fault.path)}`)
  }
  if (faults.length > mostLines) out.line(colors.dim(`  … +${faults.length - mostLines}`))
  out.line(
    colors.dim(
      text(
        say(
          `${chunks} chunks, ${formatSize(storedBytes, 'en')} read`,
          `${chunks} blocs, ${formatSize(storedBytes, locale)} lus`,
        ),
      ),
    ),
  )
  if (!signatures) out.line(text(noKey))
  if (removed > 0) out.line(text(say(`Removed: ${removed}.`, `Supprimés\u00a0: ${removed}.`)))
  for (const hint of remedies(faults, removed > 0)) out.line(text(hint))
}

/** What brings back what is wrong. */
const remedies = (faults: readonly Fault[], discarded: boolean): readonly Text[] => {
  const codes = new Set(faults.map(({ code }) => code))
  const found: Text[] = []
  if (codes.delete('chunk-damaged') && !discarded) found.push(discard)
  else if (codes.has('chunk-missing') || discarded) found.push(importAgain)
  codes.delete('chunk-missing')
  if (codes.size > 0) found.push(fetchAgain)
  return found
}

const faultTexts: Readonly<Record<Fault['code'], Text>> = {
  'manifest-missing': say('manifest or signature missing', 'manifeste ou signature absent'),
  'manifest-damaged': say('manifest damaged', 'manifeste endommagé'),
  'manifest-signature-wrong': say('signature wrong', 'signature incorrecte'),
  'list-missing': say('chunk list missing', 'liste de blocs absente'),
  'list-damaged': say('chunk list damaged', 'liste de blocs endommagée'),
  'map-missing': say('map of used bytes missing', 'carte des octets utilisés absente'),
  'map-damaged': say('map of used bytes damaged', 'carte des octets utilisés endommagée'),
  'chunk-missing': say('chunk missing', 'bloc absent'),
  'chunk-damaged': say('chunk damaged', 'bloc endommagé'),
}

const noKey = say(
  'The park has no signing key here: signatures were not checked.',
  'Le parc n’a pas de clé de signature ici\u00a0: les signatures n’ont pas été vérifiées.',
)

const discard = say(
  'Remove the damaged chunks with --discard. Then import the same disk again, under any free version, or pull the version again: only what is missing is stored.',
  'Supprimez les blocs endommagés avec --discard. Puis importez de nouveau le même disque, sous n’importe quelle version libre, ou récupérez la version avec image pull\u00a0: seul ce qui manque sera enregistré.',
)

const importAgain = say(
  'Import the same disk again, under any free version, or pull the version again: only what is missing is stored.',
  'Importez de nouveau le même disque, sous n’importe quelle version libre, ou récupérez la version avec image pull\u00a0: seul ce qui manque sera enregistré.',
)

const fetchAgain = say(
  'A manifest, list or map comes back by image pull from a server that has the version. Otherwise import the disk anew with --replace: that makes another digest.',
  'Un manifeste, une liste ou une carte revient par image pull depuis un serveur qui a la version. Sinon, importez de nouveau le disque avec --replace\u00a0: l’empreinte sera différente.',
)
