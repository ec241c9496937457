/** Text that comes from elsewhere, made harmless inside a Markdown document. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '@': '&#64;',
  '#': '&#35;',
}

/**
 * One line of text that Markdown shows as it is: no markup, no HTML, no table cell, no link, no mention of a person (`@`) or an
 * issue (`#`). Line breaks become spaces, other control characters are dropped.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .replace(/[&<>@#]/g, (character) => entities[character] ?? character)
    .replace(/[\\`*_[\]|~!$]/g, '\\$&')
    .replace(/:\/\//g, '&#58;//')
    .replace(/^(\s*)([-+=])/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])/, '$1\\$2')
}
