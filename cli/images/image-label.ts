import { say, type Text } from '../../specs/text.ts'

/** Of a word that should be `name@version`. */
export const badLabel = (word: string): { readonly code: string; readonly message: Text } => ({
  code: 'bad-image',
  message: say(
    `“${word}” names no image version: give NAME@VERSION, such as debian-edu@2026.09; in the name lower-case letters, digits and hyphens, in the version letters, digits, dots, hyphens and underscores.`,
    `«\u00a0${word}\u00a0» ne désigne pas une version d’image\u00a0: indiquez NOM@VERSION, par exemple debian-edu@2026.09\u00a0; dans le nom des minuscules sans accent, des chiffres et des tirets, dans la version des lettres sans accent, des chiffres, des points, des tirets et des tirets bas.`,
  ),
})
