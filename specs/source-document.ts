import {
  Composer,
  type CST,
  type ErrorCode,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  Scalar,
} from 'yaml'
import { decodeFile } from './decode.ts'
import type { ErrorCode as SpecErrorCode } from './diagnostic-codes.ts'
import type { Findings } from './findings.ts'
import type { SourceText } from './source-text.ts'
import { say } from './text.ts'
import { describeYamlProblem, unclosed } from './yaml-problems.ts'

/** A YAML file as written: scalars keep their source text (24.10 is not 24.1), every key and value knows its offset. */
export type SourceDocument = { readonly source: SourceText; readonly root: SourceNode }

export type SourceNode =
  | { readonly kind: 'scalar'; readonly at: number; readonly text: string }
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly SourceNode[] }
  | SourceMap

export type SourceMap = {
  readonly kind: 'map'
  readonly at: number
  readonly entries: ReadonlyMap<string, SourceEntry>
  /** Keys whose value was refused and reported: they are not missing as well. */
  readonly refused: ReadonlySet<string>
}

/** `at`: where the key stands. */
export type SourceEntry = { readonly at: number; readonly node: SourceNode }

/** 15,000 machines written out in one file take 1 MiB. */
const maxSpecBytes = 4 * 1024 * 1024
/** The language itself needs eight levels. The limit keeps the recursive reader below away from the end of the stack. */
const maxDepth = 24
const maxProblems = 5

/**
 * Reads one YAML document. Undefined when it has no readable structure; all that is wrong goes to `findings`.
 *
 * The language is a safe subset of YAML 1.2: no anchors, aliases, merge keys or tags (a reader must see a value where it
 * stands, and nothing can grow when it is read), no empty values, keys are plain text and unique. The library's own check
 * for unique keys is quadratic, so it is off and done here.
 */
export function readSourceDocument(
  file: string,
  bytes: Uint8Array,
  findings: Findings,
): SourceDocument | undefined {
  const source = decodeFile(file, bytes, findings, maxSpecBytes)
  if (!source) return undefined
  const tokens = tokenize(source, findings)
  if (!tokens) return undefined
  const composer = new Composer({
    schema: 'failsafe',
    uniqueKeys: false,
    keepSourceTokens: false,
    prettyErrors: false,
  })
  const documents = [...composer.compose(tokens)]
  const document = documents[0]
  if (!document?.contents) {
    const problem = document?.errors[0]
    if (problem) reportYaml(source, [problem], findings)
    else {
      findings.error(
        { source, at: 0 },
        'empty-document',
        say(
          'This file says nothing. Write a document with its `kind`, or delete the file.',
          'Ce fichier ne dit rien. Écrivez un document avec son `kind`, ou supprimez le fichier.',
        ),
      )
    }
    return undefined
  }
  const second = documents[1]
  if (second) {
    findings.error(
      { source, at: Math.min(second.range[0], source.text.length) },
      'several-documents',
      say(
        'A second document begins here; put it in a file of its own (one document a file).',
        'Un second document commence ici ; placez-le dans un fichier à part (un document par fichier).',
      ),
    )
    return undefined
  }
  if (document.errors.length > 0) {
    reportYaml(source, document.errors, findings)
    return undefined
  }
  const root = new NodeReader(source, findings).read(document.contents)
  return root && { source, root }
}

