/** Reads a Markdown page as far as a test needs to ask whether it is true. */
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export type Block = {
  readonly language: string
  /** What stands after the language: the path of the file that the block shows. */
  readonly path: string
  readonly text: string
}

export type Page = {
  /** Relative to the project. */
  readonly file: string
  readonly text: string
  readonly blocks: readonly Block[]
  /** The page without its blocks. */
  readonly prose: string
  /** What a link may point at after `#`. */
  readonly anchors: readonly string[]
}

/** README, changelog and everything in docs/. */
export async function readPages(): Promise<readonly Page[]> {
  const inDocs = (await readdir(`${root}docs`)).filter((name) => name.endsWith('.md')).sort()
  const files = ['README.md', 'README.fr.md', 'CHANGELOG.md', ...inDocs.map((name) => `docs/${name}`)]
  return Promise.all(files.map(async (file) => parsePage(file, await readFile(root + file, 'utf8'))))
}

const fence = /^([ \t]*)```([^\n`]*)\n([\s\S]*?)^\1```[ \t]*$/gm

export function parsePage(file: string, text: string): Page {
  const blocks = [...text.matchAll(fence)].map(([, indent = '', info = '', body = '']): Block => {
    const [language = '', path = ''] = info.trim().split(/\s+/)
    return { language, path, text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }
  })
  const prose = text.replaceAll(fence, '')
  return { file, text, blocks, prose, anchors: headingsOf(prose).map(({ title }) => slug(title)) }
}

export const headingsOf = (prose: string): readonly { readonly level: number; readonly title: string }[] =>
  [...prose.matchAll(/^(#+) (.+)$/gm)].map(([, marks = '', title = '']) => ({ level: marks.length, title }))

/** As GitHub and GitLab make an anchor of a heading. */
const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** The targets of the links, pictures included. */
export const linksOf = ({ prose }: Page): readonly string[] =>
  [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)

/** What stands between backticks. */
export const codeSpansOf = (prose: string): readonly string[] =>
  [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)

/** The words of each call of the `proviseur` command that a page shows, without the command itself. */
export function callsIn({ prose, blocks }: Page): readonly (readonly string[])[] {
  const lines = codeSpansOf(prose)
  const shown = blocks.flatMap(({ language, text }) => {
    const whole = text.replaceAll('\\\n', ' ').split('\n')
    if (language === 'console')
      return whole.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
    return language === 'sh' || language === 'ini' ? whole : []
  })
  return [...lines, ...shown].flatMap((line) => {
    const call = /(?:^|[=/])proviseur\s+([^#|;&]+)/.exec(line.replace(/\s#.*$/, ''))
    return call === null ? [] : [(call[1] ?? '').trim().split(/\s+/)]
  })
}

/** The rows of the table whose first heading is `first`, cell by cell. Several such tables count as one. */
export function tableOf({ prose }: Page, first: string): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = []
  let inside = false
  for (const line of prose.split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim())
      : undefined
    if (cells === undefined) inside = false
    else if (cells[0] === first) inside = true
    else if (inside && !/^-+$/.test(cells[0] ?? '')) rows.push(cells)
  }
  return rows
}
