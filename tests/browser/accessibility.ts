/** What everybody can read and press: names, contrast, size, language. Measured in the page as the browser has laid it out. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'puppeteer-core'

/** Not TypeScript: it runs in the page, and is the only thing here that knows a document. */
const measure = new URL('./measure.in-page.js', import.meta.url)

/** Faults, in words; none: everything is as it should be. */
export const faultsOf = async (page: Page, language: string): Promise<readonly string[]> => {
  const laidOut = await page.evaluate(await readFile(measure, 'utf8'))
  const faults: string[] = Array.isArray(laidOut) ? laidOut.map(String) : ['not measured']
  const lang = await page.evaluate('document.documentElement.lang')
  if (lang !== language) faults.push(`the page says that its language is “${lang}”`)
  if ((await page.title()).trim() === '') faults.push('no title')
  if ((await page.$$('h1')).length !== 1) faults.push('not exactly one main heading')
  const tree = await page.accessibility.snapshot({ interestingOnly: true })
  const walk = (node: NonNullable<typeof tree>): void => {
    const named = ['button', 'textbox', 'link', 'progressbar', 'combobox'].includes(node.role)
    if (named && (node.name ?? '').trim() === '') faults.push(`a ${node.role} without a name`)
    for (const child of node.children ?? []) walk(child)
  }
  if (tree === null) faults.push('nothing that a screen reader could read')
  else walk(tree)
  return faults
}
