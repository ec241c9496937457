import type { ErrorCode } from 'yaml'
import { say, type Text } from './text.ts'

const problems: Readonly<Partial<Record<ErrorCode, Text>>> = {
  BAD_DIRECTIVE: say(
    'This YAML directive (%…) is not understood.',
    'Cette directive YAML (%…) n’est pas comprise.',
  ),
  BAD_DQ_ESCAPE: say(
    'This escape sequence does not exist between double quotes; use single quotes, or double the backslash.',
    'Cette séquence d’échappement n’existe pas entre guillemets doubles ; utilisez des apostrophes, ou doublez la barre oblique inverse.',
  ),
  BAD_INDENT: say(
    'The indentation is wrong: the entries of one level must begin in the same column.',
    'L’indentation est incorrecte : les entrées d’un même niveau doivent commencer à la même colonne.',
  ),
  BAD_SCALAR_START: say(
    'A plain value cannot begin with this character; put the value between quotes.',
    'Une valeur sans guillemets ne peut pas commencer par ce caractère ; mettez la valeur entre guillemets.',
  ),
  BLOCK_AS_IMPLICIT_KEY: say(
    'The next line is indented too far, or this value contains “: ” and needs quotes.',
    'La ligne suivante est trop indentée, ou bien cette valeur contient « : » et demande des guillemets.',
  ),
  BLOCK_IN_FLOW: say(
    'Lists with “-” and indented entries cannot stand between brackets or braces.',
    'Les listes avec « - » et les entrées indentées ne peuvent pas se trouver entre crochets ou accolades.',
  ),
  MISSING_CHAR: say(
    'A character is missing here: a colon, a comma, or the end of a bracket, brace or quotation.',
    'Il manque un caractère ici : un deux-points, une virgule, ou la fin d’un crochet, d’une accolade ou de guillemets.',
  ),
  MULTILINE_IMPLICIT_KEY: say(
    'A key must be on one line; is a colon missing on the line before?',
    'Une clé doit tenir sur une ligne ; manque-t-il un deux-points à la ligne précédente ?',
  ),
  TAB_AS_INDENT: say(
    'Tabs are not allowed for indentation in YAML; use spaces.',
    'Les tabulations ne sont pas permises pour indenter en YAML ; utilisez des espaces.',
  ),
  UNEXPECTED_TOKEN: say(
    'This does not belong here: check the quotes, brackets and indentation before it.',
    'Ceci n’est pas à sa place : vérifiez les guillemets, les crochets et l’indentation qui précèdent.',
  ),
}

/** Of whatever the library says about the end of the file. */
export const unclosed = say(
  'The file ends in the middle of a value: a bracket, brace or quotation mark above is not closed.',
  'Le fichier se termine au milieu d’une valeur : un crochet, une accolade ou un guillemet n’est pas refermé plus haut.',
)

/** What a syntax error of the YAML library means, for a person. */
export const describeYamlProblem = (code: ErrorCode): Text =>
  problems[code] ??
  say(
    'This is not valid YAML here: check quotes, colons and indentation.',
    'Le YAML n’est pas valide ici : vérifiez guillemets, deux-points et indentation.',
  )
