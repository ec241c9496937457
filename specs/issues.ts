import type * as z from 'zod'
import type { Findings } from './findings.ts'
import type { IssueParams } from './schema/scalar.ts'
import type { SourceDocument } from './source-document.ts'
import { type Located, locate, type SourcePath } from './source-path.ts'
import { suggest } from './suggest.ts'
import { say, type Text } from './text.ts'

type Issue = z.core.$ZodIssue

/** Where a value stands, as a key of a set. */
export const pathKey = (path: SourcePath): string => JSON.stringify(path.map(String))

/**
 * What the schemas found, told in our words at the place where it stands. Returns the paths that hold no usable value.
 * `takenOut` are values that were told of and taken out before: that they are missing now is no news.
 */
export function reportIssues(
  issues: readonly Issue[],
  document: SourceDocument,
  findings: Findings,
  takenOut: ReadonlySet<string>,
): readonly SourcePath[] {
  const bad: SourcePath[] = []
  const report: Report = { document, findings, bad, takenOut }
  for (const issue of issues) reportIssue(issue, issue.path, report)
  return bad
}

type Report = {
  readonly document: SourceDocument
  readonly findings: Findings
  readonly bad: SourcePath[]
  readonly takenOut: ReadonlySet<string>
}

function reportIssue(issue: Issue, path: SourcePath, report: Report): void {
  const { document, findings, bad, takenOut } = report
  if (takenOut.has(pathKey(path))) {
    bad.push(path.slice(0, -1))
    return
  }
  const located = locate(document.root, path)
  const place = { source: document.source, at: located.node.at }
  if (!located.found && issue.code !== 'unrecognized_keys') {
    bad.push(path.slice(0, -1))
    if (!located.refused) findings.error({ ...place, at: located.keyAt }, 'missing-field', missing(path))
    return
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) reportUnknownField(key, issue.message, path, report)
      return
    case 'invalid_union': {
      const branch = chooseBranch(issue.errors, path, document)
      if (branch) {
        for (const inner of branch) reportIssue(inner, [...path, ...inner.path], report)
        return
      }
      bad.push(path)
      findings.error(place, 'wrong-type', expectedOneOf(issue.errors))
      return
    }
    case 'invalid_key': {
      bad.push(path)
      const params = paramsOf(issue.issues[0])
      const fallback = say('This key is not allowed here.', 'Cette clé n’est pas permise ici.')
      findings.error(
        { ...place, at: located.keyAt },
        params?.code ?? 'bad-key',
        params?.message ?? fallback,
        params?.suggestion,
      )
      return
    }
    default: {
      bad.push(path)
      const params = paramsOf(issue)
      if (params) findings.error(place, params.code, params.message, params.suggestion)
      else {
        const shape = shapeOf(issue)
        findings.error(place, 'wrong-type', say(`Expected ${shape.en}.`, `Attendu : ${shape.fr}.`))
      }
    }
  }
}

function reportUnknownField(
  key: string,
  known: string,
  path: SourcePath,
  { document, findings, bad }: Report,
): void {
  bad.push([...path, key])
  const names = known.split(' ')
  const at = locate(document.root, [...path, key]).keyAt
  findings.error(
    { source: document.source, at },
    'unknown-field',
    say(
      `There is no field “${key}” here. Known: ${names.join(', ')}.`,
      `Il n’y a pas de champ « ${key} » ici. Champs connus : ${names.join(', ')}.`,
    ),
    suggest(key, names),
  )
}

function missing(path: SourcePath): Text {
  const field = String(path.at(-1))
  return say(`The field “${field}” is missing here.`, `Il manque le champ « ${field} » ici.`)
}

/** Of the alternatives of a union the one that the author meant: the first with the right shape that lacks no field. */
function chooseBranch(
  branches: readonly (readonly Issue[])[],
  path: SourcePath,
  document: SourceDocument,
): readonly Issue[] | undefined {
  const shaped = branches.filter((branch) => !branch.some(isWrongShape))
  const lacksNothing = (branch: readonly Issue[]): boolean =>
    branch.every((issue) => issue.path.length === 0 || locateIn(document, path, issue).found)
  return shaped.find(lacksNothing) ?? shaped[0]
}

const locateIn = (document: SourceDocument, path: SourcePath, issue: Issue): Located =>
  locate(document.root, [...path, ...issue.path])

const isWrongShape = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' || paramsOf(issue)?.code === 'wrong-type' || issue.code === 'invalid_union')

function expectedOneOf(branches: readonly (readonly Issue[])[]): Text {
  const shapes = branches.flatMap((branch) => branch.slice(0, 1).map(shapeOf))
  return say(
    `Expected ${shapes.map((shape) => shape.en).join(', or ')}.`,
    `Attendu : ${shapes.map((shape) => shape.fr).join(', ou bien ')}.`,
  )
}

function shapeOf(issue: Issue): Text {
  const expects = paramsOf(issue)?.expects
  if (expects) return expects
  if (issue.code === 'invalid_type' && issue.expected === 'array') {
    return say('a list (`- …` lines, or `[a, b]`)', 'une liste (lignes `- …`, ou `[a, b]`)')
  }
  return say('fields (`name: value`, indented)', 'des champs (`nom: valeur`, indentés)')
}

const paramsOf = (issue: Issue | undefined): IssueParams | undefined =>
  issue?.code === 'custom' ? (issue.params as IssueParams | undefined) : undefined
