/** The stories in tests/golden/rollout/*.md: each is acted out, and what it shows is what is printed. UPDATE_GOLDEN=1 writes that anew. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { createTeller } from './story.ts'

const folder = fileURLToPath(new URL('../golden/rollout/', import.meta.url))
const refresh = process.env['UPDATE_GOLDEN'] === '1'

const isStep = (line: string): boolean => /^(?:given|when|then|\$) ?/.test(line)

const block = /^(```text\n)([\s\S]*?)(^```$)/gm

/** Every step of the story's blocks, with what came of it below; text around the blocks stays as it is. */
async function actedOut(t: ExecutionContext, story: string): Promise<string> {
  const tell = createTeller(t)
  const told: string[] = []
  let from = 0
  for (const { index, 0: whole, 1: head = '', 2: body = '', 3: foot = '' } of story.matchAll(block)) {
    const lines: string[] = []
    for (const step of body.split('\n').filter(isStep)) {
      const printed = await tell(step)
      lines.push(step, ...(printed === '' ? [] : [printed]))
    }
    told.push(story.slice(from, index), head, `${lines.join('\n')}\n`, foot)
    from = index + whole.length
  }
  return [...told, story.slice(from)].join('')
}

const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort()
const stories = await Promise.all(
  names.map(async (name) => [name, await readFile(`${folder}${name}`, 'utf8')] as const),
)

for (const [name, story] of stories) {
  test(`${name}: ${/^# (.+)$/m.exec(story)?.[1]}`, async (t) => {
    const acted = await actedOut(t, story)
    if (refresh) await writeFile(`${folder}${name}`, acted)
    t.is(acted, refresh ? acted : story)
  })
}
