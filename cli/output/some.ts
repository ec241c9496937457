/** `a, b, c … (+27)`: enough of them to recognise which are meant. */
export const some = (names: readonly string[], most: number): string =>
  names.length <= most + 1
    ? names.join(', ')
    : `${names.slice(0, most).join(', ')}, … (+${names.length - most})`
