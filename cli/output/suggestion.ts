import { say, type Text } from '../../specs/text.ts'

/** ` Did you mean check?`, or nothing: to be appended to a sentence. */
export const didYouMean = (near: readonly string[]): Text => {
  if (near.length === 0) return say('', '')
  return say(` Did you mean ${near.join(' or ')}?`, ` Vouliez-vous dire ${near.join(' ou ')}\u00a0?`)
}
