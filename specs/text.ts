/** A message for a person, in both of our languages. Made where the fact is known, printed where the reader is. */
export type Text = { readonly en: string; readonly fr: string }

export type Locale = keyof Text

export const say = (en: string, fr: string): Text => ({ en, fr })
