/** What a TypeScript file imports and what it does, from its syntax tree. */
import ts from 'typescript'

export type WrittenImport = { readonly specifier: string; readonly typeOnly: boolean; readonly line: number }

export type Offence = { readonly line: number; readonly what: string }

export function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
}

/** Imports, re-exports, `import()` of values and of types. */
export function importsOf(source: ts.SourceFile): readonly WrittenImport[] {
  const found: WrittenImport[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean): void => {
    const known = specifier !== undefined && ts.isStringLiteralLike(specifier)
    found.push({ specifier: known ? specifier.text : '(computed)', typeOnly, line: lineOf(source, node) })
  }
  walk(source, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeImport(node.importClause))
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, isTypeExport(node))
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    } else if (ts.isCallExpression(node) && isLoading(node)) add(node, node.arguments[0], false)
  })
  return found
}

/** What a pure file must not contain: waiting, clocks, chance, the process and the outside world. */
export function impurities(source: ts.SourceFile): readonly Offence[] {
  const found: Offence[] = []
  walk(source, (node) => {
    const what = impurity(node)
    if (what !== undefined) found.push({ line: lineOf(source, node), what })
  })
  return found
}

function impurity(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async'
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined))
    return 'await'
  if (ts.isPropertyAccessExpression(node)) {
    const path = `${node.expression.getText()}.${node.name.text}`
    return forbiddenMembers.find((member) => path === member || path.endsWith(`.${member}`))
  }
  if (
    ts.isNewExpression(node) &&
    node.expression.getText() === 'Date' &&
    (node.arguments?.length ?? 0) === 0
  ) {
    return 'new Date()'
  }
  if (ts.isIdentifier(node) && forbiddenGlobals.has(node.text) && isGlobalUse(node)) return node.text
  return undefined
}

const forbiddenMembers = ['Date.now', 'Math.random', 'Temporal.Now', 'import.meta']

const forbiddenGlobals: ReadonlySet<string> = new Set([
  'process',
  'globalThis',
  'console',
  'fetch',
  'crypto',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'require',
  'Buffer',
  'WebSocket',
  'Promise',
])

/** Not the name of a property, of a parameter or of something that the file itself declares. */
function isGlobalUse(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) return parent.name !== node
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) {
    return parent.name !== node
  }
  return true
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const bindings = clause.namedBindings
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly)
  )
}

function isTypeExport(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true
  const clause = node.exportClause
  return (
    clause !== undefined &&
    ts.isNamedExports(clause) &&
    clause.elements.every((element) => element.isTypeOnly)
  )
}

const isLoading = (node: ts.CallExpression): boolean =>
  node.expression.kind === ts.SyntaxKind.ImportKeyword ||
  (ts.isIdentifier(node.expression) && node.expression.text === 'require')

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

const lineOf = (source: ts.SourceFile, node: ts.Node): number =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