/** Bounds the nesting before anything recursive sees the text. */
function tokenize(source: SourceText, findings: Findings): CST.Token[] | undefined {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (parser.stack.length > maxDepth) {
      findings.error(
        { source, at: Math.min(parser.offset, source.text.length) },
        'too-deep',
        say(
          `Values are nested more than ${maxDepth} levels deep here; no spec needs that.`,
          `Les valeurs sont imbriquées sur plus de ${maxDepth} niveaux ici ; aucune spécification n’en a besoin.`,
        ),
      )
      return undefined
    }
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

type YamlProblem = { readonly code: ErrorCode; readonly pos: readonly [number, number] }

/** One a place: the library's later words about the same place are the clearer ones. */
function reportYaml(source: SourceText, problems: readonly YamlProblem[], findings: Findings): void {
  const byPlace = new Map(problems.map(({ code, pos }) => [pos[0], code]))
  const end = source.text.trimEnd().length
  for (const [at, code] of [...byPlace].slice(0, maxProblems)) {
    const place = { source, at: Math.min(at, Math.max(0, end - 1)) }
    findings.error(place, 'bad-yaml', at >= end ? unclosed : describeYamlProblem(code))
  }
}

type YamlNode = ParsedNode | null | undefined

/** Copies the library's tree into ours, reporting what the language does not have. */
class NodeReader {
  readonly #source: SourceText
  readonly #findings: Findings

  constructor(source: SourceText, findings: Findings) {
    this.#source = source
    this.#findings = findings
  }

  /** Undefined when the node was refused (and reported). */
  read(node: YamlNode): SourceNode | undefined {
    if (!node) return undefined
    const at = node.range[0]
    if (node.tag !== undefined) {
      this.#refuse(
        at,
        'tag-not-supported',
        'Tags (`!…`) are not part of the spec language; write the value alone.',
        'Les étiquettes YAML (`!…`) ne font pas partie du langage ; écrivez la valeur seule.',
      )
      return undefined
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return this.#refuseReference(at)
    if (node.anchor !== undefined) return this.#refuseReference(at)
    if (isScalar(node)) return this.#scalar(node, at)
    if (isSeq(node)) {
      const items: SourceNode[] = []
      for (const item of node.items) {
        const read = this.read(item as YamlNode)
        if (read) items.push(read)
      }
      return { kind: 'list', at, items }
    }
    const entries = new Map<string, SourceEntry>()
    const refused = new Set<string>()
    for (const pair of node.items) this.#entry(pair.key as YamlNode, pair.value as YamlNode, entries, refused)
    return { kind: 'map', at, entries, refused }
  }

  #scalar(node: Scalar.Parsed, at: number): SourceNode | undefined {
    const text = String(node.value ?? '')
    if (node.type === Scalar.PLAIN && /^(?:|~|null|Null|NULL)$/.test(text)) {
      this.#refuse(
        Math.min(at, this.#source.text.length),
        'null-value',
        'A value is missing here. Leave the field out if it is not to be managed, or write `absent` for what must not be there.',
        'Il manque une valeur ici. Retirez le champ s’il ne doit pas être géré, ou écrivez `absent` pour ce qui ne doit pas exister.',
      )
      return undefined
    }
    return { kind: 'scalar', at, text }
  }

  #entry(key: YamlNode, value: YamlNode, entries: Map<string, SourceEntry>, refused: Set<string>): void {
    const at = key?.range[0] ?? value?.range[0] ?? 0
    const name = isScalar(key) && key.anchor === undefined ? String(key.value ?? '') : undefined
    if (name === undefined || name === '' || name === '__proto__') {
      this.#refuse(
        at,
        'bad-key',
        'A key must be plain text, such as `name:`.',
        'Une clé doit être un texte simple, comme `name:`.',
      )
      return
    }
    if (name === '<<') {
      this.#refuseReference(at)
      return
    }
    if (entries.has(name) || refused.has(name)) {
      this.#refuse(
        at,
        'duplicate-key',
        `“${name}” is written twice at this level; keep one of them.`,
        `« ${name} » est écrit deux fois à ce niveau ; gardez-en un seul.`,
      )
      return
    }
    const node = this.read(value)
    if (node) entries.set(name, { at, node })
    else refused.add(name)
    if (!value) {
      this.#refuse(
        at,
        'null-value',
        `“${name}” has no value. Leave the field out if it is not to be managed.`,
        `« ${name} » n’a pas de valeur. Retirez le champ s’il ne doit pas être géré.`,
      )
    }
  }

  #refuseReference(at: number): undefined {
    this.#refuse(
      at,
      'reference-not-supported',
      'Anchors (`&`), aliases (`*`) and merge keys (`<<`) are not part of the spec language; use a role, or write the value out.',
      'Les ancres (`&`), les alias (`*`) et les clés de fusion (`<<`) ne font pas partie du langage ; utilisez un rôle, ou écrivez la valeur en toutes lettres.',
    )
    return undefined
  }

  #refuse(at: number, code: SpecErrorCode, en: string, fr: string): void {
    this.#findings.error(
      { source: this.#source, at: Math.min(at, this.#source.text.length) },
      code,
      say(en, fr),
    )
  }
}
